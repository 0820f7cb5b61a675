/**
 * `halton-meter bodies export`: stored bodies as lines of JSON, oldest first, into a new file that only its owner can read.
 * The file has its name only when it is whole; until then it is called `.part`, and Ctrl-C or a full disk removes it.
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
import { untilStopped } from "./signals.ts";
import { type FilterFlags, filterOf, openStored, openStoredForWriting } from "./stored.ts";

/** Flags of the command. */
export interface ExportFlags extends FilterFlags {
  readonly output: string;
}

/** Writes the file. It must not exist: an export never replaces anything. Ctrl-C leaves nothing behind. */
export async function bodiesExportCommand(this: MeterContext, flags: ExportFlags): Promise<void> {
  const { output } = flags;
  const progress = progressOn(this.process.stderr);
  const stop = new AbortController();
  let bodies = 0;
  const db = openStored();
  try {
    const filter = filterOf(db, flags);
    requireNew(output);
    const part = `${output}.part`;
    const file = createFile(output, part);
    untilStopped().then(() => stop.abort());
    try {
      const onPage = (done: number) => progress(`exported ${countLabel(done, "body", "bodies")}`);
      bodies = await exportBodies(db, filter, file, stop.signal, onPage);
      if (!stop.signal.aborted) Deno.renameSync(part, output);
    } catch (error) {
      throw cannotExport(output, error);
    } finally {
      file.close();
      removeIfThere(part);
      progress(null);
    }
  } finally {
    db.close();
  }
  if (stop.signal.aborted) {
    this.process.stdout.write("Interrupted: nothing was exported\n");
    this.process.exitCode = 1;
    return;
  }
  noteExport(bodies, flags);
  this.process.stdout.write(`Wrote ${countLabel(bodies, "body", "bodies")} to ${output}\n`);
}

/** Writes one line per body until `stop`. @returns how many. */
export async function exportBodies(
  db: Database,
  filter: BodyFilter,
  file: { write(bytes: Uint8Array): Promise<number> },
  stop: AbortSignal,
  onPage: (done: number) => void,
): Promise<number> {
  let done = 0;
  for (const page of bodyTexts(db, filter, "oldest")) {
    let rest = new TextEncoder().encode(page.map(lineOf).join(""));
    while (rest.length > 0) rest = rest.subarray(await file.write(rest));
    done += page.length;
    onPage(done);
    if (stop.aborted) break;
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

function requireNew(path: string): void {
  if (path === "") {
    throw new MeterError("wrong_usage", "Cannot export: the name of the file is empty", {
      hint: "Give --output a name",
    });
  }
  try {
    Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw cannotExport(path, error);
  }
  throw new MeterError("bad_input", `Cannot export to ${path}: the file exists`, {
    hint: "Give another name, or remove the file",
  });
}

/** What a killed export left under this name is removed, not written to, since it may be a link by now. */
function createFile(path: string, part: string): Deno.FsFile {
  try {
    removeIfThere(part);
    const file = Deno.openSync(part, { write: true, createNew: true, mode: 0o600 });
    Deno.chmodSync(part, 0o600);
    return file;
  } catch (cause) {
    throw cannotExport(path, cause);
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

const STATES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is full",
  ENOENT: "there is no such folder",
  ENOTDIR: "its folder is a file",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "its disk may not be written to",
};

/** A failure of the file as a foreseen one; any other as it is. */
function cannotExport(path: string, cause: unknown): unknown {
  if (cause instanceof Deno.errors.NotCapable) return refused(path, "this is no place for a file", cause);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (!/^E[A-Z]+$/.test(code)) return cause;
  return refused(path, STATES[code] ?? code, cause);
}

function refused(path: string, state: string, cause: unknown): MeterError {
  return new MeterError("bad_input", `Cannot export to ${path}: ${state}`, {
    hint: "Give a file in a folder with room that you can write to",
    cause,
  });
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
