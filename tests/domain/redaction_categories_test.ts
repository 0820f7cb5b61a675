import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";

import { builtInRuleNames, categoryOf, REDACTION_CATEGORIES } from "../../src/domain/redaction_categories.ts";
import { RULES } from "../../src/redact/rules.ts";

Deno.test("builtInRuleNames are the rules of the table, and what is masked by its name", () => {
  const table = RULES.map(({ name }) => name);
  deepEqual(builtInRuleNames().toSorted(), [...table, "header", "query", "text", "unfinished"].toSorted());
});

Deno.test("categoryOf knows every built-in rule, and takes other names for the user's", () => {
  equal(categoryOf("aws-access-key"), "cloud");
  equal(categoryOf("query"), "credential");
  equal(categoryOf("internal-token"), "custom");
  equal(categoryOf("constructor"), "custom");
  for (const name of builtInRuleNames()) equal(categoryOf(name) === "custom", false, name);
  deepEqual(new Set([...builtInRuleNames().map(categoryOf), "custom"]), new Set(REDACTION_CATEGORIES));
});
