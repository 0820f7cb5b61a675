import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import type { ExchangeRow } from "../../src/domain/exchange.ts";
import { readBodies } from "../../src/store/bodies.ts";
import { type Database, openForWriting } from "../../src/store/database.ts";
import { sumUsage, usageCells } from "../../src/store/queries.ts";
import { rebuildRollups } from "../../src/store/rollups.ts";
import { MAX_QUEUED_BODY_BYTES, MAX_QUEUED_ROWS } from "../../src/store/writer.ts";
import { body, cutRow, NOON, row, unpricedRow, withDatabase, write, writerOf } from "./sample.ts";

const ALWAYS = { from: 0, to: Number.MAX_SAFE_INTEGER };

function count(db: Database, table: string): unknown {
  return db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"];
}

function read(db: Database, id: string): Record<string, unknown> {
  const found = db.prepare("SELECT * FROM requests WHERE id = ?").get(id);
  if (found === undefined) throw new Error(`No row ${id}`);
  return found;
}

/** Stops every write by another connection's lock, without waiting. */
function locked(db: Database, path: string, act: () => void): void {
  db.exec("PRAGMA busy_timeout = 0");
  const other = openForWriting(path, { now: NOON });
  other.exec("BEGIN IMMEDIATE");
  try {
    act();
  } finally {
    other.exec("ROLLBACK");
    other.close();
  }
}

Deno.test("Writer stores nothing before flush and every field after it", async () => {
  await withDatabase((db) => {
    const writer = writerOf(db);
    const call = row({
      requestedTier: "auto",
      responseId: "msg_1",
      cost: { kind: "priced", pico: 123_456_785_000_000n, ratesSource: "override", match: "alias" },
    });
    writer.record(call, []);
    equal(count(db, "requests"), 0);
    equal(writer.stats().queued, 1);
    writer.flush();
    const found = read(db, call.id);
    equal(found["input_tokens"], 100);
    equal(found["cache_write_tokens"], 7);
    equal(found["cache_write_5m_tokens"], 3);
    equal(found["cache_write_1h_tokens"], 4);
    equal(found["cost_pico"], 123_456_785_000_000);
    equal(found["cost_usd_minor_units"], 12_345_678, "a half goes to the even neighbour");
    equal(found["cost_missing"], null);
    equal(found["rates_source"], "override");
    equal(found["rate_match"], "alias");
    equal(found["ttft_ms"], 120.5);
    equal(found["latency_ms"], 800);
    equal(found["requested_tier"], "auto");
    equal(found["response_id"], "msg_1");
    equal(found["prompt_hash"], "ab".repeat(32));
    equal(found["attribution_layer"], "git");
    equal(found["tokens_complete"], 1);
    equal(found["fx_rate"], null);
    deepEqual(writer.stats(), {
      queued: 0,
      written: 1,
      failedFlushes: 0,
      droppedRows: 0,
      droppedBodies: 0,
      lastError: null,
    });
  });
});

Deno.test("Writer keeps unknown apart from zero", async () => {
  await withDatabase((db) => {
    const [cut, unpriced] = [cutRow(), unpricedRow()];
    const free = row({ cost: { kind: "free" }, usage: { ...row().usage, output: 0 } });
    write(db, [cut, unpriced, free]);
    for (const name of ["input_tokens", "output_tokens", "cache_write_tokens", "cost_pico", "cost_usd_minor_units"]) {
      equal(read(db, cut.id)[name], null, name);
    }
    equal(read(db, cut.id)["cost_missing"], "usage_incomplete");
    equal(read(db, cut.id)["usage_unknown"], "cut");
    equal(read(db, unpriced.id)["cost_pico"], null);
    equal(read(db, unpriced.id)["cost_missing"], "unknown_model");
    equal(read(db, free.id)["cost_pico"], 0);
    equal(read(db, free.id)["cost_usd_minor_units"], 0);
    equal(read(db, free.id)["output_tokens"], 0);
  });
});

