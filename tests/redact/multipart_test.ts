import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";

import { redactBody } from "../../src/redact/body.ts";
import { partsOf } from "../../src/redact/multipart.ts";
import { SECRETS } from "./shapes.ts";

const KEY = SECRETS["openai-api-key"] ?? "";
const MASK = "[REDACTED:openai-api-key]";
const TYPE = "multipart/form-data; boundary=X1";

function body(...parts: readonly (readonly [string, string])[]): string {
  return parts.map(([head, content]) => `--X1\r\n${head}\r\n\r\n${content}\r\n`).join("") + "--X1--\r\n";
}

Deno.test("partsOf tells where each part is and what it holds", () => {
  const text = body(['Content-Disposition: form-data; name="a"', "1\r\n2"], [
    'content-disposition: form-data; name="f"; filename="x.json"\r\nContent-Type: application/json',
    "{}",
  ]);
  const parts = partsOf(text, TYPE) ?? [];
  deepEqual(parts.map(({ start, end, ...part }) => ({ ...part, content: text.slice(start, end) })), [
    { contentType: null, name: "a", isFile: false, content: "1\r\n2" },
    { contentType: "application/json", name: "f", isFile: true, content: "{}" },
  ]);
});

Deno.test("partsOf takes a quoted boundary, one that only the body tells, and a body cut anywhere", () => {
  const text = body(['Content-Disposition: form-data; name="a"', "one"], [
    'Content-Disposition: form-data; name="b"',
    "two",
  ]);
  equal(partsOf(text, 'multipart/mixed; boundary="X1"')?.length, 2);
  equal(partsOf(text, "multipart/form-data")?.length, 2);
  equal(partsOf("no parts here", TYPE), null);
  for (let end = 0; end <= text.length; end++) {
    for (const part of partsOf(text.slice(0, end), TYPE) ?? []) ok(part.start <= part.end && part.end <= end);
  }
});

Deno.test("redactBody reads each part as what it says it is", () => {
  const lines = [{ delta: KEY.slice(0, 12) }, { delta: KEY.slice(12) }].map((line) => JSON.stringify(line)).join("\n");
  const text = body(
    ['Content-Disposition: form-data; name="api_key"', "short"],
    ['Content-Disposition: form-data; name="note"', `key ${KEY}`],
    ['Content-Disposition: form-data; name="file"; filename="b.jsonl"\r\nContent-Type: application/jsonl', lines],
    ['Content-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png', `\u0089PNG ${KEY}`],
  );
  const redacted = redactBody(text, TYPE);
  equal(
    redacted.text,
    body(
      ['Content-Disposition: form-data; name="api_key"', "[REDACTED:query]"],
      ['Content-Disposition: form-data; name="note"', `key ${MASK}`],
      [
        'Content-Disposition: form-data; name="file"; filename="b.jsonl"\r\nContent-Type: application/jsonl',
        `{"delta":"${MASK}"}\n{"delta":""}`,
      ],
      ['Content-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png', `\u0089PNG ${KEY}`],
    ),
  );
  deepEqual(redacted.counts, { query: 1, "openai-api-key": 2 });
});

Deno.test("redactBody searches a body as text that is not what its content type says", () => {
  equal(redactBody(`x ${KEY}`, TYPE).text, `x ${MASK}`);
});
