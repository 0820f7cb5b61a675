import { ok, strictEqual as equal } from "node:assert/strict";

import { judgePattern, REACH } from "../../src/domain/pattern_cost.ts";

const CHEAP = [
  "B-\\d{6}",
  "corp-[a-z0-9]{20,}",
  "tok_[A-Za-z0-9]{20,40}_[0-9]+",
  "(?:alpha|beta)-\\d{4}-[A-Z]+",
  "[\\w.+-]+@corp\\.internal",
  "EMP(?<number>\\d{5})\\b",
  "(?<=key: )[a-f0-9]{32}",
  "(?:\\d{1,3}\\.){3}\\d{1,3}",
  "^ID\\s*=\\s*\\S+",
  "\\p{Lu}{2}-\\u0041\\x42\\d{3}",
  "(a|b)*c",
  "日本-\\d+",
];

const COSTLY = [
  "(a+)+$",
  "(a|aa)+x",
  "(?:a*)*b",
  "([a-z]+\\d*)*!",
  "(?:\\w|\\d)+-",
  ".*foo.*bar",
  "\\w+\\w+\\w+x",
  "(x{1,50}){1,50}y",
  "(?:a?){200}b",
];

const UNKNOWN = ["(a)\\1", "(?<n>a)\\k<n>", "(?<=a+)b", "(?<=\\w{100})b", "(?i:abc)"];

Deno.test("judgePattern lets ordinary patterns through", () => {
  for (const pattern of CHEAP) {
    const judged = judgePattern(pattern);
    ok(judged.ok, `${pattern}: ${judged.ok || judged.reason}`);
  }
});

Deno.test("judgePattern refuses patterns that can be made to try combinations, and says why", () => {
  for (const pattern of COSTLY) {
    const judged = judgePattern(pattern);
    ok(!judged.ok && /repetitions/.test(judged.reason), pattern);
  }
});

Deno.test("judgePattern refuses constructs whose cost it cannot tell", () => {
  for (const pattern of UNKNOWN) ok(!judgePattern(pattern).ok, pattern);
});

Deno.test("judgePattern keeps what a pattern matches, up to its reach", () => {
  const texts = [
    "B-123456",
    "corp-0123456789abcdefghij",
    "a-9 b",
    "x@corp.internal",
    "EMP12345",
    "ID = abc",
    "1.2.3.4",
    "abbac",
  ];
  for (const pattern of CHEAP) {
    const judged = judgePattern(pattern);
    ok(judged.ok);
    for (const text of texts) {
      equal(new RegExp(judged.source, "u").exec(text)?.[0], new RegExp(pattern, "u").exec(text)?.[0], pattern);
    }
  }
});

Deno.test("judgePattern bounds what repeats before the end of a pattern, and nothing at its end", () => {
  const judged = judgePattern("a+b+");
  ok(judged.ok);
  const pattern = new RegExp(`^(?:${judged.source})$`, "u");
  ok(pattern.test("a".repeat(REACH) + "b".repeat(10_000)));
  ok(!pattern.test("a".repeat(REACH + 2) + "b"));
});

Deno.test("judgePattern lets nothing through that takes long on the text it is worst at", () => {
  for (const pattern of CHEAP) {
    const judged = judgePattern(pattern);
    ok(judged.ok);
    for (const unit of ["a", "1", "ab", "corp-a", "tok_a", " ", "1.", "x@"]) {
      const started = performance.now();
      new RegExp(judged.source, "gu").test(unit.repeat(64 * 1024 / unit.length));
      ok(performance.now() - started < 500, `${pattern} on ${unit}`);
    }
  }
});
