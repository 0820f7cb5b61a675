/**
 * A database with a believable month of use: six projects, four providers, calls that are billed and calls that are not, failed,
 * cut, unpriced and repeated ones, and bodies of every format. The same seed gives the same rows.
 *
 * @module
 */

import type { BodyRow, ExchangeRow, Provider, Reading, TokenUsage } from "../../../src/domain/exchange.ts";
import { costOf } from "../../../src/meter/cost.ts";
import { createRateTable, type RateTable } from "../../../src/meter/rates.ts";
import type { Database } from "../../../src/store/database.ts";
import { prepareQuotaInsert } from "../../../src/store/quota.ts";
import { audit, setBodyCapture } from "../../../src/store/settings.ts";
import { Writer } from "../../../src/store/writer.ts";
import { HOSTILE, SAMPLE_BODIES } from "./bodies.ts";

const DAY_MS = 86_400_000;

/** Numbers that look random and are the same every time (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Kind {
  readonly weight: number;
  readonly project: string;
  readonly provider: Provider;
  readonly host: string;
  readonly path: string;
  readonly model: string;
  readonly client: string | null;
  readonly basis: ExchangeRow["billingBasis"];
  /** Typical tokens: plain input, cached share of it all, output. */
  readonly size: readonly [number, number, number];
}

const ANTHROPIC = { provider: "anthropic", host: "api.anthropic.com", path: "/v1/messages" } as const;
const CHAT = { provider: "openai", host: "api.openai.com", path: "/v1/chat/completions" } as const;
const RESPONSES = { provider: "openai", host: "api.openai.com", path: "/v1/responses" } as const;
const XAI = { provider: "xai", host: "api.x.ai", path: "/v1/chat/completions" } as const;

function gemini(model: string) {
  const path = `/v1beta/models/${model}:streamGenerateContent?alt=sse`;
  return { provider: "gemini", host: "generativelanguage.googleapis.com", path, model } as const;
}

const KINDS: readonly Kind[] = [
  {
    ...ANTHROPIC,
    weight: 30,
    project: "acme-web",
    model: "claude-sonnet-4-6",
    client: "claude-cli",
    basis: "metered",
    size: [1_200, 0.92, 700],
  },
  {
    ...ANTHROPIC,
    weight: 8,
    project: "acme-web",
    model: "claude-opus-4-6",
    client: "claude-cli",
    basis: "metered",
    size: [2_000, 0.9, 1_400],
  },
  {
    ...ANTHROPIC,
    weight: 22,
    project: "halton-docs",
    model: "claude-sonnet-4-6",
    client: "claude-cli",
    basis: "subscription",
    size: [900, 0.95, 600],
  },
  {
    ...ANTHROPIC,
    weight: 10,
    project: "northwind-api",
    model: "claude-haiku-4-5",
    client: "anthropic-python",
    basis: "metered",
    size: [800, 0, 240],
  },
  {
    ...CHAT,
    weight: 12,
    project: "northwind-api",
    model: "gpt-4.1-mini",
    client: "openai-python",
    basis: "metered",
    size: [2_400, 0.3, 380],
  },
  {
    ...RESPONSES,
    weight: 9,
    project: "billing-agent",
    model: "gpt-5.2",
    client: "openai-node",
    basis: "metered",
    size: [5_200, 0.55, 1_900],
  },
  {
    ...gemini("gemini-2.5-pro"),
    weight: 7,
    project: "billing-agent",
    client: "google-genai",
    basis: "metered",
    size: [9_000, 0.2, 1_100],
  },
  {
    ...gemini("gemini-2.5-flash"),
    weight: 8,
    project: "search-quality",
    client: "google-genai",
    basis: "metered",
    size: [3_000, 0, 300],
  },
  {
    ...XAI,
    weight: 3,
    project: "search-quality",
    model: "grok-4",
    client: null,
    basis: "metered",
    size: [2_200, 0.1, 900],
  },
  {
    ...CHAT,
    weight: 2,
    project: "sandbox",
    model: "acme-internal-7b",
    client: "curl",
    basis: "unknown",
    size: [600, 0, 200],
  },
];

/** What {@link seedMonth} is told. */
export interface SeedOptions {
  /** UTC epoch ms; the newest call is a little older. */
  readonly now: number;
  readonly calls?: number;
  readonly days?: number;
  readonly bodies?: boolean;
}

