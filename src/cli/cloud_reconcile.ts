/**
 * `halton-meter cloud reconcile`: compares what this machine has shared, day by day, with what the server counts.
 *
 * Imports: domain, roles, store, sync, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { formatUsd } from "../domain/money.ts";
import { failureText } from "../roles/cloud_line.ts";
import { type SharedDay, sharedDays, syncCounts } from "../store/cloud_pending.ts";
import { objectOf } from "../sync/wire.ts";
import type { MeterContext } from "./app.ts";
import { cannot, lineTo, openCloudSession, requirePaired, withDatabase } from "./cloud_session.ts";
import { VERSION } from "./version.ts";

/** Flags of the command. */
export interface ReconcileFlags {
  readonly days?: string;
  readonly json: boolean;
}

/** What the server says of one day. */
interface ServerDay {
  readonly date: string;
  readonly matches: boolean;
  readonly requests: number | null;
}

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
/** The server takes no more. */
const MOST_DAYS = 400;

/** Prints every day that has calls; exit code 4 when one does not agree. */
export async function cloudReconcileCommand(this: MeterContext, flags: ReconcileFlags): Promise<void> {
  const { stdout } = this.process;
  const session = await openCloudSession();
  const paired = requirePaired(session);
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const from = today - (daysOf(flags.days) - 1) * DAY_MS;
  const { days, waiting } = withDatabase(session.paths, (db) => {
    return { days: sharedDays(db, from).slice(-MOST_DAYS), waiting: syncCounts(db).waiting };
  });
  const server = new Map<string, ServerDay>();
  if (days.length > 0) {
    const line = lineTo(session, paired.baseUrl, paired.token);
    const outcome = await line.client.totals(paired.machineId, days.map(wireDay)).finally(() => line.close());
    if (outcome.kind !== "object") throw cannot("compare with the server", failureText(outcome));
    for (const day of serverDays(outcome.value)) server.set(day.date, day);
  }
  const agree = days.every(({ date }) => server.get(date)?.matches === true);
  stdout.write(flags.json ? renderJson(days, server, waiting) : renderText(days, server, waiting));
  if (!agree) this.process.exitCode = 4;
}

function daysOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_DAYS;
  const days = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= MOST_DAYS) return days;
  throw new MeterError("wrong_usage", `Cannot read --days ${JSON.stringify(text)}: it is not a number of days`, {
    hint: `Give a whole number from 1 to ${MOST_DAYS}`,
  });
}

function wireDay({ date, requests, costPico, promptTokens, completionTokens }: SharedDay) {
  return {
    date,
    requests,
    cost_usd_pico: String(costPico),
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
  };
}

function serverDays({ days }: Readonly<Record<string, unknown>>): ServerDay[] {
  if (!Array.isArray(days)) throw cannot("compare with the server", "it answered something else than was agreed on");
  return days.flatMap((item): ServerDay[] => {
    const day = objectOf(item);
    const [date, requests] = [day?.["date"], objectOf(day?.["server"])?.["requests"]];
    if (typeof date !== "string") return [];
    return [{ date, matches: day?.["matches"] === true, requests: typeof requests === "number" ? requests : null }];
  });
}

function renderText(days: readonly SharedDay[], server: ReadonlyMap<string, ServerDay>, waiting: number): string {
  const lines = days.map(({ date, requests, costPico }) => {
    const found = server.get(date);
    const said = found === undefined
      ? "the server said nothing of it"
      : found.matches
      ? "agrees"
      : `differs: the server has ${found.requests ?? "an unknown number of"} calls`;
    return `${date}  ${String(requests).padStart(7)} calls  ${formatUsd(costPico).padStart(12)}  ${said}`;
  });
  if (lines.length === 0) lines.push("Nothing was shared in these days");
  if (waiting > 0) lines.push(`${waiting} rows wait to be sent and are not compared`);
  return `${lines.join("\n")}\n`;
}

function renderJson(days: readonly SharedDay[], server: ReadonlyMap<string, ServerDay>, waiting: number): string {
  const value = {
    version: VERSION,
    unsynced_rows: waiting,
    days: days.map((day) => ({
      ...wireDay(day),
      matches: server.get(day.date)?.matches ?? null,
      server_requests: server.get(day.date)?.requests ?? null,
    })),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
