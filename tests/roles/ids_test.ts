import { match, ok, strictEqual as equal } from "node:assert/strict";
import { newId } from "../../src/roles/ids.ts";
import { pause } from "./tools.ts";

Deno.test("newId has the shape of a UUID version 7", () => {
  for (let i = 0; i < 200; i++) match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

Deno.test("newId begins with the wall clock in milliseconds", () => {
  const before = Date.now();
  const id = newId();
  const stamped = parseInt(id.replaceAll("-", "").slice(0, 12), 16);
  ok(stamped >= before && stamped <= Date.now(), `${stamped} is not between ${before} and now`);
});

Deno.test("newId sorts by time as text", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    ids.push(newId());
    await pause(2);
  }
  equal(ids.toSorted().join(), ids.join());
});

Deno.test("newId never repeats within a millisecond", () => {
  const ids = new Set(Array.from({ length: 5_000 }, newId));
  equal(ids.size, 5_000);
});
