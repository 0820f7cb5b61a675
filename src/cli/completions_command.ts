/**
 * `halton-meter completions bash|zsh|fish`, and `complete-projects`, which the scripts call.
 *
 * Imports: os, store, cli.
 *
 * @module
 */

import { paths } from "../os/paths.ts";
import { openReadOnly } from "../store/database.ts";
import { listProjects } from "../store/project_rows.ts";
import { commands, type MeterContext } from "./app.ts";
import { commandTree } from "./command_tree.ts";
import { bashCompletions } from "./completions_bash.ts";
import { fishCompletions } from "./completions_fish.ts";
import { zshCompletions } from "./completions_zsh.ts";
import type { CompletedShell } from "./routes_distribution.ts";

/** Prints the script for one shell. */
export function completionsCommand(
  this: MeterContext,
  _flags: Record<never, never>,
  shell: CompletedShell,
): void {
  const script = { bash: bashCompletions, zsh: zshCompletions, fish: fishCompletions }[shell];
  this.process.stdout.write(script(commandTree(commands)));
}

/** Prints the slug of every project; nothing where they cannot be read, since a shell waits with a half-typed line. */
export function completeProjectsCommand(this: MeterContext): void {
  try {
    const db = openReadOnly(paths().database);
    if (db === null) return;
    try {
      this.process.stdout.write(listProjects(db).map(({ slug }) => `${slug}\n`).join(""));
    } finally {
      db.close();
    }
  } catch {
    // Another version's database, or none that can be read.
  }
}
