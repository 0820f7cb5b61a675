/**
 * Compiles the team server for this machine into `dist/halton-meter-team`, or the file that is named. It runs no commands and
 * loads no native code.
 *
 * `DENO_COMPILER` names another Deno to compile with; `DENORT_BIN` is read by that Deno itself and names its base binary.
 *
 * @module
 */

const PERMISSIONS = ["net", "read", "write", "env", "sys"].map((name) => `--allow-${name}`);

const output = Deno.args[0] ?? "dist/halton-meter-team";
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
    "--output",
    output,
    "src/team/main.ts",
  ],
  stdin: "null",
}).output();
if (!success) {
  Deno.stderr.writeSync(stderr);
  Deno.exit(1);
}
console.log(`${output}: ${Math.round(Deno.statSync(output).size / 1_048_576)} MiB`);
