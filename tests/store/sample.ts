/**
 * Databases and rows for tests of the store and of the report.
 *
 * @module
 */

import { type Database, openForWriting } from "../../src/store/database.ts";
import { Writer } from "../../src/store/writer.ts";
import { type BodyRow, type ExchangeRow, UNKNOWN_USAGE } from "../../src/domain/exchange.ts";

/** 2026-04-15T12:00:00Z */
export const NOON = Date.UTC(2026, 3, 15, 12);

/** Runs a test with a folder of its own. */
export async function withFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "halton-store-" });
  try {
    await test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Runs a test with a fresh database, which is closed afterwards. */
export async function withDatabase(test: (db: Database, path: string) => void | Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = `${folder}/data/db.sqlite`;
    const db = openForWriting(path, { now: NOON });
    try {
      await test(db, path);
    } finally {
      db.close();
    }
  });
}

/** A priced call of project `demo` at {@link NOON}; every call gets an id of its own. */
export function row(changes: Partial<ExchangeRow> = {}): ExchangeRow {
  return {
    id: crypto.randomUUID(),
    attribution: { slug: "demo", layer: "git" },
    provider: "anthropic",
    host: "api.anthropic.com",
    method: "POST",
    path: "/v1/messages",
    requestedModel: "claude-sonnet-4-6",
    model: "claude-sonnet-4-6",
    mode: "streaming",
    requestKind: "chat",
    usage: { input: 100, cacheRead: 20, cacheWrite5m: 3, cacheWrite1h: 4, output: 50, thinking: 10 },
    extraParts: null,
    responseUsage: null,
    modalities: null,
    extraUsage: null,
    rawUsage: '{"input_tokens":100}',
    providerCostPico: null,
    responseComplete: true,
    billable: true,
    cost: { kind: "priced", pico: 1_000_000_000_000n, ratesSource: "bundled-2026-05-01", match: "exact" },
    billingBasis: "metered",
    requestedTier: null,
    servedTier: "standard",
    speed: null,
    inferenceGeo: null,
    responseId: null,
    clientName: "claude-cli",
    clientVersion: "2.0.1",
    status: "success",
    httpStatus: 200,
    errorClass: null,
    providerErrorCode: null,
    providerErrorType: null,
    requestedAt: NOON,
    ttftMs: 120.5,
    latencyMs: 800,
    tokensComplete: true,
    usageUnknown: null,
    usageInconsistent: false,
    requestBytes: 1_000,
    responseBytes: 2_000,
    promptHash: "ab".repeat(32),
    ...changes,
  };
}

/** A call whose model nobody knows. */
export function unpricedRow(changes: Partial<ExchangeRow> = {}): ExchangeRow {
  return row({ model: "foo-1", cost: { kind: "unpriced", reason: "unknown_model" }, ...changes });
}

/** A call that was cut before any count arrived. */
export function cutRow(changes: Partial<ExchangeRow> = {}): ExchangeRow {
  return row({
    usage: UNKNOWN_USAGE,
    cost: { kind: "unpriced", reason: "usage_incomplete" },
    tokensComplete: false,
    responseComplete: false,
    usageUnknown: "cut",
    latencyMs: null,
    ...changes,
  });
}

/** A redacted body. */
export function body(changes: Partial<BodyRow> = {}): BodyRow {
  return {
    direction: "request",
    contentType: "application/json",
    text: '{"messages":[]}',
    originalSize: 15,
    truncated: false,
    redactions: {},
    ...changes,
  };
}

/** Makes a writer. */
export function writerOf(db: Database): Writer {
  return new Writer(db, { newId: () => crypto.randomUUID() });
}

/** Writes rows at once. */
export function write(db: Database, rows: readonly ExchangeRow[]): void {
  const writer = writerOf(db);
  for (const each of rows) writer.record(each, []);
  writer.flush();
}

/** Text that cannot be compressed much: as many characters. */
export function noise(characters: number): string {
  let text = "";
  while (text.length < characters) {
    const bytes = crypto.getRandomValues(new Uint8Array(Math.min(65_536, characters - text.length)));
    text += Array.from(bytes, (byte) => String.fromCharCode(byte % 94 + 33)).join("");
  }
  return text;
}
