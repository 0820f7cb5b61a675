import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import type { ExchangeRow } from "../../src/domain/exchange.ts";
import { MeterError } from "../../src/domain/errors.ts";
import type { Database } from "../../src/store/database.ts";
import { findProject } from "../../src/store/project_rows.ts";
import { readCursor, writeCursor } from "../../src/store/request_cursor.ts";
import { requestDetail } from "../../src/store/request_detail.ts";
import {
  countMatching,
  newestSeq,
  type RequestFilters,
  requestPage,
  requestsWritten,
  SEARCHED_ROWS,
} from "../../src/store/request_pages.ts";
import { body, NOON, row, unpricedRow, withDatabase, write, writerOf } from "./sample.ts";

const HOUR = 3_600_000;

/** All ids that pages of `limit` give, newest first. */
function allIds(db: Database, filters: RequestFilters, limit: number): string[] {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page = requestPage(db, filters, limit, cursor);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
}

function mixed(): ExchangeRow[] {
  return Array.from({ length: 240 }, (_, i) =>
    row({
      // Several share a millisecond; they lie in many hours, and days, and beyond 16 days.
      requestedAt: NOON - Math.floor(i / 3) * 7 * HOUR,
      attribution: { slug: `p${i % 3}`, layer: "git" },
      provider: i % 4 === 0 ? "openai" : "anthropic",
      model: i % 11 === 0 ? null : `model-${i % 5}`,
      status: i % 7 === 0 ? "error" : "success",
      ...(i % 10 === 0 && { method: "GET", responseId: `r${i % 20}` }),
    }));
}

Deno.test("requestPage gives what a plain query gives, for every filter and page size, and countMatching its number", async () => {
  await withDatabase((db) => {
    write(db, mixed());
    const projectId = findProject(db, "p1")?.id ?? 0;
    const filters: readonly RequestFilters[] = [
      {},
      { projectId },
      { provider: "openai" },
      { model: "model-3" },
      { model: "" },
      { model: "nobody" },
      { status: "error" },
      { status: "success", provider: "openai", projectId },
      { from: NOON - 100 * HOUR + 1, to: NOON - 7 * HOUR },
      { model: "model-1", from: NOON - 200 * HOUR, to: NOON - 20 * HOUR + 1, status: "success" },
      { status: "error", projectId, from: NOON },
    ];
    for (const filter of filters) {
      const wanted = db.prepare(
        `SELECT id FROM requests WHERE (:project IS NULL OR project_id = :project)
           AND (:provider IS NULL OR provider = :provider) AND (:model IS NULL OR coalesce(model, '') = :model)
           AND (:status IS NULL OR status = :status) AND requested_at >= :from AND requested_at < :to
         ORDER BY requested_at DESC, seq DESC`,
      ).all({
        project: filter.projectId ?? null,
        provider: filter.provider ?? null,
        model: filter.model ?? null,
        status: filter.status ?? null,
        from: filter.from ?? 0,
        to: filter.to ?? NOON * 2,
      }).map(({ id }) => id);
      for (const limit of [1, 7, 500]) deepEqual(allIds(db, filter, limit), wanted, JSON.stringify(filter));
      equal(countMatching(db, filter), wanted.length, JSON.stringify(filter));
    }
  });
});

Deno.test("requestPage stays put while calls arrive", async () => {
  await withDatabase((db) => {
    write(db, mixed());
    const first = requestPage(db, {}, 10);
    const rest = allIds(db, {}, 500).slice(10);
    write(db, [row({ requestedAt: NOON + 1 }), row({ requestedAt: NOON })]);
    deepEqual(requestPage(db, {}, 500, first.nextCursor).items.map(({ id }) => id), rest);
  });
});

Deno.test("requestPage refuses a cursor of another list, and one that was changed", async () => {
  await withDatabase((db) => {
    write(db, mixed());
    const cursor = requestPage(db, { provider: "anthropic" }, 5).nextCursor ?? "";
    equal(requestPage(db, { provider: "anthropic" }, 5, cursor).items.length, 5);
    const bad = ["", "x", `${cursor}A`, cursor.slice(1), cursor.replace(/.$/, "_"), btoa("1.1.1"), "é", "=".repeat(20)];
    for (const wrong of bad) {
      throws(() => requestPage(db, { provider: "anthropic" }, 5, wrong), (error) => {
        return error instanceof MeterError && error.code === "bad_input";
      }, wrong);
    }
    throws(() => requestPage(db, {}, 5, cursor), MeterError);
  });
});

