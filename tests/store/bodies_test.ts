import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { bodyStats, readBodies } from "../../src/store/bodies.ts";
import { body, NOON, row, withDatabase, writerOf } from "./sample.ts";

const DAY = 86_400_000;

const STORED = {
  direction: "request",
  contentType: "application/json",
  originalSize: 15,
  truncated: false,
  redactions: {},
} as const;

Deno.test("bodyStats counts bodies, bytes and what redaction took out", async () => {
  await withDatabase((db) => {
    equal(bodyStats(db).oldest, null);
    const writer = writerOf(db);
    writer.record(row(), [
      body({ redactions: { email: 2, "bearer-token": 1 } }),
      body({ direction: "response", truncated: true, redactions: { email: 3 } }),
    ]);
    writer.record(row({ requestedAt: NOON + DAY }), [body()]);
    writer.record(row(), []);
    writer.flush();
    deepEqual(bodyStats(db), {
      count: 3,
      requests: 2,
      storedBytes: 45,
      textBytes: 45,
      truncated: 1,
      oldest: NOON,
      newest: NOON + DAY,
      redactions: { "bearer-token": 1, email: 5 },
    });
  });
});

Deno.test("readBodies gives back the text that was written, compressed or not, request first", async () => {
  await withDatabase((db) => {
    const writer = writerOf(db);
    const [short, long] = ["{}", `{"text":"${"wörter ".repeat(500)}"}`];
    const call = row();
    writer.record(call, [
      body({
        direction: "response",
        contentType: "text/event-stream",
        text: long,
        truncated: true,
        redactions: { jwt: 1 },
      }),
      body({ text: short }),
    ]);
    writer.flush();
    deepEqual(readBodies(db, call.id), [
      { ...STORED, text: short },
      {
        direction: "response",
        contentType: "text/event-stream",
        text: long,
        originalSize: 15,
        truncated: true,
        redactions: { jwt: 1 },
      },
    ]);
    deepEqual(readBodies(db, "no such call"), []);
  });
});
