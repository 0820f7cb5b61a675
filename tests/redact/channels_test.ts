import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";

import { redactBody } from "../../src/redact/body.ts";
import { deliveredBy, SECRETS, splits, streamOf, STREAMS, survivingPrefix } from "./shapes.ts";

for (const shape of STREAMS) {
  Deno.test(`streamEdits masks a secret split at every point of a stream: ${shape.name}`, () => {
    for (const [rule, secret] of Object.entries(SECRETS)) {
      for (const pieces of splits(`key: ${secret} end`)) {
        const { text, counts } = redactBody(streamOf(shape, pieces), shape.contentType);
        equal(deliveredBy(shape, text), `key: [REDACTED:${rule}] end`, JSON.stringify(pieces));
        deepEqual(counts, { [rule]: 1 });
      }
    }
  });

  Deno.test(`streamEdits keeps JSON inside a stream valid, split at every point: ${shape.name}`, () => {
    for (const [rule, secret] of Object.entries(SECRETS)) {
      const inner = JSON.stringify({ file: `a\n${secret}\tz`, note: 'say "yes"', n: 1 });
      for (const pieces of splits(inner)) {
        const { text } = redactBody(streamOf(shape, pieces, "\r\n"), shape.contentType);
        const delivered = JSON.parse(deliveredBy(shape, text));
        deepEqual(delivered, { file: `a\n[REDACTED:${rule}]\tz`, note: 'say "yes"', n: 1 });
      }
    }
  });

  Deno.test(`streamEdits lets no start of a secret stand when the stream is cut anywhere: ${shape.name}`, () => {
    const secret = SECRETS["github-token"] ?? "";
    const body = streamOf(shape, ["a ", ...(secret.match(/.{1,7}/g) ?? [])]);
    for (let end = 0; end <= body.length; end++) {
      const { text } = redactBody(body.slice(0, end), shape.contentType);
      const joined = text.split(/\n/).map((line) =>
        /"(?:text|thinking|partial_json|content|arguments|delta)":"([^"]*)/.exec(line)?.[1] ?? ""
      );
      ok(survivingPrefix(joined.join(""), secret) <= 8, text);
    }
  });
}

Deno.test("streamEdits keeps parallel texts of one stream apart", () => {
  const chat = (index: number, content: string) =>
    `data: ${JSON.stringify({ choices: [{ index, delta: { content } }] })}\n\n`;
  const body = chat(0, "sk-ant-api03-") + chat(1, "sk-proj-EXAMPLE0") + chat(0, "EXAMPLE0000example1111") +
    chat(1, "_example1-EXAMPLE2") +
    "data: [DONE]\n\n";
  deepEqual(redactBody(body, "text/event-stream"), {
    text: chat(0, "[REDACTED:anthropic-api-key]") + chat(1, "[REDACTED:openai-api-key]") + chat(0, "") + chat(1, "") +
      "data: [DONE]\n\n",
    counts: { "anthropic-api-key": 1, "openai-api-key": 1 },
  });
});

Deno.test("streamEdits changes only the events that hold a secret", () => {
  const plain = 'data: {"delta" :  "h\\u00e9"}\n\n';
  const body =
    `${plain}data: {"delta": "x sk-ant-\\u0061pi03-EXAMPLE0" , "n":1}\n\ndata: {"delta": "example1111\\ny"}\n\n${plain}`;
  const { text } = redactBody(body, "text/event-stream");
  equal(
    text,
    `${plain}data: {"delta": "x [REDACTED:anthropic-api-key]" , "n":1}\n\ndata: {"delta": "\\ny"}\n\n${plain}`,
  );
});

Deno.test("streamEdits finds a secret in the tokens of log probabilities", () => {
  const tokens = ["sk", "-ant", "-api03", "-EXAMPLE", "0exam", "ple11"];
  const chunk = { choices: [{ index: 0, logprobs: { content: tokens.map((token) => ({ token, logprob: -1 })) } }] };
  const { text } = redactBody(`data: ${JSON.stringify(chunk)}\n\n`, "text/event-stream");
  const left = JSON.parse(text.slice(6)).choices[0].logprobs.content.map((entry: { token: string }) => entry.token);
  deepEqual(left, ["[REDACTED:anthropic-api-key]", "", "", "", "", ""]);
});

Deno.test("streamEdits leaves a finished text that ends in a prefix alone, and masks it where the stream broke off", () => {
  const delta = (text: string) =>
    `data: {"type":"content_block_delta","index":0,"delta":{"text":${JSON.stringify(text)}}}\n\n`;
  const stop = 'data: {"type":"content_block_stop","index":0}\n\n';
  const body = delta("keys begin with ") + delta("sk-ant-");
  deepEqual(redactBody(body + stop, "text/event-stream"), { text: body + stop, counts: {} });
  deepEqual(redactBody(body, "text/event-stream").counts, { "anthropic-api-key": 1 });
});

Deno.test("streamEdits quotes the mask of a number that arguments hold in pieces", () => {
  const delta = (json: string) => `data: ${JSON.stringify({ type: "d", delta: json })}\n\n`;
  const { text } = redactBody(delta('{"card":4111') + delta('111111111111,"n":1}'), "text/event-stream");
  const joined = text.trim().split("\n\n").map((line) => JSON.parse(line.slice(6)).delta).join("");
  deepEqual(JSON.parse(joined), { card: "[REDACTED:credit-card]", n: 1 });
});

Deno.test("streamEdits leaves no half of an escape sequence when a piece begins inside it", () => {
  const delta = (json: string) => `data: ${JSON.stringify({ type: "d", delta: json })}\n\n`;
  const mask = "[REDACTED:email]";
  const cases = [
    ["a\nalice@example.com z", `a\n${mask} z`],
    ["a\u0001alice@example.com z", `a\u0001${mask} z`],
    ["\u0001noreply@example.com z", "\u0001noreply@example.com z"],
  ] as const;
  for (const [text, expected] of cases) {
    for (const pieces of splits(JSON.stringify({ text }))) {
      const redacted = redactBody(pieces.map(delta).join(""), "text/event-stream").text;
      const joined = redacted.trim().split("\n\n").map((line) => JSON.parse(line.slice(6)).delta).join("");
      const shown = JSON.parse(joined).text;
      // A piece that begins within "noreply" shows an address by itself.
      ok(shown === expected || (text.includes("noreply") && shown.includes(mask)), shown);
    }
  }
});
