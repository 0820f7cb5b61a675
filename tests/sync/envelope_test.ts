import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import type { PendingRow } from "../../src/domain/cloud.ts";
import type { BodyRow, ExchangeRow } from "../../src/domain/exchange.ts";
import { pendingRows, SYNC_COLUMNS } from "../../src/store/cloud_pending.ts";
import { beginPairing } from "../../src/store/cloud_record.ts";
import type { Database } from "../../src/store/database.ts";
import { batchOf, type EnvelopeOptions, MOST_BYTES, MOST_ROWS, rowOf } from "../../src/sync/envelope.ts";
import { PRESETS } from "../../src/sync/privacy.ts";
import { body, row, withDatabase, write, writerOf } from "../store/sample.ts";

const ALL: EnvelopeOptions = { machineId: "machine", hostname: "workstation", allowed: () => PRESETS.full };
const PAIRING = { machineId: "machine", workspaceId: "w", baseUrl: "https://a.example.com" };

/** Columns whose text does reach a batch, each with the field that carries it. */
const CARRIED: Readonly<Record<string, string>> = {
  id: "request_id",
  provider: "provider",
  host: "host",
  method: "method",
  path: "path",
  model: "model",
  requested_model: "requested_model",
  mode: "mode",
  request_kind: "request_kind",
  cost_missing: "cost_missing",
  rates_source: "rates_source",
  billing_basis: "billing_basis",
  requested_tier: "cost_inputs",
  served_tier: "cost_inputs",
  speed: "cost_inputs",
  inference_geo: "cost_inputs",
  duplicate_of: "duplicate_of",
  client_name: "client_name",
  status: "status",
  error_class: "error_class",
  provider_error_code: "provider_error_code",
  usage_unknown: "usage_unknown",
};

/** Text columns that are carried in part or in another form, and hold no word of their own. */
const SHAPED = ["modalities", "extra_usage", "extra_parts", "response_usage", "prompt_hash", "source_workdir"];

function writeWithBodies(db: Database, call: ExchangeRow, bodies: readonly BodyRow[]): void {
  const writer = writerOf(db);
  writer.record(call, bodies);
  writer.flush();
}

function firstOf(db: Database): PendingRow {
  const found = pendingRows(db, MOST_ROWS)?.rows[0];
  if (found === undefined) throw new Error("No row waits");
  return found;
}

async function withPaired(test: (db: Database) => void): Promise<void> {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, 0);
    test(db);
  });
}

Deno.test("C1 no column but those of the list reaches a batch, by a canary in every text column", async () => {
  await withPaired((db) => {
    const call = row();
    writeWithBodies(db, call, [body({ text: "CANARYbody0" })]);
    const columns = db.prepare("SELECT name, type FROM pragma_table_info('requests')").all();
    const texts = columns.filter(({ type }) => type === "TEXT").map(({ name }) => String(name));
    for (const [number, name] of texts.entries()) {
      if (name === "id") continue;
      db.prepare(`UPDATE requests SET ${name} = ?`).run(`CANARY${number}x`);
    }
    const sent = rowOf(firstOf(db), ALL);
    const text = batchOf([firstOf(db)], ALL).text;
    for (const [number, name] of texts.entries()) {
      const field = CARRIED[name];
      const reaches = text.includes(`CANARY${number}x`);
      equal(reaches, field !== undefined && name !== "id", name);
      if (field !== undefined && name !== "id") ok(JSON.stringify(sent[field]).includes(`CANARY${number}x`), name);
      if (field === undefined) ok(SHAPED.includes(name) || !(SYNC_COLUMNS as readonly string[]).includes(name), name);
    }
    equal(text.includes("CANARYbody"), false);
  });
});

Deno.test("C1 no sentence fits through any text column, and no body is read", async () => {
  const sentence = "the prompt says: CANARY in a sentence";
  await withPaired((db) => {
    writeWithBodies(db, row(), [body({ text: sentence }), body({ direction: "response", text: sentence })]);
    const columns = db.prepare("SELECT name FROM pragma_table_info('requests') WHERE type = 'TEXT'").all();
    for (const name of columns.map(({ name }) => String(name)).filter((name) => name !== "id")) {
      if (name === "path" || name === "client_name" || name === "source_workdir") continue; // Blanks: see below.
      for (const value of [sentence, JSON.stringify({ input: sentence, note: sentence }), JSON.stringify([sentence])]) {
        db.exec("SAVEPOINT one");
        db.prepare(`UPDATE requests SET ${name} = ?`).run(value);
        const text = batchOf([firstOf(db)], ALL).text;
        equal(text.includes("CANARY"), false, `${name}: ${text}`);
        db.exec("ROLLBACK TO one; RELEASE one");
      }
    }
    db.prepare("UPDATE requests SET path = ?, client_name = ?, source_workdir = ?")
      .run(`/v1/x?q=${sentence}`, `${sentence} that goes on`, sentence);
    equal(batchOf([firstOf(db)], ALL).text.includes("CANARY"), false);
  });
});

