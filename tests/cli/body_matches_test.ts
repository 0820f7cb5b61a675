import { match, strictEqual as equal } from "node:assert/strict";
import { createFinder } from "../../src/cli/body_matches.ts";

function event(text: string, index = 0): string {
  return `data: ${JSON.stringify({ type: "content_block_delta", index, delta: { type: "text_delta", text } })}\n\n`;
}

Deno.test("createFinder finds words in any case, as typed and as JSON writes them", () => {
  const body = JSON.stringify({ content: 'The "Heron" stands\nin cold Wäter' });
  equal(createFinder("hErOn")(body), '{"content":"The \\"Heron\\" stands\\nin cold Wäter"}');
  equal(createFinder('"heron" STANDS')(body) === null, false);
  equal(createFinder("stands\nin")(body) === null, false);
  equal(createFinder("wäter")('{"a":"cold w\\u00e4ter"}'), '{"a":"cold w\\u00e4ter"}');
  equal(createFinder("egret")(body), null);
});

Deno.test("createFinder cuts the place out and makes it harmless", () => {
  const body = `${"x".repeat(500)} here \u001b[2J\n\n it is ${"y".repeat(500)}`;
  const excerpt = createFinder("HERE")(body) ?? "";
  match(excerpt, /^…x+ here \ufffd\[2J it is y+…$/);
  equal(excerpt.length < 100, true);
});

Deno.test("createFinder joins what a stream delivers in pieces, each stream by itself", () => {
  const body = ["event: x\n", event("The her"), event("other ", 1), event("on sta"), event("stream", 1), event("nds")]
    .join("");
  equal(createFinder("heron stands")(body), "The heron stands");
  equal(createFinder("other stream")(body), "other stream");
  equal(createFinder("her other")(body), null);
});

Deno.test("createFinder joins the chunks of an array, and takes a cut one as it stands", () => {
  const chunk = (text: string) => ({ candidates: [{ content: { parts: [{ text }] } }] });
  const body = JSON.stringify([chunk("cold wa"), chunk("ter")]);
  equal(createFinder("cold water")(body), "cold water");
  equal(createFinder("cold wa")(body.slice(0, -3)) === null, false);
});
