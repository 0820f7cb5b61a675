/**
 * `halton-meter bodies show ID`: what is stored of one call.
 *
 * Imports: domain, os, store, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { showInPager } from "../os/pager.ts";
import { readBodies, type StoredBody } from "../store/bodies.ts";
import type { Database } from "../store/database.ts";
import { findCalls, MIN_ID_PREFIX, type StoredCall } from "../store/stored_calls.ts";
import type { MeterContext } from "./app.ts";
import { harmless, readableBody } from "./body_text.ts";
import { bytesLabel, momentLabel } from "./quantities.ts";
import { withStored } from "./stored.ts";
import { loadPaint, type Paint, showable } from "./table.ts";

/** Flags of the command. Neither direction = both. */
export interface ShowFlags {
  readonly request: boolean;
  readonly response: boolean;
  readonly raw: boolean;
}

/** Prints the bodies; on a terminal through the pager. `--raw` into a pipe or a file gives the stored text and nothing else. */
export async function bodiesShowCommand(this: MeterContext, flags: ShowFlags, id: string): Promise<void> {
  const { call, bodies } = await withStored((db) => chosenBodies(db, id, flags));
  const { stdout } = this.process;
  const onTerminal = stdout.columns !== null;
  if (flags.raw && !onTerminal) return stdout.write(bodies.map(({ text }) => text).join("\n"));
  const paint = await loadPaint(stdout.colour);
  const text = bodies.map((body) => section(call, body, flags.raw, paint)).join("\n");
  if (!onTerminal || !await showInPager(text)) stdout.write(text);
}

/** @throws {MeterError} `wrong_usage` for what is no id, `bad_input` for one that is unknown, or has no bodies. */
export function chosenBodies(
  db: Database,
  id: string,
  { request, response }: Pick<ShowFlags, "request" | "response">,
): { readonly call: StoredCall; readonly bodies: readonly StoredBody[] } {
  const call = findCall(db, id);
  const stored = readBodies(db, call.id);
  if (stored.length === 0) {
    throw new MeterError("bad_input", `Cannot show bodies of ${call.id}: none are stored`, {
      hint: 'Run "halton-meter bodies stats" to see what is captured and for how long it is kept',
    });
  }
  const both = request === response;
  const bodies = stored.filter(({ direction }) => both || (direction === "request" ? request : response));
  if (bodies.length > 0) return { call, bodies };
  throw new MeterError(
    "bad_input",
    `Cannot show the ${request ? "request" : "response"} of ${call.id}: only the ` +
      `${request ? "response" : "request"} is stored`,
  );
}

function findCall(db: Database, id: string): StoredCall {
  const prefix = id.trim().toLowerCase();
  if (!/^[0-9a-f-]{1,36}$/.test(prefix) || prefix.length < MIN_ID_PREFIX) {
    throw new MeterError("wrong_usage", "Cannot look for a call: this is not the beginning of an id", {
      hint: `Give at least ${MIN_ID_PREFIX} characters of an id, as in "halton-meter bodies list"`,
    });
  }
  const [call, other] = findCalls(db, prefix, 2);
  if (call === undefined) {
    throw new MeterError("bad_input", `Cannot show ${prefix}: no recorded call has an id that begins like this`, {
      hint: 'Take the id from "halton-meter bodies list"',
    });
  }
  if (other === undefined) return call;
  throw new MeterError("bad_input", `Cannot show ${prefix}: several ids begin like this`, {
    hint: "Give more characters of the id",
  });
}

function section(call: StoredCall, body: StoredBody, raw: boolean, paint: Paint): string {
  const { contentType, text } = body;
  const about = [
    `${body.direction} of ${call.id}`,
    momentLabel(call.requestedAt),
    call.project,
    call.model ?? "model not named",
    contentType ?? "no content type",
    sizeOf(body),
    ...maskedIn(body),
  ];
  const shown = harmless(raw ? text : readableBody(text, contentType));
  return `${paint.bold(showable(about.join(" · ")))}\n${shown.replace(/\n*$/, "\n")}`;
}

function sizeOf({ text, originalSize, truncated }: StoredBody): string {
  const kept = bytesLabel(new TextEncoder().encode(text).length);
  return truncated ? `the first ${kept} of ${bytesLabel(originalSize)}` : kept;
}

function maskedIn({ redactions }: StoredBody): string[] {
  const rules = Object.entries(redactions).map(([rule, times]) => `${rule} ${times}`);
  return rules.length === 0 ? [] : [`masked ${rules.join(", ")}`];
}
