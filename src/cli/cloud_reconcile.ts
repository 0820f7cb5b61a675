/**
 * `halton-meter cloud reconcile`: compares what this machine has shared, day by day, with what the server counts.
 *
 * Imports: domain, roles, store, sync, cli.
 *
 * @module
 */

import type { SyncRecord } from "../domain/cloud.ts";
import { MeterError } from "../domain/errors.ts";
import { formatFraction, formatUsd, PICO_PER_USD } from "../domain/money.ts";
import { failureText } from "../roles/cloud_line.ts";
import { resendDays } from "../store/cloud_again.ts";
import { type SharedDay, sharedDays, syncCounts } from "../store/cloud_pending.ts";
import { readSyncRecord } from "../store/cloud_record.ts";
import { adviceFor, describeState, stateOf } from "../sync/state.ts";
import { objectOf } from "../sync/wire.ts";
import type { MeterContext } from "./app.ts";
import { cannot, type CloudSession, lineTo, openCloudSession, requirePaired, withDatabase } from "./cloud_session.ts";
import { countLabel } from "./quantities.ts";
import { VERSION } from "./version.ts";

/** Flags of the command. */
export interface ReconcileFlags {
  readonly days?: string;
  readonly resend: boolean;
  readonly json: boolean;
}

/** What the server says of one day; `null` = it did not. */
interface ServerDay {
  readonly date: string;
  readonly matches: boolean;
  readonly requests: number | null;
  /** What this machine has told it. */
  readonly costPico: bigint | null;
}

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
/** The server takes no more. */
const MOST_DAYS = 400;

/** Prints every day that has calls or differs; exit code 4 when one does not agree. */
export async function cloudReconcileCommand(this: MeterContext, flags: ReconcileFlags): Promise<void> {
  const { stdout } = this.process;
  const session = await openCloudSession();
  const paired = requirePaired(session, "compare with the server");
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const from = today - (daysOf(flags.days) - 1) * DAY_MS;
  const { shared, waiting } = withDatabase(session.paths, (db) => {
    const record = readSyncRecord(db);
    mustBePaired(session, record);
    const shared = everyDay(sharedDays(db, from), record?.pairedAt ?? today, from, today);
    return { shared, waiting: syncCounts(db).waiting };
  });
  const line = lineTo(session, paired.baseUrl, paired.token);
  const outcome = await line.client.totals(paired.machineId, shared.map(wireDay)).finally(() => line.close());
  if (outcome.kind !== "object") throw cannot("compare with the server", failureText(outcome));
  const server = new Map(serverDays(outcome.value).map((day) => [day.date, day]));
  const differing = shared.filter(({ date }) => server.get(date)?.matches !== true);
  const days = shared.filter((day) => day.requests > 0 || differing.includes(day));
  const resent = flags.resend && differing.length > 0
    ? withDatabase(session.paths, (db) => resendDays(db, differing.map(({ date }) => date), Date.now()))
    : null;
  stdout.write(
    flags.json
      ? renderJson(days, server, { waiting, resent })
      : renderText(days, server, { waiting, resent }, differing.some((day) => isMendable(day, server.get(day.date)))),
  );
  if (differing.length > 0) this.process.exitCode = 4;
}

/** @throws {MeterError} `bad_input` for a database that knows nothing of the pairing: everything would differ. */
function mustBePaired({ config, credentials }: CloudSession, record: SyncRecord | null): void {
  const state = stateOf({ config: config.cloud, credentials, record });
  if (state.kind !== "NOT-CONFIGURED" || state.reason !== "other_database") return;
  throw new MeterError("bad_input", `Cannot compare with the server: ${describeState(state)}`, {
    hint: adviceFor(state) ?? "",
  });
}

