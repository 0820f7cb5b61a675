/**
 * Calls the compiler, for the program and for the team server alike.
 *
 * `DENO_COMPILER` names another Deno to compile with; `DENORT_BIN` is read by that Deno itself and names its base binary.
 *
 * @module
 */

/** What is compiled. */
export interface Program {
  readonly entry: string;
  /** Permissions that it is given, without `--allow-`. */
  readonly permissions: readonly string[];
  /** Files and folders that no import names. */
  readonly include: readonly string[];
}

/** What came of a compilation. */
export interface Compiled {
  readonly success: boolean;
  /** What the compiler said. */
  readonly said: string;
}

/** Compiles into `output`, for this machine or for `target`, a triple of Rust's. */
export async function compileProgram(program: Program, output: string, target?: string): Promise<Compiled> {
  const { success, stderr } = await new Deno.Command(Deno.env.get("DENO_COMPILER") ?? Deno.execPath(), {
    args: [
      "compile",
      "--no-check",
      "--no-prompt",
      "--quiet",
      // The cache would be a file of a known name in a folder that every user can write.
      "--no-code-cache",
      ...(Deno.env.has("DENO_COMPILER") ? ["--no-lock"] : ["--frozen"]),
      ...program.permissions.map((name) => `--allow-${name}`),
      ...program.include.flatMap((path) => ["--include", path]),
      ...(target === undefined ? [] : ["--target", target]),
      "--output",
      output,
      program.entry,
    ],
    stdin: "null",
  }).output();
  return { success, said: new TextDecoder().decode(stderr) };
}

/** Compiles for this machine and prints what came of it; ends the process where nothing did. */
export async function compileHere(program: Program, output: string): Promise<void> {
  const { success, said } = await compileProgram(program, output);
  if (!success) {
    Deno.stderr.writeSync(new TextEncoder().encode(said));
    Deno.exit(1);
  }
  console.log(`${output}: ${Math.round(Deno.statSync(output).size / 1_048_576)} MiB`);
}
