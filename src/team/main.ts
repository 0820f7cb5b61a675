/**
 * Entry of the team server: hands the arguments to the commands and sets the exit code.
 *
 * @module
 */

import { runTeamCommandLine } from "./command_line.ts";

if (import.meta.main) Deno.exit(await runTeamCommandLine(Deno.args));
