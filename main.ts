/**
 * Entry of the program: hands the arguments to the commands and sets the exit code.
 *
 * @module
 */

import { runCommandLine } from "./src/cli/app.ts";

if (import.meta.main) Deno.exit(await runCommandLine(Deno.args));
