import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { bodyEntries, bodyTexts } from "../../src/store/body_pages.ts";
import type { Database } from "../../src/store/database.ts";
import { findProject } from "../../src/store/project_rows.ts";
import { body, NOON, row, withDatabase, writerOf } from "./sample.ts";

/** Calls with both bodies; every second one belongs to `shop`, and three in a row were made in the same millisecond. */
function fill(db: Database, calls: number, from = NOON): string[] {
  const writer = writerOf(db);
  const ids = [];
  for (let each = 0; each < calls; each += 1) {
    const slug = each % 2 === 0 ? "demo" : "shop";
    const call = row({ attribution: { slug, layer: "git" }, requestedAt: from + Math.floor(each / 3) });
    writer.record(call, [body({ text: `request ${each}` }), body({ direction: "response", text: `response ${each}` })]);
    ids.push(call.id);
  }
  writer.flush();
  return ids;
}

Deno.test("bodyEntries gives every body once, in both orders, the two of a call side by side", async () => {
  await withDatabase((db) => {
    const ids = fill(db, 450);
    const pages = [...bodyEntries(db, {}, "oldest")];
    equal(pages.length > 2, true);
    deepEqual(pages.flat().map(({ requestId }) => requestId), ids.flatMap((id) => [id, id]));
    const newest = [...bodyEntries(db, {}, "newest")].flat();
    deepEqual(newest.map(({ requestId }) => requestId), ids.toReversed().flatMap((id) => [id, id]));
    deepEqual(newest.slice(0, 2).map(({ direction }) => direction), ["response", "request"]);
  });
});

Deno.test("bodyTexts keeps to a project and a time, and gives the text", async () => {
  await withDatabase((db) => {
    fill(db, 60);
    const projectId = findProject(db, "shop")?.id ?? 0;
    const found = [...bodyTexts(db, { projectId, from: NOON + 18 }, "oldest")].flat();
    deepEqual(found.map(({ text }) => text), [
      "request 55",
      "response 55",
      "request 57",
      "response 57",
      "request 59",
      "response 59",
    ]);
    deepEqual([...new Set(found.map(({ project }) => project))], ["shop"]);
    deepEqual([...bodyTexts(db, { from: NOON + 1_000 }, "newest")], []);
  });
});

Deno.test("bodyEntries goes on where it was when bodies are added and deleted meanwhile", async () => {
  await withDatabase((db) => {
    const ids = fill(db, 300);
    const seen: string[] = [];
    for (const page of bodyEntries(db, {}, "newest")) {
      seen.push(...page.map(({ requestId }) => requestId));
      if (seen.length === page.length) {
        db.exec("DELETE FROM request_bodies WHERE created_at < (SELECT min(created_at) + 5 FROM request_bodies)");
        fill(db, 10, NOON + 1_000);
      }
    }
    deepEqual([...new Set(seen)], ids.slice(15).toReversed());
  });
});
