/**
 * What calls add up to. Rows that only fetched again what was counted before are left out; a sum over nothing that is known is
 * null, never zero. Days are UTC.
 *
 * Read from the sums by day that are kept with the rows. Every query runs inside a workspace, which row-level security confines
 * it to.
 *
 * Imports: ./database.ts.
 *
 * @module
 */

import { numberIn, type Row, type Sql, textIn, textOrNull } from "./database.ts";

/** What one line of totals is about. */
export const GROUPS = ["day", "member", "project", "model", "provider"] as const;
/** One of {@link GROUPS}. */
export type Group = typeof GROUPS[number];

/** First day and the day after the last, `YYYY-MM-DD`, UTC. */
export interface Period {
  readonly from: string;
  readonly until: string;
}

/** One line. Money: pico-dollars. */
export interface Total {
  /** What the line is about; null = not known. */
  readonly key: string | null;
  readonly requests: number;
  readonly errors: number;
  /** Requests without a cost. */
  readonly unpriced: number;
  readonly costPico: bigint | null;
  readonly promptTokens: bigint | null;
  readonly completionTokens: bigint | null;
  readonly cacheReadTokens: bigint | null;
  readonly cacheWriteTokens: bigint | null;
}

const KEYS: Readonly<Record<Group, string>> = {
  day: "u.day::text",
  member: "(SELECT m.name FROM members m WHERE m.workspace_id = u.workspace_id AND m.id = u.member_id)",
  project: "nullif(u.project, '')",
  model: "nullif(u.model, '')",
  provider: "u.provider",
};

/** Members are grouped by their ids, so that two of one name stay two. */
const GROUPED_BY: Readonly<Record<Group, string>> = { ...KEYS, member: "u.workspace_id, u.member_id" };

/** A sum, or NULL where nothing of it was reported. */
const known = (kind: string) =>
  `(CASE WHEN sum(u.${kind}_known) > 0 THEN sum(u.${kind}_tokens) END)::text AS ${kind}_tokens`;

const SUMS = `coalesce(sum(u.requests), 0)::float8 AS requests, coalesce(sum(u.errors), 0)::float8 AS errors,
  coalesce(sum(u.requests - u.priced), 0)::float8 AS unpriced,
  (CASE WHEN sum(u.priced) > 0 THEN sum(u.cost_pico) END)::text AS cost_pico,
  ${["prompt", "completion", "cache_read", "cache_write"].map(known).join(", ")}`;

const WITHIN = "u.day >= $1::text::date AND u.day < $2::text::date AND u.requests > 0";

/** Totals by one thing: days in order, everything else the dearest first. At most 1,000 lines. */
export async function totalsBy(sql: Sql, group: Group, { from, until }: Period): Promise<Total[]> {
  const order = group === "day" ? "1" : "sum(u.cost_pico) DESC, sum(u.requests) DESC, 1";
  const rows = await sql(
    `SELECT ${KEYS[group]} AS key, ${SUMS} FROM usage_days u WHERE ${WITHIN}
     GROUP BY ${GROUPED_BY[group]} ORDER BY ${order} LIMIT 1000`,
    [from, until],
  );
  return rows.map((row) => totalOf(row, textOrNull(row, "key")));
}

/** The total of everything. */
export async function grandTotal(sql: Sql, { from, until }: Period): Promise<Total> {
  const [row] = await sql(`SELECT ${SUMS} FROM usage_days u WHERE ${WITHIN}`, [from, until]);
  if (row === undefined) throw new TypeError("A sum gave no row");
  return totalOf(row, null);
}

/** What one machine's rows of one day add up to, for comparing with what the machine says. */
export interface DayOfDevice {
  readonly date: string;
  readonly requests: number;
  readonly promptTokens: bigint;
  readonly completionTokens: bigint;
  /** Over priced rows, by the machine's rates. */
  readonly reportedCostPico: bigint;
  /** Over priced rows, by this server's rates. */
  readonly costPico: bigint;
  readonly unpriced: number;
}

