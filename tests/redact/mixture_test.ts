import { ok, strictEqual as equal } from "node:assert/strict";

import { redactBody } from "../../src/redact/body.ts";
import { RULES } from "../../src/redact/rules.ts";

/** What hostile or unlucky texts are made of: secrets and halves of them, names, quotes, escapes, structure. */
const FRAGMENTS = [
  ...RULES.flatMap((rule) => rule.examples),
  ...RULES.flatMap((rule) => rule.nearMisses),
  ...RULES.flatMap((rule) => "fields" in rule ? rule.fields : rule.literals),
  ...RULES.flatMap((rule) => rule.examples.map((example) => example.slice(0, example.length >> 1))),
  ...'" \' ` \\ \\\\ \\" \\n \n \t : = , { } [ ] ; & % @ / . - u003d 4111111111111111 日本 🙂 \u0000'.split(" "),
  " ",
];

/** Numbers 0 ≤ n < `below` that are the same at every run (Numerical Recipes' linear congruence). */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

function mixture(next: (below: number) => number): string {
  return Array.from({ length: 1 + next(6) }, () => FRAGMENTS[next(FRAGMENTS.length)] ?? "").join("");
}

function document(next: (below: number) => number): unknown {
  const value = () =>
    next(8) === 0
      ? 4111111111111111
      : next(3) === 0
      ? JSON.stringify({ [mixture(next)]: mixture(next) })
      : mixture(next);
  return { [mixture(next)]: value(), list: [value(), value()], delta: { text: value() }, index: next(2) };
}

Deno.test("redactBody keeps every JSON document valid, also inside strings, for any mixture of texts", () => {
  const next = sequence(1);
  for (let round = 0; round < 1500; round++) {
    const text = JSON.stringify(document(next), null, next(2));
    ok(JSON.parse(redactBody(text, "application/json").text), text);
  }
});

Deno.test("redactBody keeps every event, line and element valid for any mixture of texts", () => {
  const next = sequence(2);
  for (let round = 0; round < 500; round++) {
    const events = Array.from({ length: 4 }, () => JSON.stringify(document(next)));
    const stream = redactBody(events.map((event) => `data: ${event}\n\n`).join(""), "text/event-stream").text;
    equal(stream.split("\n\n").filter((event) => event !== "").map((event) => JSON.parse(event.slice(6))).length, 4);
    const lines = redactBody(events.join("\n"), "application/x-ndjson").text;
    equal(lines.split("\n").map((line) => JSON.parse(line)).length, 4);
    equal(JSON.parse(redactBody(`[${events.join(",\n")}]`, "application/json").text).length, 4);
  }
});

Deno.test("redactBody takes any text in any form without failing", () => {
  const next = sequence(3);
  for (let round = 0; round < 1000; round++) {
    const text = mixture(next) + mixture(next);
    for (
      const type of [
        "text/event-stream",
        "application/x-ndjson",
        "application/json",
        "application/x-www-form-urlencoded",
        null,
      ]
    ) {
      equal(typeof redactBody(text, type).text, "string");
    }
  }
});
