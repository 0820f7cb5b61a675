/**
 * `halton-meter project set SLUG body-capture on|off|default`: a project's own choice, which a running daemon follows with the next
 * call.
 *
 * Imports: domain, os, store, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { isSlug } from "../domain/slug.ts";
import { ensureHome, paths } from "../os/paths.ts";
import { openForWriting } from "../store/database.ts";
import { type BodyCapture, setBodyCapture } from "../store/settings.ts";
import type { MeterContext } from "./app.ts";
import { openStoredForWriting, requireProject } from "./stored.ts";

/** Flags of the command. */
export interface SetFlags {
  readonly create: boolean;
}

const CHOICES: Readonly<Record<string, BodyCapture>> = { on: "on", off: "off", default: null };

/** Writes the choice. */
export function projectSetCommand(this: MeterContext, flags: SetFlags, slug: string, key: string, value: string): void {
  const choice = choiceOf(key, value);
  if (!isSlug(slug)) {
    throw new MeterError(
      "wrong_usage",
      `Cannot set anything for ${JSON.stringify(slug)}: this is not a project's slug`,
      {
        hint: "Slugs have lower-case letters, digits, -, _, : and /",
      },
    );
  }
  const db = flags.create ? openOrMake() : openStoredForWriting();
  try {
    if (!flags.create) requireWithCreate(() => requireProject(db, slug));
    setBodyCapture(db, slug, choice, { now: Date.now(), newId: () => crypto.randomUUID() });
  } finally {
    db.close();
  }
  const said = choice === null ? "follows the daemon-wide setting" : `is ${choice}`;
  this.process.stdout.write(`body-capture of ${slug} ${said}\n`);
}

function choiceOf(key: string, value: string): BodyCapture {
  if (key !== "body-capture") {
    throw new MeterError("wrong_usage", `Cannot set ${JSON.stringify(key)}: projects have no such setting`, {
      hint: "The only setting is body-capture",
    });
  }
  const choice = Object.hasOwn(CHOICES, value) ? CHOICES[value] : undefined;
  if (choice !== undefined) return choice;
  throw new MeterError("wrong_usage", `Cannot set body-capture to ${JSON.stringify(value)}: it is not a choice`, {
    hint: "Give on, off or default",
  });
}

/** Before the first call of all, a choice may still be made, since it is about what must not be stored then. */
function openOrMake() {
  const found = paths();
  ensureHome(found);
  return openForWriting(found.database, { now: Date.now(), uid: Deno.uid() ?? undefined });
}

/** A slug that is only misspelt must not look as if it had been set. */
function requireWithCreate(require: () => unknown): void {
  try {
    require();
  } catch (error) {
    if (!(error instanceof MeterError)) throw error;
    const hint = `${error.hint ?? ""}; or add --create to set it before the project's first call`.replace(
      /^; or a/,
      "A",
    );
    throw new MeterError(error.code, error.message, { hint, cause: error });
  }
}
