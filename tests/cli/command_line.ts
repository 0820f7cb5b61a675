/**
 * Runs the program itself in a process and a home folder of its own.
 *
 * @module
 */

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** What the program is run with. */
const PERMISSIONS = ["net", "read", "write", "env", "run", "sys"].map((name) => `--allow-${name}`);

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A home folder and the program in it. */
export interface Home {
  readonly folder: string;
  readonly database: string;
  readonly config: string;
  run(...args: string[]): Promise<Ran>;
  start(...args: string[]): Deno.ChildProcess;
}

/** Runs a test with a home of its own. */
export async function withHome(test: (home: Home) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "halton-cli-" });
  const home = `${folder}/home`;
  function start(...args: string[]): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--quiet", ...PERMISSIONS, MAIN, ...args],
      env: { HALTON_METER_HOME: home, HALTON_METER_CA_DIR: `${folder}/ca`, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }
  async function run(...args: string[]): Promise<Ran> {
    const { code, stdout, stderr } = await start(...args).output();
    return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
  }
  try {
    await test({ folder: home, database: `${home}/db.sqlite`, config: `${home}/config.toml`, run, start });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
