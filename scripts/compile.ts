/**
 * Compiles the program into `dist/halton-meter`, or the file that is named, every worker included, without `ffi`.
 *
 * `DENO_COMPILER` names another Deno to compile with; `DENORT_BIN` is read by that Deno itself and names its base binary.
 *
 * @module
 */

const WORKERS = ["edge", "interceptor", "recorder", "api", "sync", "minter"].map((role) =>
  `src/roles/${role}_worker.ts`
);
/** Templates of service files, read at run time. */
const FILES = ["launchd", "systemd"];
const PERMISSIONS = ["net", "read", "write", "env", "run", "sys"].map((name) => `--allow-${name}`);

/** What came of a compilation. */
export interface Compiled {
  readonly success: boolean;
  /** What the compiler said. */
  readonly said: string;
}

/** Compiles into `output`, for this machine or for `target`, a triple of Rust's. */
export async function compile(output: string, target?: string): Promise<Compiled> {
  const { success, stderr } = await new Deno.Command(Deno.env.get("DENO_COMPILER") ?? Deno.execPath(), {
    args: [
      "compile",
      "--no-check",
      "--no-prompt",
      "--quiet",
      // The cache would be a file of a known name in a folder that every user can write.
      "--no-code-cache",
      ...(Deno.env.has("DENO_COMPILER") ? ["--no-lock"] : ["--frozen"]),
      ...PERMISSIONS,
      ...[...WORKERS, ...FILES].flatMap((path) => ["--include", path]),
      ...(target === undefined ? [] : ["--target", target]),
      "--output",
      output,
      "main.ts",
    ],
    stdin: "null",
  }).output();
  return { success, said: new TextDecoder().decode(stderr) };
}

if (import.meta.main) {
  const output = Deno.args[0] ?? "dist/halton-meter";
  const { success, said } = await compile(output);
  if (!success) {
    Deno.stderr.writeSync(new TextEncoder().encode(said));
    Deno.exit(1);
  }
  console.log(`${output}: ${Math.round(Deno.statSync(output).size / 1_048_576)} MiB`);
}
