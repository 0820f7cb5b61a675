/**
 * `halton-meter bodies export`: stored bodies as lines of JSON, oldest first, into a new file that only its owner can read.
 *
 * Imports: domain, store, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { type BodyFilter, type BodyText, bodyTexts } from "../store/body_pages.ts";
import type { Database } from "../store/database.ts";
import { audit } from "../store/settings.ts";
import type { MeterContext } from "./app.ts";
import { progressOn } from "./progress.ts";
import { countLabel } from "./quantities.ts";
import { type FilterFlags, filterOf, openStored, openStoredForWriting } from "./stored.ts";

/** Flags of the command. */
export interface ExportFlags extends FilterFlags {
  readonly output: string;
}

/** Writes the file. It must not exist: an export never replaces anything. */
export async function bodiesExportCommand(this: MeterContext, flags: ExportFlags): Promise<void> {
  const db = openStored();
  const progress = progressOn(this.process.stderr);
  let bodies = 0;
  try {
    const filter = filterOf(db, flags);
    const file = createFile(flags.output);
    try {
      bodies = await exportBodies(
        db,
        filter,
        file,
        (done) => progress(`exported ${countLabel(done, "body", "bodies")}`),
      );
    } catch (error) {
      Deno.removeSync(flags.output); // Half an export could be taken for a whole one.
      throw error;
    } finally {
      file.close();
      progress(null);
    }
  } finally {
    db.close();
  }
  noteExport(bodies, flags);
  this.process.stdout.write(`Wrote ${countLabel(bodies, "body", "bodies")} to ${flags.output}\n`);
}

/** Writes one line per body. @returns how many. */
export async function exportBodies(
  db: Database,
  filter: BodyFilter,
  file: { write(bytes: Uint8Array): Promise<number> },
  onPage: (done: number) => void,
): Promise<number> {
  let done = 0;
  for (const page of bodyTexts(db, filter, "oldest")) {
    let rest = new TextEncoder().encode(page.map(lineOf).join(""));
    while (rest.length > 0) rest = rest.subarray(await file.write(rest));
    done += page.length;
    onPage(done);
  }
  return done;
}

/** `{request_id, requested_at, project, provider, model, direction, content_type, text, original_size_bytes, truncated, redactions}`. */
function lineOf(body: BodyText): string {
  const value = {
    request_id: body.requestId,
    requested_at: new Date(body.requestedAt).toISOString(),
    project: body.project,
    provider: body.provider,
    model: body.model,
    direction: body.direction,
    content_type: body.contentType,
    text: body.text,
    original_size_bytes: body.originalSize,
    truncated: body.truncated,
    redactions: body.redactions,
  };
  return `${JSON.stringify(value)}\n`;
}

function createFile(path: string): Deno.FsFile {
  try {
    const file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
    Deno.chmodSync(path, 0o600);
    return file;
  } catch (cause) {
    const exists = cause instanceof Deno.errors.AlreadyExists;
    const state = exists ? "the file exists" : cause instanceof Error ? cause.name : "unknown error";
    throw new MeterError("bad_input", `Cannot export to ${path}: ${state}`, {
      hint: exists ? "Give another name, or remove the file" : "Give a file in a folder that you can write to",
      cause,
    });
  }
}

/** Prompts have left the store: its owner should be able to see that later. */
function noteExport(bodies: number, flags: ExportFlags): void {
  const db = openStoredForWriting();
  try {
    audit(db, "bodies.exported", { bodies, project: flags.project ?? null, since: flags.since ?? null }, Date.now());
  } finally {
    db.close();
  }
}
