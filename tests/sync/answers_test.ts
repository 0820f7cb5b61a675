import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type Answer, batchOutcome, bodyOutcome, describeFailure, objectOutcome } from "../../src/sync/answers.ts";

function answer(status: number, body: unknown = "", fields: Record<string, string> = {}): Answer {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, fields, body: new TextEncoder().encode(text) };
}

Deno.test("batchOutcome believes only counts that account for every row", () => {
  const taken = { accepted: 1, duplicates: 1, rejected: [{ request_id: "A-B", code: "bad_row", message: "x" }] };
  deepEqual(batchOutcome(answer(200, taken), 3), {
    kind: "taken",
    accepted: 1,
    duplicates: 1,
    rejected: [{ requestId: "a-b", code: "bad_row" }],
  });
  for (
    const odd of [
      { accepted: 1, duplicates: 1, rejected: [] },
      { accepted: 3, duplicates: 0 },
      { accepted: "3", duplicates: 0, rejected: [] },
      { accepted: 4, duplicates: -1, rejected: [] },
      { accepted: 2, duplicates: 0, rejected: [{ request_id: null, code: "bad_row" }] },
      [],
      "<html>welcome to the airport</html>",
      "",
      '{"accepted":3,"duplicates":0,"rejected":[',
    ]
  ) equal(batchOutcome(answer(200, odd), 3).kind, "transient", JSON.stringify(odd));
});

Deno.test("batchOutcome tells what pauses, what is the row's fault and what may pass", () => {
  const kinds = (statuses: number[]) => statuses.map((status) => batchOutcome(answer(status), 1).kind);
  deepEqual(kinds([401, 403, 400, 413]), ["unauthorised", "forbidden", "refused", "refused"]);
  deepEqual(new Set(kinds([429, 500, 502, 503, 504, 599])), new Set(["transient"]));
  deepEqual(new Set(kinds([204, 301, 302, 307, 308, 404, 405, 418])), new Set(["transient"]));
  deepEqual(batchOutcome(answer(429, "", { "retry-after": "9" }), 1), {
    kind: "transient",
    why: "the server answered 429",
    retryAfterMs: 9_000,
  });
});

Deno.test("describeFailure says that a redirect is not followed, and repeats no text of the server", () => {
  const canary = "this sentence is the server's";
  const redirect = batchOutcome(answer(302, canary, { location: "https://evil.example.com/" }), 1);
  equal(
    redirect.kind === "transient" && describeFailure(redirect),
    "the server answered with a redirect (302), which is not followed",
  );
  for (const status of [200, 400, 401, 403, 413, 429, 500, 404]) {
    const outcome = batchOutcome(answer(status, { code: canary, title: canary }), 1);
    equal(JSON.stringify(outcome).includes(canary), false);
    equal(outcome.kind !== "taken" && describeFailure(outcome).includes(canary), false);
  }
});

Deno.test("bodyOutcome knows 204, and 200 only with a reason for not storing", () => {
  deepEqual(bodyOutcome(answer(204)), { kind: "taken", stored: true, reason: null });
  const off = { stored: false, reason: "store_prompt_content_disabled" };
  deepEqual(bodyOutcome(answer(200, off)), { kind: "taken", ...off });
  deepEqual(bodyOutcome(answer(200, { stored: false, reason: "\u001b[2J two words" })), {
    kind: "taken",
    stored: false,
    reason: "not_said",
  });
  equal(bodyOutcome(answer(200, { stored: true })).kind, "transient");
  equal(bodyOutcome(answer(404, { code: "unknown_request" })).kind, "refused");
});

Deno.test("objectOutcome takes the statuses that it is told", () => {
  deepEqual(objectOutcome(answer(201, { a: 1 }), [200, 201]), { kind: "object", value: { a: 1 } });
  equal(objectOutcome(answer(200, [1]), [200]).kind, "transient");
  equal(objectOutcome(answer(410), [200], [410]).kind, "refused");
  equal(objectOutcome(answer(410), [200]).kind, "transient");
});
