/**
 * Compiles the program into `dist/halton-meter`, or the file that is named, every worker included, without `ffi`.
 *
 * @module
 */

import { compileHere, type Program } from "./compiler.ts";

const WORKERS = ["edge", "interceptor", "recorder", "api", "sync", "minter"].map((role) =>
  `src/roles/${role}_worker.ts`
);
/** Templates of service files, read at run time. */
const FILES = ["launchd", "systemd"];

/** The program. */
export const METER: Program = {
  entry: "main.ts",
  permissions: ["net", "read", "write", "env", "run", "sys"],
  include: [...WORKERS, ...FILES],
};

if (import.meta.main) await compileHere(METER, Deno.args[0] ?? "dist/halton-meter");
