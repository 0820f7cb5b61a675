import { ok, strictEqual as equal } from "node:assert/strict";
import { findBlocks, holdsBlock, withBlock, withoutBlock } from "../../../src/os/environment/marked_block.ts";

const LINES = ["# one", "two"];
const BLOCK = "# >>> halton-meter >>>\n# one\ntwo\n# <<< halton-meter <<<\n";

Deno.test("withBlock and withoutBlock together give every text back byte for byte", () => {
  for (const text of ["", "\n", "a", "a\n", "a\r\nb\r\n", "a\r\nb", "\xe4\xff\n\n\n", "# a comment\n\tb  \n"]) {
    const put = withBlock(text, LINES);
    ok(put !== null && holdsBlock(put, LINES), JSON.stringify(text));
    ok(put.startsWith(text));
    equal(withoutBlock(put), text);
    equal(withBlock(put, LINES), put);
  }
});

Deno.test("withBlock replaces a block where it stands", () => {
  equal(withBlock(`a\n${BLOCK.replace("two", "old\nmore")}b\n`, LINES), `a\n${BLOCK}b\n`);
});

Deno.test("withBlock makes one block of several", () => {
  equal(withBlock(`a\n${BLOCK}b\n${BLOCK}c`, LINES), `a\n${BLOCK}b\nc`);
  equal(withoutBlock(`a\n${BLOCK}b\n${BLOCK}c`), "a\nb\nc");
});

Deno.test("withoutBlock keeps lines that came after a block whose file had no last line end", () => {
  equal(withoutBlock(`${withBlock("a", LINES)}later\n`), "a\nlater\n");
});

Deno.test("findBlocks knows marks that were indented or given other line ends", () => {
  const edited = `a\r\n${BLOCK.replaceAll("\n", "\r\n").replace("# >>>", "\t# >>>")}b`;
  equal(findBlocks(edited).kind, "blocks");
  ok(!holdsBlock(edited, LINES));
  equal(withBlock(edited, LINES), `a\r\n${BLOCK}b`);
  equal(withoutBlock(edited), "a\r\nb");
});

Deno.test("findBlocks says what is wrong with marks that do not pair, and nothing is changed then", () => {
  const [begin, end] = ["# >>> halton-meter >>>\n", "# <<< halton-meter <<<\n"];
  for (const text of [begin, end, `${begin}a\n${begin}b\n${end}`, `${BLOCK}${end}`, `${end}${begin}`]) {
    equal(findBlocks(text).kind, "broken", text);
    equal(withBlock(text, LINES), null);
    equal(withoutBlock(text), null);
  }
});

Deno.test("holdsBlock wants exactly these lines in exactly one block", () => {
  ok(holdsBlock(`a\n${BLOCK}b`, LINES));
  ok(!holdsBlock(`${BLOCK}${BLOCK}`, LINES));
  ok(!holdsBlock(BLOCK.replace("two", "three"), LINES));
  ok(!holdsBlock("", LINES));
});
