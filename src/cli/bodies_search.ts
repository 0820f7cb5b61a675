/**
 * `halton-meter bodies search TEXT`: which stored bodies hold a text, newest first.
 *
 * Imports: domain, store, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { type BodyEntry, type BodyFilter, bodyTexts } from "../store/body_pages.ts";
import type { Database } from "../store/database.ts";
import type { MeterContext } from "./app.ts";
import { createFinder } from "./body_matches.ts";
import { countLabel, momentLabel } from "./quantities.ts";
import { type FilterFlags, filterOf, limitOf, withStored } from "./stored.ts";
import { loadPaint, showable, showableJson } from "./table.ts";

const DEFAULT_LIMIT = 20;

/** Flags of the command. */
export interface SearchFlags extends FilterFlags {
  readonly limit?: string;
  readonly json: boolean;
}

/** A body that holds the text. */
export interface BodyMatch {
  readonly body: BodyEntry;
  /** The first find and what stands around it. */
  readonly excerpt: string;
}

/** Prints what was found as it is found. */
export async function bodiesSearchCommand(this: MeterContext, flags: SearchFlags, wanted: string): Promise<void> {
  if (wanted.trim() === "") {
    throw new MeterError("wrong_usage", "Cannot search: the text to look for is empty", { hint: "Give a word" });
  }
  const limit = limitOf(flags.limit, DEFAULT_LIMIT);
  const { stdout } = this.process;
  const paint = await loadPaint(stdout.colour);
  let found = 0;
  await withStored((db) => {
    for (const { body, excerpt } of matches(db, filterOf(db, flags), wanted)) {
      const about = `${body.requestId}  ${momentLabel(body.requestedAt)}  ${body.project}  ${body.direction}`;
      stdout.write(flags.json ? matchJson(body, excerpt) : `${paint.bold(showable(about))}\n    ${excerpt}\n`);
      found += 1;
      if (found === limit) break;
    }
  });
  if (flags.json) return;
  if (found === 0) stdout.write("No stored body holds this text\n");
  if (found === limit) stdout.write(`The latest ${countLabel(limit, "body", "bodies")}; --limit shows more\n`);
}

/** Looks through the bodies page by page, newest first. */
export function* matches(db: Database, filter: BodyFilter, wanted: string): Generator<BodyMatch> {
  const find = createFinder(wanted);
  for (const page of bodyTexts(db, filter, "newest")) {
    for (const { text, ...body } of page) {
      const excerpt = find(text);
      if (excerpt !== null) yield { body, excerpt };
    }
  }
}

/** One line for each find. */
function matchJson(body: BodyEntry, excerpt: string): string {
  const value = {
    request_id: body.requestId,
    requested_at: new Date(body.requestedAt).toISOString(),
    project: body.project,
    direction: body.direction,
    excerpt,
  };
  return `${showableJson(value)}\n`;
}
