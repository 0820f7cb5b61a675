import { deepStrictEqual as deepEqual } from "node:assert/strict";

import { LiteralIndex } from "../../src/redact/literal_index.ts";
import type { FieldRule, Rule, TokenRule } from "../../src/redact/rule.ts";

const facts = { examples: [], nearMisses: [] } as const;

function token(name: string, literals: string[], ignoreCase = false): TokenRule {
  return { ...facts, name, literals, ignoreCase, pattern: /x/y };
}

function hits(rules: readonly Rule[], text: string): [number, string][] {
  const found: [number, string][] = [];
  new LiteralIndex(rules).each(text, (at, { literal }) => found.push([at, literal]));
  return found;
}

Deno.test("LiteralIndex finds literals of every length, at the very end too", () => {
  deepEqual(hits([token("a", ["@", "ab", "abc", "abcd"])], "abc@ab"), [[0, "ab"], [0, "abc"], [3, "@"], [4, "ab"]]);
  deepEqual(hits([token("a", ["@"])], "@"), [[0, "@"]]);
});

Deno.test("LiteralIndex folds the case of letters only where the rule asks for it", () => {
  deepEqual(hits([token("a", ["key_"])], "KEY_ key_"), [[5, "key_"]]);
  deepEqual(hits([token("a", ["key_"], true)], "KEY_ Key\u007f"), [[0, "key_"]]);
});

Deno.test("LiteralIndex spells a field's words in every way", () => {
  const field: FieldRule = { ...facts, name: "f", fields: ["api key"], accepts: () => true };
  deepEqual(hits([field], "api_key apiKey API-KEY api key").map(([at]) => at), [0, 8, 15, 23]);
});

Deno.test("LiteralIndex is not misled by characters beyond ASCII", () => {
  deepEqual(hits([token("a", ["ab", "@"])], "a\u00e2 \u00c0b a\u0162 日@日"), [[10, "@"]]);
});
