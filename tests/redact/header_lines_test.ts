import { deepStrictEqual as deepEqual } from "node:assert/strict";

import { redactFields } from "../../src/redact/header_lines.ts";

Deno.test("redactFields masks sensitive fields whole and keeps names, order and case", () => {
  const names = [
    "Authorization",
    "Proxy-Authorization",
    "x-api-key",
    "Api-Key",
    "X-Goog-Api-Key",
    "Cookie",
    "Set-Cookie",
    "Sec-WebSocket-Protocol",
    "ChatGPT-Account-Id",
    "OpenAI-Organization",
    "OpenAI-Project",
    "x-codex-turn-metadata",
    "x-oai-is-update",
  ];
  for (const name of names) {
    deepEqual(redactFields(["Host", "api.openai.com", name, "anything at all", "Accept", "*/*"]), [
      "Host",
      "api.openai.com",
      name,
      "[REDACTED:header]",
      "Accept",
      "*/*",
    ]);
  }
});

Deno.test("redactFields redacts addresses by their query", () => {
  deepEqual(redactFields(["Location", "https://host.internal/cb?code=abc&x=1"]), [
    "Location",
    "https://host.internal/cb?code=[REDACTED:query]&x=1",
  ]);
});

Deno.test("redactFields searches other values like any text", () => {
  deepEqual(redactFields(["X-Debug", "key sk-ant-api03-EXAMPLE0000example1111", "Retry-After", "30"]), [
    "X-Debug",
    "key [REDACTED:anthropic-api-key]",
    "Retry-After",
    "30",
  ]);
});

Deno.test("redactFields leaves ordinary fields as they are", () => {
  const fields = [
    "User-Agent",
    "claude-cli/2.0.1 (external, cli)",
    "anthropic-version",
    "2023-06-01",
    "content-type",
    "application/json",
    "request-id",
    "req_011CSHoEeqs5C35K2UUqR7Fy",
    "cf-ray",
    "9a8b7c6d5e4f3a2b-FRA",
    "anthropic-ratelimit-input-tokens-remaining",
    "4000000",
    "lone-name",
  ];
  deepEqual(redactFields(fields), fields);
});
