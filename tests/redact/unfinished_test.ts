import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { redactBody } from "../../src/redact/body.ts";
import { addLastWord, isCutJson, unfinishedWord } from "../../src/redact/unfinished.ts";
import { SECRET_KINDS, secretOf } from "../redaction/secret_shapes.ts";

Deno.test("unfinishedWord gives the last word, and the groups of a number", () => {
  const word = (text: string) => {
    const found = unfinishedWord(text);
    return found === null ? null : text.slice(found.start, found.end);
  };
  equal(word('{"a":"my key is key-8ab4c7'), "key-8ab4c7");
  equal(word('{"a":"write to garnet.pepp'), "garnet.pepp");
  equal(word('{"a":"card 4879 6527 12'), "4879 6527 12");
  equal(word('{"a":"IBAN GB59 WEST 12'), "IBAN GB59 WEST 12");
  equal(word('{"a":"so it goes'), null);
  equal(word('{"a":"a whole sentence, '), null);
  equal(word('{"a":"caf\\u00e9xyz12345'), "xyz12345");
});

Deno.test("isCutJson is sure of JSON that ends in the middle only", () => {
  deepEqual(['{"a":"b', "[1,", '{"a":1}\n', "[]", "plain text", "", "[default]\nregion = x"].map(isCutJson), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("addLastWord joins what overlaps under the name of what begins first", () => {
  const word = { start: 10, end: 20, rule: "unfinished" };
  const found = [{ start: 1, end: 3, rule: "a" }, { start: 8, end: 12, rule: "b" }, { start: 14, end: 16, rule: "c" }];
  deepEqual(addLastWord(found, word), [{ start: 1, end: 3, rule: "a" }, { start: 8, end: 20, rule: "b" }]);
  deepEqual(addLastWord([{ start: 12, end: 13, rule: "c" }], word), [word]);
  deepEqual(addLastWord([], null), []);
});

/** Cut bodies in which ten characters of the secret can be read. */
function leaks(body: (secret: string) => string): string[] {
  return SECRET_KINDS.filter((kind) => !kind.endsWith("documentation")).filter((kind) => {
    const [secret, other] = [secretOf(kind, "cut-1"), secretOf(kind, "cut-2")];
    return [12, Math.floor(secret.length / 2), secret.length - 1].some((length) => {
      const begun = secret.slice(0, length);
      const { text } = redactBody(body(begun), null);
      return Array.from({ length: Math.max(0, begun.length - 9) }, (_, at) => begun.slice(at, at + 10)).some(
        (stretch) => {
          return !other.includes(stretch) && !/---|\n-/.test(stretch) && text.includes(stretch);
        },
      );
    });
  });
}

/** Kinds of several lines that only their first line gives away. */
const OF_SEVERAL_LINES = ["putty-key"];

Deno.test("redactBody leaves no beginning of a secret at the end of JSON that was cut", () => {
  deepEqual(
    leaks((begun) => JSON.stringify({ messages: [{ content: `it is ${begun}` }] }).slice(0, -4)),
    OF_SEVERAL_LINES,
  );
});

Deno.test("redactBody leaves no beginning of a secret at the end of a stream that was cut", () => {
  const event = (text: string) =>
    `data: ${JSON.stringify({ type: "content_block_delta", index: 0, delta: { text } })}\n\n`;
  deepEqual(leaks((begun) => (`it is ${begun}`.match(/[^]{1,5}/g) ?? []).map(event).join("")), []);
});

Deno.test("redactBody keeps the last word of what is complete", () => {
  const text = "see commit 4f3a2b1c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a";
  const whole = JSON.stringify({ messages: [{ content: text }] });
  equal(redactBody(whole, null).text, whole);
  const stream = `data: ${JSON.stringify({ delta: { text: "see " } })}\n\ndata: ${
    JSON.stringify({ delta: { text: "abcdefgh12" } })
  }\n\ndata: [DONE]\n\n`;
  equal(redactBody(stream, null).text, stream);
  ok(redactBody("plain text that ends with abcdefgh12", "text/plain").text.endsWith("abcdefgh12"));
});