/** Days of a machine, those without rows left out. */
export async function daysOfDevice(sql: Sql, deviceId: string, { from, until }: Period): Promise<DayOfDevice[]> {
  const rows = await sql(
    `SELECT ${KEYS.day} AS key, ${SUMS}, sum(u.reported_cost_pico)::text AS reported
     FROM usage_days u WHERE ${WITHIN} AND u.device_id = $3::text::uuid GROUP BY 1`,
    [from, until, deviceId],
  );
  return rows.map((row) => {
    const total = totalOf(row, textIn(row, "key"));
    return {
      date: total.key ?? "",
      requests: total.requests,
      promptTokens: total.promptTokens ?? 0n,
      completionTokens: total.completionTokens ?? 0n,
      reportedCostPico: BigInt(textIn(row, "reported")),
      costPico: total.costPico ?? 0n,
      unpriced: total.unpriced,
    };
  });
}

/** One call as a list shows it. */
export interface ListedCall {
  readonly requestId: string;
  readonly at: string;
  readonly member: string;
  readonly memberId: string;
  readonly project: string | null;
  readonly model: string | null;
  readonly status: string;
  readonly costPico: bigint | null;
  readonly costMissing: string | null;
  readonly hasBody: boolean;
}

/** The newest calls of a period. `memberId`: only those of one member; null = everybody's. */
export async function newestCalls(
  sql: Sql,
  period: Period,
  memberId: string | null,
  limit: number,
): Promise<ListedCall[]> {
  const rows = await sql(
    `SELECT r.request_id::text, to_json(r.occurred_at) #>> '{}' AS at, m.name AS member, r.member_id::text, r.project,
       coalesce(r.model, r.requested_model) AS model, r.status, r.cost_pico::text, r.cost_missing,
       EXISTS (SELECT FROM request_bodies b WHERE b.workspace_id = r.workspace_id AND b.request_id = r.request_id) AS has_body
     FROM requests r JOIN members m ON m.workspace_id = r.workspace_id AND m.id = r.member_id
     WHERE r.occurred_at >= $1::text::timestamptz AND r.occurred_at < $2::text::timestamptz
       AND ($3::text IS NULL OR r.member_id = $3::text::uuid)
     ORDER BY r.occurred_at DESC, r.request_id LIMIT $4::int`,
    [midnight(period.from), midnight(period.until), memberId, limit],
  );
  return rows.map((row) => ({
    requestId: textIn(row, "request_id"),
    at: textIn(row, "at"),
    member: textIn(row, "member"),
    memberId: textIn(row, "member_id"),
    project: textOrNull(row, "project"),
    model: textOrNull(row, "model"),
    status: textIn(row, "status"),
    costPico: bigOrNull(row, "cost_pico"),
    costMissing: textOrNull(row, "cost_missing"),
    hasBody: row["has_body"] === true,
  }));
}

/** The period of so many days up to and with `today`. */
export function lastDays(days: number, nowMs: number): Period {
  const day = 86_400_000;
  const end = Math.floor(nowMs / day) * day + day;
  return { from: dateOf(end - days * day), until: dateOf(end) };
}

/** `YYYY-MM-DD`, UTC. */
export function dateOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

function midnight(date: string): string {
  return `${date}T00:00:00Z`;
}

function totalOf(row: Row, key: string | null): Total {
  return {
    key,
    requests: numberIn(row, "requests"),
    errors: numberIn(row, "errors"),
    unpriced: numberIn(row, "unpriced"),
    costPico: bigOrNull(row, "cost_pico"),
    promptTokens: bigOrNull(row, "prompt_tokens"),
    completionTokens: bigOrNull(row, "completion_tokens"),
    cacheReadTokens: bigOrNull(row, "cache_read_tokens"),
    cacheWriteTokens: bigOrNull(row, "cache_write_tokens"),
  };
}

function bigOrNull(row: Row, name: string): bigint | null {
  const text = textOrNull(row, name);
  return text === null ? null : BigInt(text);
}
