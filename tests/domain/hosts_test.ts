import { strictEqual as equal } from "node:assert/strict";
import { INTERCEPTED_HOSTS, isIntercepted, normalizeHost } from "../../src/domain/hosts.ts";

Deno.test("INTERCEPTED_HOSTS are six normalized names", () => {
  equal(new Set(INTERCEPTED_HOSTS).size, 6);
  for (const host of INTERCEPTED_HOSTS) equal(normalizeHost(host), host);
});

Deno.test("normalizeHost lower-cases and drops one dot at the end", () => {
  equal(normalizeHost("API.OpenAI.com."), "api.openai.com");
  equal(normalizeHost("api.openai.com.."), "api.openai.com.");
  equal(normalizeHost("."), "");
  equal(normalizeHost(""), "");
});

Deno.test("isIntercepted takes the exact names only, no neighbours and no subdomains", () => {
  for (const host of INTERCEPTED_HOSTS) equal(isIntercepted(host), true, host);
  const others = [
    "",
    "openai.com",
    "x.api.openai.com",
    "api.openai.com.evil.test",
    "xapi.openai.com",
    "console.anthropic.com",
  ];
  for (const host of [...others, "API.OPENAI.COM", "api.openai.com.", "constructor"]) {
    equal(isIntercepted(host), false, host);
  }
});
