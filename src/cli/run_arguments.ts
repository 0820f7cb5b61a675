/**
 * `run claude --verbose` means what `run -- claude --verbose` means: the command's own flags are not ours.
 *
 * @module
 */

/** Flags of `run` itself that take a value. */
const VALUE_FLAGS = ["--project"];

/** Puts `--` in front of the command that `run` is to start. Other command lines come back as they are. */
export function escapeRunCommand(args: readonly string[]): string[] {
  if (args[0] !== "run") return [...args];
  for (let i = 1; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") return [...args];
    if (VALUE_FLAGS.includes(arg)) i++;
    else if (!arg.startsWith("-")) return [...args.slice(0, i), "--", ...args.slice(i)];
  }
  return [...args];
}
