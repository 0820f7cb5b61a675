import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";

import { type Node, parsePattern } from "../../src/domain/pattern_syntax.ts";

function tree(pattern: string): Node {
  const parsed = parsePattern(pattern);
  ok("node" in parsed, "reason" in parsed ? parsed.reason : pattern);
  return parsed.node;
}

/** The tree in a short notation: sets as the number of their members, repetitions with their bounds. */
function shown(node: Node): string {
  switch (node.kind) {
    case "set":
      return String(node.set.size);
    case "check":
      return "^";
    case "look":
      return `look(${shown(node.body)})`;
    case "sequence":
      return node.items.map(shown).join(" ");
    case "choice":
      return node.options.length === 1 ? shown(node.options[0] ?? node) : `(${node.options.map(shown).join("|")})`;
    case "repeat":
      return `${shown(node.body)}{${node.min},${node.max}${node.lazy ? ",lazy" : ""}}`;
  }
}

Deno.test("parsePattern reads characters, classes and escapes as sets", () => {
  equal(shown(tree("a\\.[a-c]\\d\\w")), "1 1 3 10 63");
  equal(shown(tree("[\\]\\-x][^]\\u{1F600}é🙂")), "3 129 1 1 1");
  equal(shown(tree("^a\\b$")), "^ 1 ^ ^");
});

Deno.test("parsePattern reads every quantifier", () => {
  equal(
    shown(tree("a*b+c?d{2}e{2,}f{2,3}g*?")),
    "1{0,Infinity} 1{1,Infinity} 1{0,1} 1{2,2} 1{2,Infinity} 1{2,3} 1{0,Infinity,lazy}",
  );
});

Deno.test("parsePattern reads groups, choices and looks", () => {
  equal(shown(tree("(?:a|bc)(?<n>d)(?=e)(?<!f)")), "(1|1 1) 1 look(1) look(1)");
});

Deno.test("parsePattern names what may not be used", () => {
  const reasons = ["(a)\\1", "(?<=a*)b", "(?i:a)"].map((pattern) => {
    const parsed = parsePattern(pattern);
    return "reason" in parsed ? parsed.reason : null;
  });
  deepEqual(reasons, ["a back reference", "lookbehind over more than 64 characters", "a group with flags"]);
});
