import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";

import { MeterError } from "../../src/domain/errors.ts";
import { redactBody } from "../../src/redact/body.ts";
import { createRedactor } from "../../src/redact/redactor.ts";
import { deliveredBy, escapedIn, streamOf, STREAMS, unescapedFrom } from "./shapes.ts";

const LIMIT = 1 << 20;
const BADGE = { name: "badge", pattern: "B-\\d{6}" };

function masked(text: string, contentType: string | null = "text/plain", rules = [BADGE]): string {
  return createRedactor(rules).body(text, contentType, LIMIT).text;
}

Deno.test("createRedactor applies a user's rules beside the built-in ones", () => {
  const redactor = createRedactor([BADGE]);
  const { text, counts } = redactor.body("B-123456 and alice@example.com and B-12", "text/plain", LIMIT);
  equal(text, "[REDACTED:badge] and [REDACTED:email] and B-12");
  deepEqual(counts, { badge: 1, email: 1 });
  equal(redactor.target("/v1/x?q=B-123456&r=B%2D123456"), "/v1/x?q=[REDACTED:badge]&r=[REDACTED:badge]");
  deepEqual(redactor.fields(["X-Badge", "B-123456"]), ["X-Badge", "[REDACTED:badge]"]);
});

Deno.test("createRedactor without rules does what redactBody does", () => {
  const text = "write to alice@example.com";
  equal(masked(text, "text/plain", []), redactBody(text, "text/plain").text);
});

Deno.test("createRedactor finds what a user's rule describes in escaped JSON and split over deltas", () => {
  for (let depth = 1; depth <= 3; depth++) {
    equal(
      unescapedFrom(masked(escapedIn("a\nB-123456\tz", depth), "application/json"), depth),
      "a\n[REDACTED:badge]\tz",
    );
  }
  for (const shape of STREAMS) {
    equal(
      deliveredBy(shape, masked(streamOf(shape, ["a B-1", "23", "456 z"]), shape.contentType)),
      "a [REDACTED:badge] z",
    );
  }
});

Deno.test("createRedactor keeps JSON valid whatever a pattern matches", () => {
  const documents = [
    { a: 'x "y" \\ z\n', n: 123456, list: [true, null, 1.5, "é\u0001", { k: JSON.stringify({ q: '"deep"\\' }) }] },
    ["plain", "\\", '"', "\ud83d\ude42", "\u2028", "a\\nb"],
  ];
  for (
    const pattern of ['".{1,9}"', ".{3}", "[^]{5}", "\\\\.", "[a-z]+", "\\d+", ":.{1,4}", "n\\W{1,6}", "u[0-9a-f]{2}"]
  ) {
    for (const document of documents) {
      for (const indent of [0, 2]) {
        const text = masked(JSON.stringify(document, null, indent), "application/json", [{ name: "mine", pattern }]);
        ok(JSON.parse(text), `${pattern}: ${text}`);
      }
    }
  }
});

Deno.test("createRedactor refuses rules that cannot be used, by name", () => {
  const cases: [string, string][] = [
    ["slow", "(a+)+$"],
    ["echo", "(a)\\1"],
    ["empty", "a*"],
    ["broken", "("],
    ["email", "x@y"],
    ["Not Kebab", "x"],
  ];
  for (const [name, pattern] of cases) {
    throws(
      () => createRedactor([{ name, pattern }]),
      (error) => error instanceof MeterError && error.code === "bad_config" && error.message.includes(name),
      name,
    );
  }
  throws(() => createRedactor([BADGE, BADGE]), MeterError);
});

Deno.test("createRedactor gives the same answer for a text that comes again, and after a thousand others", () => {
  const key = `sk-ant-api03-${"Zq3x".repeat(23)}-AA`;
  const redactor = createRedactor([]);
  const look = () => [redactor.name("claude-opus-5"), redactor.name(key), redactor.target(`/v1/x?key=${key}`)];
  const first = look();
  deepEqual(first, ["claude-opus-5", "[REDACTED:anthropic-api-key]", "/v1/x?key=[REDACTED:query]"]);
  deepEqual(look(), first);
  for (let at = 0; at < 3_000; at++) equal(redactor.name(`model-${at}`), `model-${at}`);
  deepEqual(look(), first);
});