/** Fills a database, and returns the ids of calls that tests look at. */
export function seedMonth(db: Database, { now, calls = 2_400, days = 62, bodies = true }: SeedOptions): SeededIds {
  const random = randomOf(7);
  const rates = createRateTable();
  const writer = new Writer(db, { newId: () => crypto.randomUUID() });
  for (let i = 0; i < calls; i++) writer.record(callAt(random, rates, timeOf(random, now, days)), []);
  const ids = bodies ? writeBodies(writer, rates, random, now) : { plain: "", hostile: "", tools: "", cut: "" };
  writer.flush();
  setBodyCapture(db, "sandbox", "off", { now: now - 3 * DAY_MS, newId: () => crypto.randomUUID() });
  db.prepare("UPDATE projects SET name = 'Acme web shop' WHERE slug = 'acme-web'").run();
  audit(db, "bodies.purged", { bodies: 214, older_than_days: 90, freed_bytes: 8_214_016 }, now - 2 * DAY_MS);
  const quota = prepareQuotaInsert(db);
  quota({
    provider: "anthropic",
    window: "5h",
    usedPercent: 43,
    resetsAt: now + 7_200_000,
    status: "allowed",
    sampledAt: now - 60_000,
  });
  quota({
    provider: "anthropic",
    window: "7d",
    usedPercent: 86,
    resetsAt: now + 3 * DAY_MS,
    status: "allowed_warning",
    sampledAt: now - 60_000,
  });
  return ids;
}

/** Calls with bodies. */
export interface SeededIds {
  readonly plain: string;
  readonly hostile: string;
  readonly tools: string;
  readonly cut: string;
}

/** More by day than by night, fewer at week ends, more lately. */
function timeOf(random: () => number, now: number, days: number): number {
  for (;;) {
    const at = Math.floor(now - 90_000 - days * DAY_MS * random() ** 1.25);
    const date = new Date(at);
    const busy = (date.getDay() % 6 === 0 ? 0.3 : 1) * (date.getHours() >= 8 && date.getHours() < 19 ? 1 : 0.15);
    if (random() < busy) return at;
  }
}

function pick(random: () => number): Kind {
  let at = random() * KINDS.reduce((sum, { weight }) => sum + weight, 0);
  return KINDS.find(({ weight }) => (at -= weight) < 0) ?? KINDS[0] ?? fail();
}

function fail(): never {
  throw new Error("There are no kinds of calls");
}

function callAt(random: () => number, rates: RateTable, requestedAt: number): ExchangeRow {
  const kind = pick(random);
  const [input, cached, output] = kind.size.map((size, i) =>
    i === 1 ? size : Math.round(size * (0.3 + 2 * random() ** 2))
  );
  const read = cached === 0 ? 0 : Math.round((input ?? 0) * ((cached ?? 0) / (1 - (cached ?? 0))) * (0.5 + random()));
  const write = kind.provider === "anthropic" && (cached ?? 0) > 0 && random() < 0.4
    ? Math.round((input ?? 0) * 0.8)
    : 0;
  const usage: TokenUsage = {
    input: input ?? 0,
    cacheRead: read,
    cacheWrite5m: write,
    cacheWrite1h: 0,
    output: output ?? 0,
    thinking: kind.model.includes("opus") || kind.model.includes("gpt-5") || kind.model.includes("pro")
      ? Math.round((output ?? 0) * 0.4)
      : null,
  };
  const luck = random();
  if (luck < 0.018) return failed(kind, rates, requestedAt, luck < 0.01 ? 429 : 529);
  if (luck < 0.028) return madeOf(kind, rates, requestedAt, { ...usage, output: null, thinking: null }, "cut", random);
  return madeOf(kind, rates, requestedAt, usage, null, random);
}

function failed(kind: Kind, rates: RateTable, requestedAt: number, httpStatus: number): ExchangeRow {
  const none: TokenUsage = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, thinking: null };
  return {
    ...madeOf(kind, rates, requestedAt, none, null, () => 0.1),
    status: "error",
    httpStatus,
    errorClass: httpStatus === 429 ? "rate_limit" : "server_error",
    providerErrorType: httpStatus === 429 ? "rate_limit_error" : "overloaded_error",
    billable: false,
    cost: { kind: "free" },
  };
}

