import { strictEqual as equal } from "node:assert/strict";
import { isName, redactName, redactNamesIn } from "../../src/redact/names.ts";
import type { Find } from "../../src/redact/scan.ts";
import { secretOf } from "../redaction/secret_shapes.ts";

const KEY = secretOf("anthropic-api-key", "names");

Deno.test("isName tells names from text", () => {
  for (const name of ["", "claude-opus-5", "ft:gpt-4o:org::id", "models/gemini-3-pro@001", "a".repeat(256)]) {
    equal(isName(name), true, name);
  }
  for (const text of ["Ask the heron", "a\nb", "こんにちは", "a".repeat(257), "\u00a0"]) {
    equal(isName(text), false, text);
  }
});

Deno.test("redactName leaves names, masks secrets in them and replaces text", () => {
  equal(redactName("claude-opus-5"), "claude-opus-5");
  equal(redactName("msg_01XFDUDYJgAACzvnptvVoYEL"), "msg_01XFDUDYJgAACzvnptvVoYEL");
  equal(redactName(`model-${KEY}`), "model-[REDACTED:anthropic-api-key]");
  equal(redactName("Ask the heron"), "[REDACTED:text]");
});

Deno.test("redactName applies the rules that it is given", () => {
  const find: Find = (text) => text === "badge-17" ? [{ start: 0, end: 8, rule: "badge" }] : [];
  equal(redactName("badge-17", find), "[REDACTED:badge]");
});

Deno.test("redactNamesIn looks at strings and names and keeps every number", () => {
  const usage = {
    input_tokens: 12_345_678_901,
    cost: 0.25,
    cache: { tokens: 0, tier: "standard", note: "Ask the heron" },
    list: [KEY, 1, null, true],
    [KEY]: 1,
    "Ask the heron": 2,
  };
  equal(
    redactNamesIn(JSON.stringify(usage)),
    '{"input_tokens":12345678901,"cost":0.25,"cache":{"tokens":0,"tier":"standard","note":"[REDACTED:text]"},' +
      '"list":["[REDACTED:anthropic-api-key]",1,null,true]}',
  );
});
