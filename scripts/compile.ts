/**
 * Compiles the program for this machine into `dist/halton-meter`, every worker included, without `ffi`.
 *
 * `DENO_COMPILER` names another Deno to compile with; `DENORT_BIN` is read by that Deno itself and names its base binary.
 *
 * @module
 */

const WORKERS = ["edge", "interceptor", "recorder", "api", "minter"].map((role) => `src/roles/${role}_worker.ts`);
/** Templates of service files, read at run time. */
const FILES = ["launchd", "systemd"];
const PERMISSIONS = ["net", "read", "write", "env", "run", "sys"].map((name) => `--allow-${name}`);

const compiler = Deno.env.get("DENO_COMPILER") ?? Deno.execPath();
const output = Deno.args[0] ?? "dist/halton-meter";
const { success } = await new Deno.Command(compiler, {
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
    "--output",
    output,
    "main.ts",
  ],
  stdin: "null",
}).output().then((result) => {
  if (!result.success) Deno.stderr.writeSync(result.stderr);
  return result;
});
if (!success) Deno.exit(1);
console.log(`${output}: ${Math.round(Deno.statSync(output).size / 1_048_576)} MiB`);