/** Days without a call, too, from the first one on that something was shared of: the server should have none there either. */
function everyDay(shared: readonly SharedDay[], pairedAt: number, from: number, today: number): SharedDay[] {
  const byDate = new Map(shared.map((day) => [day.date, day]));
  const first = Math.min(today, pairedAt, Date.parse(shared[0]?.date ?? "") || Infinity);
  const last = Math.max(today, Date.parse(shared.at(-1)?.date ?? "") || 0);
  const days: SharedDay[] = [];
  for (
    let at = Math.max(from, Math.floor(first / DAY_MS) * DAY_MS);
    at <= last && days.length < MOST_DAYS;
    at += DAY_MS
  ) {
    const date = new Date(at).toISOString().slice(0, 10);
    days.push(byDate.get(date) ?? { date, requests: 0, costPico: 0n, promptTokens: 0, completionTokens: 0 });
  }
  return days;
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
    const theirs = objectOf(day?.["server"]);
    const [date, requests, told] = [day?.["date"], theirs?.["requests"], theirs?.["reported_cost_usd_pico"]];
    if (typeof date !== "string") return [];
    return [{
      date,
      matches: day?.["matches"] === true,
      requests: typeof requests === "number" ? requests : null,
      costPico: typeof told === "string" && /^\d{1,30}$/.test(told) ? BigInt(told) : null,
    }];
  });
}

/** What else there is to say. */
interface Aside {
  readonly waiting: number;
  /** Rows that were queued again; `null` = that was not asked for, or not needed. */
  readonly resent: number | null;
}

function renderText(
  days: readonly SharedDay[],
  server: ReadonlyMap<string, ServerDay>,
  { waiting, resent }: Aside,
  mendable: boolean,
): string {
  const lines = days.map((day) => {
    const calls = `${String(day.requests).padStart(7)} ${day.requests === 1 ? "call " : "calls"}`;
    return `${day.date}  ${calls}  ${formatUsd(day.costPico).padStart(12)}  ${verdict(day, server.get(day.date))}`;
  });
  if (lines.length === 0) lines.push("Nothing was shared in these days");
  if (waiting > 0) {
    lines.push(
      `${countLabel(waiting, "row waits", "rows wait")} to be sent, new or changed; until then a day may differ`,
    );
  }
  if (resent !== null) lines.push(`${countLabel(resent, "row")} of these days will be sent again with the next pass`);
  else if (mendable) lines.push("Send what was shared of these days again: halton-meter cloud reconcile --resend");
  return `${lines.join("\n")}\n`;
}

/** Whether sending what is here again may help: not where the server has more. */
function isMendable({ requests }: SharedDay, found: ServerDay | undefined): boolean {
  return requests > 0 && (found?.requests ?? 0) <= requests;
}

function verdict({ requests, costPico }: SharedDay, found: ServerDay | undefined): string {
  if (found === undefined) return "the server said nothing of it";
  if (found.matches) return "agrees";
  if (found.requests === null) return "differs: the server has an unknown number of calls";
  if (found.requests !== requests) {
    const cause = found.requests > requests ? "; the others were shared in an earlier pairing, or are gone here" : "";
    return `differs: the server has ${countLabel(found.requests, "call")}${cause}`;
  }
  return found.costPico === null || found.costPico === costPico
    ? "differs: the server has other token counts"
    : `differs: the server was told ${exactUsd(found.costPico)}, not ${exactUsd(costPico)}`;
}

function renderJson(
  days: readonly SharedDay[],
  server: ReadonlyMap<string, ServerDay>,
  { waiting, resent }: Aside,
): string {
  const value = {
    version: VERSION,
    unsynced_rows: waiting,
    resent_rows: resent,
    days: days.map((day) => ({
      ...wireDay(day),
      matches: server.get(day.date)?.matches ?? null,
      server_requests: server.get(day.date)?.requests ?? null,
      server_cost_usd_pico: server.get(day.date)?.costPico?.toString() ?? null,
    })),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** To the last digit: what differs may be less than a screen usually shows. */
function exactUsd(pico: bigint): string {
  return `$${formatFraction({ num: pico, den: PICO_PER_USD })}`;
}
