import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";

import { redactBody } from "../../src/redact/body.ts";
import { SECRETS } from "./shapes.ts";

const KEY = "sk-ant-api03-EXAMPLE0000example1111EXAMPLE2222-AA";
const MASK = "[REDACTED:anthropic-api-key]";

Deno.test("redactBody keeps JSON valid, whatever the content type says", () => {
  const document = { messages: [{ content: `use ${KEY}` }], note: 'a "quoted" word', api_key: "0123example4567" };
  for (const contentType of ["application/json", "text/plain", null]) {
    for (const indent of [0, 2]) {
      const { text, counts } = redactBody(JSON.stringify(document, null, indent), contentType);
      deepEqual(JSON.parse(text), {
        ...document,
        messages: [{ content: `use ${MASK}` }],
        api_key: "[REDACTED:assigned-secret]",
      });
      deepEqual(counts, { "anthropic-api-key": 1, "assigned-secret": 1 });
    }
  }
});

Deno.test("redactBody masks each line of JSON lines and a secret split over lines", () => {
  const lines = [{ delta: `${KEY.slice(0, 20)}` }, { delta: KEY.slice(20) }, { other: KEY }].map((line) =>
    JSON.stringify(line)
  );
  for (const contentType of ["application/x-ndjson", "application/jsonl", null]) {
    const { text, counts } = redactBody(lines.join("\n") + "\n", contentType);
    deepEqual(text.trimEnd().split("\n").map((line) => JSON.parse(line)), [{ delta: MASK }, { delta: "" }, {
      other: MASK,
    }]);
    deepEqual(counts, { "anthropic-api-key": 2 });
  }
});

Deno.test("redactBody masks a secret split over the chunks of a JSON array, whole or without its end", () => {
  const chunk = (text: string) => JSON.stringify({ candidates: [{ content: { parts: [{ text }] } }] });
  const body = `[${chunk(`a ${KEY.slice(0, 11)}`)},\r\n${chunk(KEY.slice(11))},\n${chunk(" z")}\n]`;
  const { text } = redactBody(body, "application/json; charset=UTF-8");
  equal(text, `[${chunk(`a ${MASK}`)},\r\n${chunk("")},\n${chunk(" z")}\n]`);
  ok(redactBody(body.slice(0, -3), "application/json").text.startsWith(`[${chunk(`a ${MASK}`)},\r\n${chunk("")}`));
});

Deno.test("redactBody masks form fields by their names", () => {
  const body = "grant_type=refresh_token&refresh_token=example%2Drefresh&client_id=app&code=abc";
  deepEqual(redactBody(body, "application/x-www-form-urlencoded"), {
    text: "grant_type=refresh_token&refresh_token=[REDACTED:query]&client_id=app&code=[REDACTED:query]",
    counts: { query: 2 },
  });
});

Deno.test("redactBody masks every kind of secret in plain text", () => {
  for (const [rule, secret] of Object.entries(SECRETS)) {
    deepEqual(redactBody(`a ${secret} z`, "text/plain"), { text: `a [REDACTED:${rule}] z`, counts: { [rule]: 1 } });
  }
});

Deno.test("redactBody changes no byte of an event stream without secrets", () => {
  const body =
    ': keep-alive\r\nevent: a\r\ndata: {"delta": "he\\u006Clo", "n":1.0}\r\n\r\nid: 7\rdata:[DONE]\r\rdata: cut {"a';
  deepEqual(redactBody(body, "text/event-stream"), { text: body, counts: {} });
});

Deno.test("redactBody knows an event stream by its looks", () => {
  const body = `data: {"delta":"${KEY.slice(0, 12)}"}\n\ndata: {"delta":"${KEY.slice(12)}"}\n\n`;
  equal(redactBody(body, null).text, `data: {"delta":"${MASK}"}\n\ndata: {"delta":""}\n\n`);
});
