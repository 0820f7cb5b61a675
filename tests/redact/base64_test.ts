import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";

import { encodedSecrets } from "../../src/redact/base64.ts";
import { findSecrets } from "../../src/redact/scan.ts";
import { redactText } from "../../src/redact/redact.ts";
import { escapedIn, SECRETS, unescapedFrom } from "./shapes.ts";

const KEY = SECRETS["anthropic-api-key"] ?? "";
const FILE = `NODE_ENV=production\nANTHROPIC_API_KEY=${KEY}\n# Größe: 3\n`;
const ENCODED = btoa(String.fromCharCode(...new TextEncoder().encode(FILE)));
const MASK = "[REDACTED:anthropic-api-key]";

Deno.test("encodedSecrets finds a run whatever stands around it, at every offset", () => {
  for (let pad = 0; pad < 70; pad++) {
    const text = `${".".repeat(pad)} ${ENCODED}.`;
    const start = pad + 1;
    deepEqual(encodedSecrets(text, "whole", findSecrets), [{
      start,
      end: start + ENCODED.length,
      rule: "anthropic-api-key",
    }]);
  }
});

Deno.test("redactText masks a run in plain, URL-safe and wrapped form, at any depth of escaping", () => {
  const forms = [
    ENCODED,
    ENCODED.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
    ENCODED.replaceAll(/.{76}(?=.)/g, "$&\n"),
    ENCODED.replaceAll(/.{64}(?=.)/g, "$&\r\n"),
  ];
  for (const form of forms) {
    equal(redactText(`data: ${form}\nend`).text, `data: ${MASK}\nend`);
    for (let depth = 1; depth <= 3; depth++) {
      equal(unescapedFrom(redactText(escapedIn(`a\n${form}\nz`, depth)).text, depth), `a\n${MASK}\nz`);
    }
  }
});

Deno.test("redactText leaves Base64 alone that holds no text, or no secret", () => {
  const binary = btoa(Array.from({ length: 300 }, (_, index) => String.fromCharCode((index * 37) & 255)).join(""));
  for (
    const text of [binary, btoa("nothing but words, many of them, in one long line"), "a".repeat(300), "-".repeat(300)]
  ) {
    deepEqual(redactText(text), { text, counts: {} });
  }
});

Deno.test("redactText masks a run that the end of the text cuts, once its secret has begun", () => {
  const cut = ENCODED.slice(0, 72);
  equal(redactText(cut, "cut").text, MASK);
  equal(redactText(ENCODED.slice(0, 20), "cut").text, ENCODED.slice(0, 20));
});
