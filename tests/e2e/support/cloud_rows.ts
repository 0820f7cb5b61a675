/**
 * What a machine recorded in some weeks, written at once: calls of several providers with everything that a row may lack, and
 * sums over them on both sides of the line.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { type ExchangeRow, type Reading, type TokenUsage, UNKNOWN_USAGE } from "../../../src/domain/exchange.ts";
import { costOf } from "../../../src/meter/cost.ts";
import { createRateTable } from "../../../src/meter/rates.ts";
import { openForWriting } from "../../../src/store/database.ts";
import { row, writerOf } from "../../store/sample.ts";

/** Every so many rows the kinds of rows begin again. */
const KINDS = 20;

/** Of {@link KINDS} rows this one has an outdated cost, which `pricing reprice` puts right. */
const OUTDATED = 3;

const PROJECTS = ["web-shop", "data-pipeline", "misc"];

/** Rows in one flush, below what the writer's queue holds. */
const FLUSH = 2_000;

const rates = createRateTable();

/** When each call was made, UTC epoch ms, and whether some have a cost that is not today's. */
export interface RecordOptions {
  readonly atMs: (number: number) => number;
  readonly outdated: boolean;
}

/** Writes `count` calls as the recorder would. */
export function recordMany(database: string, count: number, { atMs, outdated }: RecordOptions): void {
  const db = openForWriting(database, { now: Date.now() });
  try {
    const writer = writerOf(db);
    let job = "";
    for (let number = 0; number < count; number++) {
      const kind = number % KINDS;
      if (kind === 11) job = `resp_${crypto.randomUUID()}`;
      const common = { attribution: { slug: PROJECTS[number % 7 % 3] ?? "misc", layer: "git" } } as const;
      writer.record(
        priced({ ...common, requestedAt: atMs(number), ...oddities(kind, number, job) }, outdated && kind === OUTDATED),
        [],
      );
      if (number % FLUSH === FLUSH - 1) writer.flush();
    }
    writer.flush();
    const { queued, droppedRows, lastError } = writer.stats();
    if (queued + droppedRows > 0) throw new Error(`${queued + droppedRows} rows were not written: ${lastError}`);
  } finally {
    db.close();
  }
}

function counts(number: number): TokenUsage {
  return {
    input: 100 + number % 977,
    cacheRead: number % 5 === 0 ? 0 : number % 3_001,
    cacheWrite5m: number % 401,
    cacheWrite1h: number % 11,
    output: 1 + number % 1_499,
    thinking: number % 2 === 0 ? null : number % 13,
  };
}

/** What is special about a kind of row. `job`: of the three rows about one background job. */
function oddities(kind: number, number: number, job: string): Partial<ExchangeRow> {
  const usage = counts(number);
  const openai = { provider: "openai", host: "api.openai.com", path: "/v1/responses?stream=1" } as const;
  const sol = { ...openai, requestedModel: "gpt-6-sol", model: "gpt-6-sol", servedTier: "default", modalities: "{}" };
  const plain = { ...usage, cacheWrite5m: 0, cacheWrite1h: 0 };
  const polled = { ...sol, path: `/v1/responses/${job}`, responseId: job };
  switch (kind) {
    case 1:
      return { ...sol, usage: plain };
    case 2:
      return { usage, requestedModel: "acme-7b", model: "acme-7b" };
    case 4:
      return { usage: UNKNOWN_USAGE, tokensComplete: false, responseComplete: false, usageUnknown: "cut" };
    case 5:
      return { usage: UNKNOWN_USAGE, billable: false, status: "error", httpStatus: 529, errorClass: "server_error" };
    case 6: {
      const xai = { provider: "xai", host: "api.x.ai", requestedModel: "grok-4.20", model: "grok-4.20" } as const;
      return { ...xai, usage: plain, providerCostPico: BigInt(number) * 10_007n };
    }
    case 8:
      return { usage: { ...usage, output: null }, tokensComplete: false, usageUnknown: "not_reported" };
    case 9:
      return { usage, requestedModel: null, model: null };
    case 11: // Starts a background job, which is billed when a poll tells its usage …
      return { ...polled, path: "/v1/responses", usage: UNKNOWN_USAGE, usageUnknown: "not_reported" };
    case 12: // … here, so that the start counts no more …
      return { ...polled, method: "GET", usage: plain };
    case 13: // … and neither does another poll.
      return { ...polled, method: "GET", usage: plain };
    case 14:
      return { usage, mode: "batch", requestedModel: "claude-opus-5", model: "claude-opus-5", servedTier: "batch" };
    case 15: {
      const part = { kind: "advisor", model: "claude-opus-5", usage: counts(number + 1) };
      const sum = (a: number | null, b: number | null) => a === null || b === null ? null : a + b;
      const both = Object.fromEntries(
        Object.entries(usage).map(([name, own]) => [name, sum(own, part.usage[name as keyof TokenUsage])]),
      );
      const whole = { ...usage, ...both };
      return { usage: whole, extraParts: JSON.stringify([part]), responseUsage: JSON.stringify(usage) };
    }
    default:
      return { usage };
  }
}

