import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";

import { findSecrets } from "../../src/redact/scan.ts";
import { RULES } from "../../src/redact/rules.ts";

const KEY = "sk-ant-api03-EXAMPLE0000example1111EXAMPLE2222-AA";

Deno.test("findSecrets tells where each secret stands, in order and apart", () => {
  const text = `a ${KEY} b alice@example.com`;
  deepEqual(findSecrets(text, "whole"), [
    { start: 2, end: 2 + KEY.length, rule: "anthropic-api-key" },
    { start: text.indexOf("alice"), end: text.length, rule: "email" },
  ]);
});

Deno.test("findSecrets returns stretches that do not overlap for any mixture", () => {
  const text = RULES.flatMap((rule) => rule.examples).join("") + RULES.flatMap((rule) => rule.nearMisses).join("");
  let last = 0;
  for (const { start, end } of findSecrets(text, "cut")) {
    ok(last <= start && start < end && end <= text.length);
    last = end;
  }
  ok(last > 0);
});

Deno.test("findSecrets sees a cut secret at the end of the text only", () => {
  equal(findSecrets("sk-ant-api03-EX", "cut").length, 1);
  equal(findSecrets("sk-ant-api03-EX ", "cut").length, 0);
  equal(findSecrets("sk-ant-api03-EX", "whole").length, 0);
  equal(findSecrets("see github_pa", "cut").length, 1);
  equal(findSecrets("see github_", "cut").length, 0);
});

Deno.test("findSecrets finds nothing in a cut that ends in ordinary words", () => {
  for (const text of ["uses bearer tokens", "the @", "DE", "basic auth", "4111", "password", "api_key:", "http://a"]) {
    deepEqual(findSecrets(text, "cut"), [], text);
  }
});
