import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";

import { KEEP_BEYOND_CUT, redactAndCut, truncateUtf8 } from "../../src/redact/cut.ts";
import { SECRETS, survivingPrefix } from "./shapes.ts";

const encoder = new TextEncoder();

const CUTTABLE: readonly (readonly [string, string])[] = [
  ...Object.values(SECRETS).map((secret) => [`key: ${secret}`, secret] as const),
  ["Authorization: Bearer example-token-of-words-0000", "example-token-of-words-0000"],
  ["Authorization: Basic ZXhhbXBsZTpleGFtcGxl", "ZXhhbXBsZTpleGFtcGxl"],
  [
    "POST https://hooks.slack.com/services/T00000000/B00000000/EXAMPLEexample0123456789",
    "T00000000/B00000000/EXAMPLEexample0123456789",
  ],
  ["db: postgres://example:example-pass-0000@db.internal/app", "example-pass-0000"],
  ['password="0000-example-pass-word"', "0000-example-pass-word"],
  ['{"refresh_token":"example-refresh-of-words"}', "example-refresh-of-words"],
  ["API_KEY=0a1b2c3d4e5f6a7b8c9d", "0a1b2c3d4e5f6a7b8c9d"],
  ["aws_secret_access_key = wJalrXUtnFEMI7K7MDENG0bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI7K7MDENG0bPxRfiCYEXAMPLEKEY"],
];

Deno.test("truncateUtf8 returns a short text as it is", () => {
  deepEqual(truncateUtf8("abc", 3), { text: "abc", truncated: false });
  deepEqual(truncateUtf8("", 0), { text: "", truncated: false });
  deepEqual(truncateUtf8("é🙂", 6), { text: "é🙂", truncated: false });
});

Deno.test("truncateUtf8 keeps the longest start of whole characters at every size", () => {
  const text = "aé日🙂z\u0301🙂";
  const size = encoder.encode(text).length;
  for (let bytes = 0; bytes <= size; bytes++) {
    const cut = truncateUtf8(text, bytes);
    ok(text.startsWith(cut.text) && cut.text.isWellFormed());
    const next = [...text.slice(cut.text.length)][0] ?? "";
    ok(encoder.encode(cut.text).length <= bytes);
    ok(next === "" || encoder.encode(cut.text + next).length > bytes);
    equal(cut.truncated, bytes < size);
  }
});

Deno.test("redactAndCut lets no start of a secret stand, wherever the cut is", () => {
  for (const [body, secret] of CUTTABLE) {
    for (
      const [text, contentType] of [[`a ${body} z`, "text/plain"], [
        JSON.stringify({ a: body, z: 1 }),
        "application/json",
      ]] as const
    ) {
      const shown = contentType === "text/plain" ? secret : JSON.stringify(secret).slice(1, -1);
      for (let bytes = 0; bytes <= text.length; bytes++) {
        const cut = redactAndCut(text, contentType, bytes);
        ok(survivingPrefix(cut.text, shown) <= 8, cut.text);
        ok(encoder.encode(cut.text).length <= bytes);
      }
    }
  }
});

Deno.test("redactAndCut lets no start of a secret stand, wherever the kept text ends", () => {
  for (const [body, secret] of CUTTABLE) {
    for (
      const [text, contentType] of [[`a ${body} z`, "text/plain"], [
        JSON.stringify({ a: body, z: 1 }),
        "application/json",
      ]] as const
    ) {
      const shown = contentType === "text/plain" ? secret : JSON.stringify(secret).slice(1, -1);
      for (let kept = 0; kept <= text.length; kept++) {
        const cut = redactAndCut(text.slice(0, kept), contentType, 1 << 20);
        ok(survivingPrefix(cut.text, shown) <= 8, cut.text);
      }
    }
  }
});

Deno.test("redactAndCut masks a long private key that the kept text ends in", () => {
  const pem = `-----BEGIN PRIVATE KEY-----\n${"EXAMPLE0example1EXAMPLE2example3\n".repeat(600)}`;
  const maxBytes = 1024;
  const kept = `a ${pem}`.slice(0, maxBytes + KEEP_BEYOND_CUT);
  deepEqual(redactAndCut(kept, "text/plain", maxBytes), {
    text: "a [REDACTED:private-key]",
    counts: { "private-key": 1 },
    truncated: false,
  });
});

Deno.test("redactAndCut cuts after redaction and says so", () => {
  const text = `${"x".repeat(20)} ${SECRETS["jwt"]} ${"y".repeat(100)}`;
  deepEqual(redactAndCut(text, "text/plain", 40), {
    text: `${"x".repeat(20)} [REDACTED:jwt] yyyy`,
    counts: { jwt: 1 },
    truncated: true,
  });
});