/** A row whose stored cost is what the prices say. */
function madeOf(
  kind: Kind,
  rates: RateTable,
  requestedAt: number,
  usage: TokenUsage,
  usageUnknown: "cut" | null,
  random: () => number,
): ExchangeRow {
  const mode = random() < 0.8 ? "streaming" : "standard";
  const reading: Reading = {
    provider: kind.provider,
    kind: "chat",
    mode,
    requestedModel: kind.model,
    servedModel: kind.model,
    responseId: null,
    requestedTier: null,
    servedTier: kind.provider === "anthropic" ? "standard" : null,
    speed: null,
    inferenceGeo: null,
    parts: [{ kind: "response", model: kind.model, usage, modalities: {} }],
    extra: {},
    providerCostPico: null,
    complete: usageUnknown === null,
    usageUnknown,
    inconsistent: false,
    billable: true,
    error: null,
    rawUsage: null,
  };
  const { explain: _lines, ...cost } = costOf(reading, rates, requestedAt);
  const latencyMs = 700 + (usage.output ?? 200) * (9 + 8 * random());
  return {
    ...rowOf(kind, requestedAt, reading),
    usage,
    cost,
    ttftMs: 240 + 900 * random() ** 2,
    latencyMs: usageUnknown === null ? latencyMs : null,
    requestBytes: 900 + 4 * ((usage.input ?? 0) + (usage.cacheRead ?? 0)),
    responseBytes: 400 + 60 * (usage.output ?? 0),
  };
}

type Timed = "usage" | "cost" | "ttftMs" | "latencyMs" | "requestBytes" | "responseBytes";

function rowOf(kind: Kind, requestedAt: number, reading: Reading): Omit<ExchangeRow, Timed> {
  return {
    id: crypto.randomUUID(),
    attribution: { slug: kind.project, layer: "git" },
    provider: kind.provider,
    host: kind.host,
    method: "POST",
    path: kind.path,
    requestedModel: kind.model,
    model: kind.model,
    mode: reading.mode,
    requestKind: "chat",
    extraParts: null,
    responseUsage: null,
    modalities: "{}",
    extraUsage: null,
    rawUsage: null,
    providerCostPico: null,
    responseComplete: reading.complete,
    billable: true,
    billingBasis: kind.basis,
    requestedTier: null,
    servedTier: reading.servedTier,
    speed: null,
    inferenceGeo: null,
    responseId: null,
    clientName: kind.client,
    clientVersion: kind.client === null ? null : "2.0.1",
    status: "success",
    httpStatus: 200,
    errorClass: null,
    providerErrorCode: null,
    providerErrorType: null,
    requestedAt,
    tokensComplete: reading.usageUnknown === null,
    usageUnknown: reading.usageUnknown,
    usageInconsistent: false,
    promptHash: "5e".repeat(32),
  };
}

/** One call now, as a tool would make it. */
export function liveCall(now: number, changes: Partial<ExchangeRow> = {}): ExchangeRow {
  const kind = KINDS[0] ?? fail();
  const usage = { input: 1_000, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 500, thinking: null };
  return { ...madeOf(kind, createRateTable(), now, usage, null, () => 0.5), ...changes };
}

function writeBodies(writer: Writer, rates: RateTable, random: () => number, now: number): SeededIds {
  const ids = SAMPLE_BODIES.map((sample, i) => {
    const kind = KINDS.find(({ path }) => path.includes(sample.path)) ?? fail();
    const usage: TokenUsage = {
      input: 1_840,
      cacheRead: 21_400,
      cacheWrite5m: kind.provider === "anthropic" ? 1_200 : 0,
      cacheWrite1h: 0,
      output: 912,
      thinking: 380,
    };
    const row = madeOf(kind, rates, now - (i + 2) * 61_000, usage, sample.cut ? "cut" : null, random);
    writer.record(row, bodiesOf(sample.request, sample.response, sample.streamed, sample.cut));
    return row.id;
  });
  const hostile = {
    ...liveCall(now - 45_000),
    model: HOSTILE.model,
    cost: { kind: "unpriced", reason: "unknown_model" },
  } as const;
  writer.record(hostile, bodiesOf(HOSTILE.request, HOSTILE.response, false, false));
  return { plain: ids[0] ?? "", tools: ids[1] ?? "", cut: ids.at(-1) ?? "", hostile: hostile.id };
}

function bodiesOf(request: string, response: string, streamed: boolean, cut: boolean): BodyRow[] {
  const made = (direction: BodyRow["direction"], text: string, contentType: string): BodyRow => ({
    direction,
    contentType,
    text,
    originalSize: cut ? 1_912_000 : text.length,
    truncated: cut,
    redactions: countRedactions(text),
  });
  return [
    made("request", request, "application/json"),
    made("response", response, streamed ? "text/event-stream" : "application/json"),
  ];
}

function countRedactions(text: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [, rule = ""] of text.matchAll(/\[REDACTED:([a-z-]+)\]/g)) found[rule] = (found[rule] ?? 0) + 1;
  return found;
}
