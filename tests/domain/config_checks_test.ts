import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import {
  describeValue,
  formatKeyPath,
  integer,
  listOf,
  origin,
  ownValue,
  type Problem,
} from "../../src/domain/config_checks.ts";

Deno.test("formatKeyPath writes paths as TOML would", () => {
  equal(formatKeyPath(["pricing", "overrides", 0, "input"]), "pricing.overrides[0].input");
  equal(formatKeyPath(["upstream", "map", "api.openai.com"]), 'upstream.map."api.openai.com"');
  equal(formatKeyPath(["a\nb"]), '"a\\nb"');
  equal(formatKeyPath(["bodies", "a".repeat(41)]), "bodies.…", "perhaps a secret");
  equal(formatKeyPath(["a1b2c3d4e5f6"]), "…", "perhaps a secret");
});

Deno.test("describeValue shows numbers and booleans only", () => {
  deepEqual(["x", 1.5, false, [1], { a: 1 }, new Date(0), undefined].map(describeValue), [
    "a string",
    "1.5",
    "false",
    "a list",
    "a table",
    "a date or time",
    "nothing",
  ]);
});

Deno.test("integer includes both ends of its range", () => {
  const check = integer("a number", 1, 3);
  const seen = [0, 1, 3, 4].map((value) => check(value, { path: ["n"], problems: [] }));
  deepEqual(seen, [undefined, 1, 3, undefined]);
});

Deno.test("listOf reports every bad item", () => {
  const problems: Problem[] = [];
  equal(listOf(origin)(["http://a", "b", "http://c/", "null"], { path: ["list"], problems }), undefined);
  deepEqual(problems.map(({ keyPath }) => keyPath), ["list[1]", "list[2]", "list[3]"]);
});

Deno.test("ownValue does not see inherited names", () => {
  equal(ownValue({}, "toString"), undefined);
  equal(ownValue({ a: 1 }, "a"), 1);
});
