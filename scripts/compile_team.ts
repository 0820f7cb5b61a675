/**
 * Compiles the team server for this machine into `dist/halton-meter-team`, or the file that is named. It runs no commands and
 * loads no native code.
 *
 * @module
 */

import { compileHere, type Program } from "./compiler.ts";

const TEAM: Program = {
  entry: "src/team/main.ts",
  permissions: ["net", "read", "write", "env", "sys"],
  include: [],
};

await compileHere(TEAM, Deno.args[0] ?? "dist/halton-meter-team");
