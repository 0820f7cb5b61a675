/**
 * A process that runs its arguments as a command in the foreground. Arguments: variables as JSON, command, its arguments.
 *
 * @module
 */

import { runInForeground } from "../../src/os/child.ts";

const [variables = "{}", command = "", ...args] = Deno.args;
Deno.exit(await runInForeground(command, args, JSON.parse(variables)));