Deno.test("readCursor gives back what writeCursor was given, for the same list only", () => {
  for (const place of [{ time: 0, seq: 1 }, { time: NOON, seq: 123_456 }, { time: Number.MAX_SAFE_INTEGER, seq: 1 }]) {
    deepEqual(readCursor(writeCursor(place, "a"), "a"), place);
    equal(readCursor(writeCursor(place, "a"), "b"), null);
  }
});

Deno.test("a search finds parts of names whatever the case, and takes no wildcards", async () => {
  await withDatabase((db) => {
    const odd = row({ model: "Gpt_5%!x", attribution: { slug: "shop", layer: "git" }, clientName: "Codex" });
    write(db, [odd, row(), row({ status: "error", errorClass: "rate_limit", providerErrorCode: "too_many" })]);
    const found = (q: string) => requestPage(db, { q }, 50).items.length;
    for (const q of ["gpt_5%!X", "SHOP", "codex", odd.id.slice(0, 9)]) equal(found(q), 1, q);
    equal(found("claude-sonnet"), 3); // Also the model that was asked for.
    equal(found("too_many"), 1);
    for (const q of ["gpt-5", `${odd.id.slice(1, 9)}x`, "G%x"]) equal(found(q), 0, q);
    equal(found("%"), 1);
    equal(found("_"), 2);
    equal(countMatching(db, { q: "gpt" }), null);
  });
});

Deno.test("a search looks at a bounded number of calls and goes on from there", async () => {
  await withDatabase((db) => {
    write(db, [row({ model: "needle", requestedAt: NOON - 10 * HOUR })]);
    db.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${SEARCHED_ROWS + 50})
       INSERT INTO requests (id, project_id, attribution_layer, provider, host, method, path, mode, request_kind,
         billing_basis, status, requested_at, tokens_complete, usage_inconsistent, request_bytes, response_bytes)
       SELECT 'i' || i, 1, 'git', 'openai', 'h', 'POST', '/', 'standard', 'chat', 'metered', 'success', ? + i, 1, 0, 0, 0
       FROM n`,
    ).run(NOON);
    const page = requestPage(db, { q: "needle" }, 50);
    equal(page.items.length, 0);
    deepEqual(requestPage(db, { q: "needle" }, 50, page.nextCursor).items.map(({ model }) => model), ["needle"]);
  });
});

Deno.test("requestsWritten gives calls in the order of writing, after a place and up to another", async () => {
  await withDatabase((db) => {
    equal(newestSeq(db), 0);
    write(db, [row({ requestedAt: NOON }), row({ requestedAt: NOON - 5 }), row({ requestedAt: NOON + 5 })]);
    equal(newestSeq(db), 3);
    deepEqual(requestsWritten(db, 1, 3, 10).map(({ seq }) => seq), [2, 3]);
    deepEqual(requestsWritten(db, 0, 3, 1).map(({ seq, request }) => [seq, request.requestedAt]), [[1, NOON]]);
  });
});

Deno.test("requestDetail gives one call with what explains it and what is stored of its bodies", async () => {
  await withDatabase((db) => {
    const writer = writerOf(db);
    const call = row({ responseId: "r", method: "GET" });
    const again = unpricedRow({ responseId: "r", method: "GET", requestedAt: NOON + 1 });
    writer.record(call, [body({ redactions: { email: 2 } }), body({ direction: "response", text: "hello" })]);
    writer.record(again, []);
    writer.flush();
    const detail = requestDetail(db, call.id);
    deepEqual(
      [detail?.request.id, detail?.call.id, detail?.attributionLayer, detail?.cacheWrite5mTokens, detail?.rateMatch],
      [call.id, call.id, "git", 3, "exact"],
    );
    deepEqual(detail?.bodies.map(({ direction, redactions }) => [direction, redactions]), [
      ["request", { email: 2 }],
      ["response", {}],
    ]);
    deepEqual(detail?.repeatedBy, [again.id]);
    equal(requestDetail(db, again.id)?.request.duplicateOf, call.id);
    equal(requestDetail(db, call.id.slice(0, 8)), null);
  });
});

Deno.test("requestPage() takes what LIKE gives a meaning literally, and finds nothing by a zero character", async () => {
  await withDatabase((db) => {
    write(db, [row({ model: "100%_sure!" }), row({ model: "1000 sure" }), row({ model: `it's "quoted"` })]);
    const found = (q: string) => requestPage(db, { q }, 10).items.map(({ model }) => model);
    deepEqual(found("100%"), ["100%_sure!"]);
    deepEqual(found("%_s"), ["100%_sure!"]);
    deepEqual(found("sure!"), ["100%_sure!"]);
    deepEqual(found(`'s "`), [`it's "quoted"`]);
    deepEqual(found("\0"), []);
  });
});
