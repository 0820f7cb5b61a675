import { ok, strictEqual as equal } from "node:assert/strict";

import { redactText } from "../../src/redact/redact.ts";
import { RULES } from "../../src/redact/rules.ts";
import { escapedIn, unescapedFrom } from "./shapes.ts";

Deno.test("RULES have unique names in kebab case, with examples and near misses", () => {
  const names = RULES.map((rule) => rule.name);
  equal(new Set(names).size, names.length);
  for (const rule of RULES) {
    ok(/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(rule.name), rule.name);
    ok(rule.examples.length > 0 && rule.nearMisses.length > 0, rule.name);
  }
});

Deno.test("RULES have sticky patterns without an unbounded quantifier", () => {
  for (const rule of RULES) {
    if ("fields" in rule) continue;
    const patterns = rule.open ? [rule.pattern, rule.open] : [rule.pattern];
    for (const { sticky, source } of patterns) {
      const bare = source.replaceAll(/\\./g, "").replaceAll(/\[[^\]]*\]/g, "");
      ok(sticky && !/[*+]|\{\d+,\}/.test(bare), `${rule.name}: ${source}`);
    }
    ok(rule.literals.length > 0 && rule.literals.every((literal) => /^[\x20-\x7e]+$/.test(literal)), rule.name);
  }
});

for (const rule of RULES) {
  Deno.test(`redactText masks every example of ${rule.name}`, () => {
    for (const example of rule.examples) {
      for (const text of [example, `see ${example} there`, `\n${example}\n`, `(${example})`]) {
        equal(redactText(text).counts[rule.name], 1, text);
      }
    }
  });

  Deno.test(`redactText masks every example of ${rule.name} in JSON escaped up to three times over`, () => {
    for (const example of rule.examples) {
      for (let depth = 1; depth <= 4; depth++) {
        const { text, counts } = redactText(escapedIn(`first line\n${example}\tlast "word"`, depth));
        equal(counts[rule.name], 1, `${example} at ${depth}`);
        const inner = unescapedFrom(text, depth);
        ok(inner.startsWith("first line\n") && inner.endsWith('\tlast "word"'), inner);
        ok(inner.includes(`[REDACTED:${rule.name}]`), inner);
      }
    }
  });

  Deno.test(`redactText leaves near misses of ${rule.name} alone`, () => {
    for (const nearMiss of rule.nearMisses) {
      for (const text of [nearMiss, `see ${nearMiss} there`, escapedIn(nearMiss, 1), escapedIn(nearMiss, 2)]) {
        equal(redactText(text).counts[rule.name], undefined, text);
      }
    }
  });
}
