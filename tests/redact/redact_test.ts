import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";

import { redactText } from "../../src/redact/redact.ts";
import { RULES } from "../../src/redact/rules.ts";
import { escapedIn, SECRETS, unescapedFrom } from "./shapes.ts";

const KEY = "sk-ant-api03-EXAMPLE0000example1111EXAMPLE2222-AA";

Deno.test("redactText replaces a secret and keeps everything else", () => {
  deepEqual(redactText(`before ${KEY}, after`), {
    text: "before [REDACTED:anthropic-api-key], after",
    counts: { "anthropic-api-key": 1 },
  });
});

Deno.test("redactText returns a text without secrets as it was", () => {
  const text = "Nothing to see: 日本 🙂 \u0000 \ud800";
  deepEqual(redactText(text), { text, counts: {} });
  deepEqual(redactText(""), { text: "", counts: {} });
});

Deno.test("redactText counts each secret once under each rule", () => {
  const { counts } = redactText(`${KEY} ${KEY} alice@example.com 4111 1111 1111 1111 api_key="0123example4567"`);
  deepEqual(counts, { "anthropic-api-key": 2, "email": 1, "credit-card": 1, "assigned-secret": 1 });
});

Deno.test("redactText names overlapping finds by the specific rule and masks them once", () => {
  const mask = "[REDACTED:anthropic-api-key]";
  deepEqual(redactText(`Authorization: Bearer ${KEY}`).text, `Authorization: Bearer ${mask}`);
  deepEqual(redactText(`{"api_key":"${KEY}"}`).text, `{"api_key":"${mask}"}`);
  deepEqual(redactText(`ANTHROPIC_API_KEY=${KEY}`).counts, { "anthropic-api-key": 1 });
});

Deno.test("redactText masks the whole of two finds that overlap in part", () => {
  const { text, counts } = redactText(`password="${KEY}.tail0000"`);
  equal(text, 'password="[REDACTED:assigned-secret]"');
  deepEqual(counts, { "assigned-secret": 1 });
});

Deno.test("redactText masks a key that is longer than any known one to its end", () => {
  equal(redactText(`x ${KEY}${"A".repeat(5000)} y`).text, "x [REDACTED:anthropic-api-key] y");
  equal(redactText(`token=${"a1B2c3D4e5F6".repeat(1000)} y`).text, "token=[REDACTED:assigned-secret] y");
});

Deno.test("redactText finds a secret right after an escape sequence, a percent escape or a colour", () => {
  for (const before of ["\\n", "\\t", "\\\\n", "\\u003d", "\\u001b[0m", "\u001b[1;31m", "key%3D", "="]) {
    equal(redactText(`x${before}${KEY}`).text, `x${before}[REDACTED:anthropic-api-key]`);
  }
});

Deno.test("redactText leaves no half of an escape sequence before an address", () => {
  for (const text of ["a\nalice@example.com\tb", "\u0001alice@example.com", "\\nalice@example.com"]) {
    for (let depth = 1; depth <= 3; depth++) {
      const redacted = redactText(escapedIn(text, depth));
      equal(redacted.counts["email"], 1);
      ok(unescapedFrom(redacted.text, depth).includes("[REDACTED:email]"));
    }
  }
});

Deno.test("redactText keeps escaped quotes inside a masked value from ending it", () => {
  const password = 'ab"cd\\0123"ef\\';
  for (let depth = 1; depth <= 3; depth++) {
    const body = escapedIn(JSON.stringify({ password, next: "kept" }), depth);
    const inner = JSON.parse(unescapedFrom(redactText(body).text, depth));
    deepEqual(inner, { password: "[REDACTED:assigned-secret]", next: "kept" });
  }
});

Deno.test("redactText keeps JSON valid where a name at a string's end meets the next string", () => {
  const values = [
    "the password:",
    "x0123456789",
    "token=",
    "api_key: ",
    1234567890123,
    "secret='",
    "9a8b7c6d5e4f",
    "bearer ",
  ];
  for (
    const document of [values, { a: values, b: [...values].reverse() }, Object.fromEntries(values.map((v) => [v, v]))]
  ) {
    const text = JSON.stringify(document);
    deepEqual(JSON.parse(redactText(text).text), document);
  }
});

Deno.test("redactText quotes the mask of a bare number in JSON at any depth", () => {
  const card = 4111111111111111;
  const spaced = '{ "card" :\n 4111111111111111 , "list":[4111111111111111]}';
  const mask = "[REDACTED:credit-card]";
  deepEqual(JSON.parse(redactText(spaced).text), { card: mask, list: [mask] });
  for (let depth = 1; depth <= 3; depth++) {
    const inner = unescapedFrom(redactText(escapedIn(JSON.stringify({ card }), depth)).text, depth);
    deepEqual(JSON.parse(inner), { card: mask });
  }
});

Deno.test("redactText adds no quotes to a number inside a string or in plain text", () => {
  const mask = "[REDACTED:credit-card]";
  deepEqual(JSON.parse(redactText('{"a":": 4111111111111111, b","c":"[4111111111111111]"}').text), {
    a: `: ${mask}, b`,
    c: `[${mask}]`,
  });
  equal(redactText("id,4111111111111111,2030").text, `id,${mask},2030`);
});

Deno.test("redactText changes nothing in an ordinary request", () => {
  const body = {
    model: "claude-sonnet-4-5",
    max_tokens: 4096,
    system: [{ type: "text", text: "You are careful.", cache_control: { type: "ephemeral", ttl: "1h" } }],
    metadata: { user_id: "user_0a1b_account__session_550e8400-e29b-41d4-a716-446655440000" },
    tools: [{
      name: "login",
      input_schema: { properties: { password: { type: "string" }, token: { type: "string" } } },
    }],
    messages: [
      {
        role: "user",
        content: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 at 1700000000000",
      },
      {
        role: "user",
        content: [{ type: "image", source: { data: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ+/eyJ0" } }],
      },
      {
        role: "assistant",
        content: [{ type: "tool_use", id: "toolu_01A09q90qw90lq917835lq9", input: { file: "a@2x.png" } }],
      },
      {
        role: "assistant",
        content: [{ type: "thinking", thinking: "hm", signature: "EqQBCgIYAhIM1gbcDa9GJwZA2b3h==" }],
      },
    ],
    usage: { input_tokens: 12, output_tokens: 7, cache_read_input_tokens: 0, completion_tokens_details: {} },
    vector: [0.4111111111111111, -0.5555555555554444, 1e-7],
  };
  const text = JSON.stringify(body);
  deepEqual(redactText(text), { text, counts: {} });
});

Deno.test("redactText finds nothing in its own output", () => {
  const text = RULES.flatMap((rule) => rule.examples).join("\n");
  const once = redactText(text);
  deepEqual(redactText(once.text), { text: once.text, counts: {} });
});

Deno.test("redactText masks a secret that the end cuts only where the text is said to be cut", () => {
  const text = "the key is sk-ant-api03-EX";
  deepEqual(redactText(text), { text, counts: {} });
  equal(redactText(text, "cut").text, "the key is [REDACTED:anthropic-api-key]");
});

Deno.test("redactText masks secrets among characters beyond ASCII", () => {
  for (const secret of Object.values(SECRETS)) {
    const { text } = redactText(`日本${secret}日本`);
    ok(text.startsWith("日本[REDACTED:") && text.endsWith("日本"), text);
  }
});
