/**
 * `halton-meter audit list`: what was done to the store and its settings, newest first.
 *
 * Imports: store, cli.
 *
 * @module
 */

import { type AuditEvent, auditTrail } from "../store/settings.ts";
import type { MeterContext } from "./app.ts";
import { momentLabel } from "./quantities.ts";
import { parseSince } from "./report_period.ts";
import { limitOf, withStored } from "./stored.ts";
import { showable, showableJson } from "./table.ts";

const DEFAULT_LIMIT = 50;

/** Flags of the command. */
export interface AuditFlags {
  readonly since?: string;
  readonly limit?: string;
  readonly json: boolean;
}

/** Prints the trail. */
export async function auditListCommand(this: MeterContext, flags: AuditFlags): Promise<void> {
  const limit = limitOf(flags.limit, DEFAULT_LIMIT);
  const from = flags.since === undefined ? undefined : parseSince(flags.since, Date.now());
  const events = await withStored((db) => auditTrail(db, limit, from));
  const { stdout } = this.process;
  if (flags.json) return stdout.write(`${showableJson(events.map(eventJson), 2)}\n`);
  stdout.write(events.length === 0 ? "Nothing was noted\n" : `${events.map(eventLine).join("\n")}\n`);
}

function eventJson({ occurredAt, event, details }: AuditEvent) {
  return { occurred_at: new Date(occurredAt).toISOString(), event, details };
}

function eventLine({ occurredAt, event, details }: AuditEvent): string {
  const named = Object.entries(details).filter(([, value]) => value !== null).map(([name, value]) =>
    `${name}=${value}`
  );
  return showable([momentLabel(occurredAt), event, ...named].join("  "));
}