Deno.test("Writer makes one project per slug, also over several flushes and writers", async () => {
  await withDatabase((db) => {
    write(db, [row(), row(), row({ attribution: { slug: "team/api", layer: "env" } })]);
    write(db, [row()]);
    deepEqual(
      db.prepare(
        "SELECT slug, name, count(*) AS calls FROM projects JOIN requests ON project_id = projects.id GROUP BY 1",
      )
        .all().map((each) => ({ ...each })),
      [{ slug: "demo", name: "demo", calls: 3 }, { slug: "team/api", name: "team/api", calls: 1 }],
    );
  });
});

Deno.test("Writer compresses a body when that makes it smaller, and gives it back whole", async () => {
  await withDatabase((db) => {
    const call = row();
    const long = JSON.stringify({ text: "grüße 🙂 ".repeat(2_000) });
    const writer = writerOf(db);
    writer.record(call, [
      body({ text: long, originalSize: 99_999, truncated: true, redactions: { email: 2 } }),
      body({ direction: "response", contentType: null, text: "ok" }),
    ]);
    writer.flush();
    const [request, response] = readBodies(db, call.id);
    deepEqual(request, {
      direction: "request",
      contentType: "application/json",
      text: long,
      originalSize: 99_999,
      truncated: true,
      redactions: { email: 2 },
    });
    equal(response?.text, "ok");
    const stored = db.prepare("SELECT encoding, stored_bytes, text_bytes FROM request_bodies ORDER BY direction").all();
    equal(stored[0]?.["encoding"], "gzip");
    ok(Number(stored[0]?.["stored_bytes"]) < Number(stored[0]?.["text_bytes"]) / 10);
    deepEqual({ ...stored[1] }, { encoding: "identity", stored_bytes: 2, text_bytes: 2 });
  });
});

Deno.test("Writer keeps rows while the disk is full, and writes them when there is room", async () => {
  await withDatabase((db) => {
    const writer = writerOf(db);
    const pages = Number(db.prepare("PRAGMA page_count").get()?.["page_count"]);
    db.exec(`PRAGMA max_page_count = ${pages}`);
    for (let each = 0; each < 200; each += 1) writer.record(row(), [body({ text: "x".repeat(100) })]);
    writer.flush();
    writer.flush();
    equal(writer.stats().queued, 200);
    equal(writer.stats().written, 0);
    equal(writer.stats().failedFlushes, 2);
    equal(writer.stats().lastError, "SQLITE_FULL");
    equal(count(db, "requests"), 0);

    db.exec("PRAGMA max_page_count = 1000000");
    writer.flush();
    equal(count(db, "requests"), 200);
    equal(count(db, "request_bodies"), 200);
    equal(count(db, "projects"), 1);
    equal(sumUsage(usageCells(db, ALWAYS)).requests, 200);
    deepEqual(writer.stats(), {
      queued: 0,
      written: 200,
      failedFlushes: 2,
      droppedRows: 0,
      droppedBodies: 0,
      lastError: null,
    });
  });
});

Deno.test("Writer gives up the oldest rows at its bound and counts them", async () => {
  await withDatabase((db, path) => {
    const writer = writerOf(db);
    locked(db, path, () => {
      for (let each = 0; each < MAX_QUEUED_ROWS + 3; each += 1) writer.record(row({ requestedAt: NOON + each }), []);
      writer.flush();
      equal(writer.stats().lastError, "SQLITE_BUSY");
    });
    writer.flush();
    equal(writer.stats().written, MAX_QUEUED_ROWS);
    equal(writer.stats().droppedRows, 3);
    equal(db.prepare("SELECT min(requested_at) AS first FROM requests").get()?.["first"], NOON + 3);
  });
});

Deno.test("Writer gives up bodies before rows", async () => {
  await withDatabase((db, path) => {
    const writer = writerOf(db);
    // No repetition within the 32 KiB that the compressor looks back.
    const noise = Array.from(
      crypto.getRandomValues(new Uint8Array(65_536)),
      (byte) => String.fromCharCode(byte % 94 + 33),
    );
    const text = noise.join("").repeat(256);
    const bodies = Math.ceil(MAX_QUEUED_BODY_BYTES / (text.length * 0.8)) + 1;
    locked(db, path, () => {
      for (let each = 0; each < bodies; each += 1) writer.record(row({ requestedAt: NOON + each }), [body({ text })]);
      ok(writer.stats().droppedBodies > 0);
      equal(writer.stats().queued, bodies);
    });
    writer.flush();
    equal(count(db, "requests"), bodies);
    equal(count(db, "request_bodies"), bodies - writer.stats().droppedBodies);
    equal(writer.stats().droppedRows, 0);
  });
});