Deno.test("SYNC_COLUMNS are columns of requests, and rowOf reads no other", async () => {
  await withPaired((db) => {
    write(db, [row()]);
    const found = firstOf(db);
    const names = db.prepare("SELECT name FROM pragma_table_info('requests')").all().map(({ name }) => name);
    for (const name of SYNC_COLUMNS) ok(names.includes(name), name);
    const read = new Set<string>();
    const columns = new Proxy(found.columns, {
      get: (target, name) => {
        read.add(String(name));
        return Reflect.get(target, name);
      },
    });
    rowOf({ ...found, columns }, ALL);
    deepEqual([...read].toSorted(), [...SYNC_COLUMNS, "project"].toSorted());
  });
});

Deno.test("rowOf has the agreed fields, keeps unknown apart from zero and money exact", async () => {
  await withPaired((db) => {
    write(db, [row({
      usage: { input: null, output: 0, thinking: null, cacheRead: null, cacheWrite5m: null, cacheWrite1h: null },
      cost: { kind: "priced", pico: 9_007_199_254_740_993n, ratesSource: "override", match: "exact" },
      path: "/v1/messages?beta=true#x",
      modalities: "{}",
      extraUsage: '{"webSearchRequests":2,"audioSeconds":1.5}',
      extraParts: '[{"kind":"advisor","model":"m","usage":{"input":7,"output":null},"modalities":{"inputAudio":1}}]',
      responseUsage: '{"input":1,"output":2}',
      providerCostPico: 12n,
    })]);
    const sent = rowOf(firstOf(db), ALL);
    equal(Object.keys(sent).length, 37);
    deepEqual([sent["prompt_tokens"], sent["completion_tokens"], sent["thinking_tokens"]], [null, 0, null]);
    equal(sent["cost_usd_pico"], "9007199254740993");
    equal(sent["path"], "/v1/messages");
    const counts = {
      thinking_tokens: null,
      cache_read_tokens: null,
      cache_write_5m_tokens: null,
      cache_write_1h_tokens: null,
    };
    deepEqual(sent["cost_inputs"], {
      served_tier: "standard",
      billable: true,
      response_complete: true,
      provider_cost_pico: "12",
      modalities: {},
      extra_usage: { web_search_requests: 2, audio_seconds: 1.5 },
      extra_parts: [{
        kind: "advisor",
        model: "m",
        prompt_tokens: 7,
        completion_tokens: null,
        ...counts,
        modalities: { input_audio: 1 },
      }],
      response_usage: { prompt_tokens: 1, completion_tokens: 2, ...counts },
    });
    equal(sent["timestamp"], "2026-04-15T12:00:00.000Z");
    equal(sent["hostname"], "workstation");
  });
});

Deno.test("rowOf leaves out by policy what a project does not share", async () => {
  await withPaired((db) => {
    write(db, [row({ sourceWorkdir: "/home/ada/work" })]);
    const optional = (preset: keyof typeof PRESETS) => {
      const sent = rowOf(firstOf(db), { ...ALL, allowed: () => PRESETS[preset] });
      return [sent["hostname"], sent["prompt_hash"] !== null, sent["source_workdir"]];
    };
    deepEqual(optional("minimal"), [null, false, null]);
    deepEqual(optional("standard"), ["workstation", true, null]);
    deepEqual(optional("full"), ["workstation", true, "/home/ada/work"]);
  });
});

Deno.test("rowOf replaces in a strange model's name what no word has, so that its counts still arrive", async () => {
  await withPaired((db) => {
    write(db, [row({ model: "ft:gpt|ünï*1", requestedModel: "x".repeat(250) })]);
    const sent = rowOf(firstOf(db), ALL);
    equal(sent["model"], "ft:gpt__n__1");
    equal(sent["requested_model"], "x".repeat(200));
  });
});

Deno.test("batchOf stays within the rows and the bytes that a server takes, and never sends none of those that wait", async () => {
  await withPaired((db) => {
    write(db, [row()]);
    const one = firstOf(db);
    equal(batchOf(Array.from({ length: 900 }, () => one), ALL).count, 500);
    const part = { kind: "advisor", model: "m".repeat(200), usage: {} };
    const big = { ...one, columns: { ...one.columns, extra_parts: JSON.stringify(Array(40).fill(part)) } };
    const batch = batchOf(Array.from({ length: 500 }, () => big), ALL);
    ok(batch.count > 1 && batch.count < 500, String(batch.count));
    ok(new TextEncoder().encode(batch.text).length <= MOST_BYTES + 200);
    equal(JSON.parse(batch.text).rows.length, batch.count);
    const huge = { ...one, columns: { ...one.columns, extra_parts: JSON.stringify(Array(20_000).fill(part)) } };
    equal(batchOf([huge, huge], ALL).count, 1);
    equal(batchOf([], ALL).count, 0);
  });
});