/** With the cost that the bundled rates give, or an outdated one. */
function priced(changes: Partial<ExchangeRow>, outdated: boolean): ExchangeRow {
  const made = row({ promptHash: null, ...changes });
  if (outdated) {
    const cost = { kind: "priced", pico: 1n, ratesSource: "bundled-2020-01-01", match: "exact" } as const;
    return { ...made, cost };
  }
  return { ...made, cost: costOf(readingOf(made), rates, made.requestedAt) };
}

function readingOf(made: ExchangeRow): Reading {
  const usage: TokenUsage = made.responseUsage === null ? made.usage : JSON.parse(made.responseUsage);
  const told = made.modalities === null ? {} : { modalities: JSON.parse(made.modalities) };
  const others: Reading["parts"][number][] = made.extraParts === null ? [] : JSON.parse(made.extraParts);
  return {
    provider: made.provider,
    kind: made.requestKind,
    mode: made.mode,
    requestedModel: made.requestedModel,
    servedModel: made.model,
    responseId: made.responseId,
    requestedTier: made.requestedTier,
    servedTier: made.servedTier,
    speed: made.speed,
    inferenceGeo: made.inferenceGeo,
    parts: [{ kind: "response", model: made.model, usage, ...told }, ...others],
    extra: {},
    providerCostPico: made.providerCostPico,
    complete: made.responseComplete,
    usageUnknown: made.usageUnknown,
    inconsistent: false,
    billable: made.billable,
    error: null,
    rawUsage: null,
  };
}

/** Counts and exact sums of one project, provider and model, as decimal text; `null` = nothing known. */
export type Sums = Readonly<Record<string, string | null>>;

const SUMMED: Readonly<Record<string, string>> = {
  prompt: "input_tokens",
  completion: "output_tokens",
  thinking: "thinking_tokens",
  cache_read: "cache_read_tokens",
  cache_write: "cache_write_tokens",
  cache_write_5m: "cache_write_5m_tokens",
  cache_write_1h: "cache_write_1h_tokens",
  cost: "cost_pico",
};

/** Of the rows in a local database, repeated fetches included. */
export function localSums(db: DatabaseSync): Sums[] {
  const sums = Object.entries(SUMMED).map(([name, column]) =>
    `count(${column}) AS ${name}_known, sum(${column}) AS ${name}`
  );
  const statement = db.prepare(
    `SELECT slug AS project, provider, model, count(*) AS calls, count(duplicate_of) AS duplicates,
       sum(revision) AS revisions, ${sums.join(", ")}
     FROM requests JOIN projects ON projects.id = project_id GROUP BY 1, 2, 3`,
  );
  statement.setReadBigInts(true);
  return statement.all().map(asText).toSorted(byKey);
}

/** The query for the same of one machine's rows on the server. `cost`: the column to add up. */
export function serverSumsSql(cost: "cost_pico" | "reported_cost_pico"): string {
  const columns: Readonly<Record<string, string>> = {
    ...SUMMED,
    prompt: "prompt_tokens",
    completion: "completion_tokens",
    cost,
  };
  const sums = Object.entries(columns).map(([name, column]) =>
    `count(${column}) AS ${name}_known, sum(${column}) AS ${name}`
  );
  return `SELECT project, provider, model, count(*) AS calls, count(duplicate_of) AS duplicates,
      sum(r.revision) AS revisions, ${sums.join(", ")}
    FROM requests r JOIN devices d ON d.workspace_id = r.workspace_id AND d.id = r.device_id
    WHERE d.machine_id = $1::text::uuid GROUP BY 1, 2, 3`;
}

/** The rows of {@link serverSumsSql} in the form of {@link localSums}. */
export function serverSums(rows: readonly Readonly<Record<string, unknown>>[]): Sums[] {
  return rows.map(asText).toSorted(byKey);
}

function asText(found: Readonly<Record<string, unknown>>): Sums {
  return Object.fromEntries(
    Object.entries(found).map(([name, value]) => [name, value === null ? null : String(value)]),
  );
}

function byKey(a: Sums, b: Sums): number {
  const key = ({ project, provider, model }: Sums) => `${project} ${provider} ${model}`;
  return key(a) < key(b) ? -1 : 1;
}