Deno.test("Writer leaves a row out that the schema refuses, and writes the others", async () => {
  await withDatabase((db) => {
    const writer = writerOf(db);
    const good = row();
    writer.record(good, []);
    writer.record(row({ id: good.id }), [body()]);
    writer.record(row({ usage: { ...good.usage, input: 0.5 } }), []);
    writer.record(row({ cost: { kind: "priced", pico: 2n ** 64n, ratesSource: "x", match: "exact" } }), []);
    writer.record(row(), []);
    writer.flush();
    equal(count(db, "requests"), 2);
    equal(writer.stats().written, 2);
    equal(writer.stats().droppedRows, 3);
    equal(writer.stats().droppedBodies, 1);
    equal(writer.stats().queued, 0);
    equal(sumUsage(usageCells(db, ALWAYS)).requests, 2);
  });
});

Deno.test("Writer.close writes what is left and counts what it cannot", async () => {
  await withDatabase((db, path) => {
    const writer = writerOf(db);
    writer.record(row(), []);
    writer.close();
    equal(count(db, "requests"), 1);
    locked(db, path, () => {
      writer.record(row(), [body()]);
      writer.close();
    });
    equal(writer.stats().queued, 0);
    equal(writer.stats().droppedRows, 1);
    equal(writer.stats().droppedBodies, 1);
  });
});

function fetched(changes: Partial<ExchangeRow> = {}): ExchangeRow {
  return row({ method: "GET", path: "/v1/responses/resp_1", responseId: "resp_1", provider: "openai", ...changes });
}

Deno.test("Writer counts a finished response once, however often it is fetched", async () => {
  await withDatabase((db) => {
    const first = fetched({ method: "POST" });
    const again = [fetched(), fetched({ method: "POST", path: "/v1/responses/resp_1/cancel" })];
    write(db, [first, ...again.slice(0, 1)]);
    write(db, again.slice(1));
    for (const { id } of again) {
      equal(read(db, id)["duplicate_of"], first.id);
      equal(read(db, id)["cost_pico"], null);
      equal(read(db, id)["cost_missing"], "duplicate");
    }
    const sums = sumUsage(usageCells(db, ALWAYS));
    equal(sums.requests, 1);
    equal(sums.costPico, 1_000_000_000_000n);
    equal(sums.unpriced, 0);
  });
});

Deno.test("Writer counts a background job at the first fetch that tells its usage", async () => {
  await withDatabase((db) => {
    const unknown = { usage: cutRow().usage, cost: { kind: "unpriced", reason: "usage_unknown" } } as const;
    const started = fetched({ method: "POST", ...unknown });
    const polled = fetched(unknown);
    const finished = fetched();
    const later = fetched();
    write(db, [started, polled]);
    equal(read(db, polled.id)["duplicate_of"], started.id);
    equal(sumUsage(usageCells(db, ALWAYS)).unpriced, 1);
    write(db, [finished, later]);
    equal(read(db, finished.id)["duplicate_of"], null);
    for (const { id } of [started, polled, later]) {
      deepEqual([read(db, id)["duplicate_of"], read(db, id)["cost_missing"]], [finished.id, "duplicate"]);
    }
    const cells = usageCells(db, ALWAYS);
    const { requests, unpriced, incomplete, costPico } = sumUsage(cells);
    deepEqual([requests, unpriced, incomplete, costPico], [1, 0, 0, 1_000_000_000_000n]);
    rebuildRollups(db);
    deepEqual(usageCells(db, ALWAYS), cells);
  });
});

Deno.test("Writer counts every POST, also under one response id, and every provider by itself", async () => {
  await withDatabase((db) => {
    write(db, [fetched({ method: "POST" }), fetched({ method: "POST" }), fetched({ provider: "xai" })]);
    equal(sumUsage(usageCells(db, ALWAYS)).costPico, 3_000_000_000_000n);
  });
});
