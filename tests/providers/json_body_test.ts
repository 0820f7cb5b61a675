import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { JsonBody } from "../../src/providers/json_body.ts";
import { cuts, utf8 } from "./cuts.ts";

function contentOf(pieces: readonly Uint8Array[], cap?: number) {
  const body = new JsonBody(cap);
  for (const piece of pieces) body.read(piece);
  return body.content();
}

Deno.test("JsonBody parses a body below its cap however it is cut", () => {
  const value = { id: "résumé", usage: { input_tokens: 3 } };
  for (const pieces of cuts(utf8(JSON.stringify(value)))) deepEqual(contentOf(pieces), { kind: "whole", value });
});

Deno.test("JsonBody tells an empty body, a cut one and one that is not JSON", () => {
  equal(contentOf([]).kind, "empty");
  deepEqual(contentOf([utf8('{"id":"a","model":"m","content":[{"te')]), {
    kind: "broken",
    value: { id: "a", model: "m" },
  });
  deepEqual(contentOf([utf8("<html>")]), { kind: "broken", value: {} });
});

Deno.test("JsonBody finds head and tail members of a body above its cap, whatever model text says", () => {
  const text = '"usage":{"input_tokens":1},"model":"fake"} "usage": {"input_tokens":2}}';
  const document = {
    id: "real",
    model: "m",
    content: [{ type: "text", usage: { input_tokens: 4 }, text: text.repeat(3000) }],
    last: [{ usage: { input_tokens: 5 }, text, word: "usage" }],
    usage: { input_tokens: 7, nested: { usage: { input_tokens: 8 } } },
    closing: { usage: { input_tokens: 9 }, text },
  };
  for (const indent of [0, 2]) {
    const bytes = utf8(JSON.stringify(document, null, indent) + "\n");
    const expected = { kind: "members", value: { id: "real", model: "m", usage: document.usage } };
    for (const size of [bytes.length, 1000, 65_536, 65_537, 17]) {
      const pieces = Array.from(
        { length: Math.ceil(bytes.length / size) },
        (_, at) => bytes.slice(at * size, (at + 1) * size),
      );
      deepEqual(contentOf(pieces, 1024), expected, `pieces of ${size}`);
    }
  }
});

Deno.test("JsonBody finds usage inside the envelope of a body above its cap", () => {
  const document = {
    response: { candidates: ["x".repeat(200_000)], usageMetadata: { promptTokenCount: 1 } },
    traceId: "t",
  };
  deepEqual(contentOf([utf8(JSON.stringify(document))], 1000), {
    kind: "members",
    value: { response: { usageMetadata: { promptTokenCount: 1 } }, traceId: "t" },
  });
});

Deno.test("JsonBody calls a body above its cap broken when its end is missing", () => {
  const document = JSON.stringify({ id: "a", content: "x".repeat(200_000), usage: { input_tokens: 3 } });
  deepEqual(contentOf([utf8(document.slice(0, -1))], 1000), { kind: "broken", value: { id: "a" } });
});
