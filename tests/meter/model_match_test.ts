import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Provider } from "../../src/domain/exchange.ts";
import { indexNames, normalizeModel } from "../../src/meter/model_match.ts";
import { createRateTable } from "../../src/meter/rates.ts";

const NOW = Date.UTC(2026, 10, 21);
const table = createRateTable();

function meant(provider: Provider, model: string): string {
  const found = table.find(provider, model, NOW);
  return found === null ? "unknown" : `${found.match} ${found.rate.id}`;
}

function check(provider: Provider, cases: Readonly<Record<string, string>>): void {
  for (const [model, want] of Object.entries(cases)) equal(meant(provider, model), want, model);
}

Deno.test("NameIndex finds Anthropic names by id, alias and date, and nothing by likeness", () => {
  check("anthropic", {
    "claude-opus-5": "exact claude-opus-5",
    "claude-opus-5-20260724": "alias claude-opus-5",
    "claude-opus-5-latest": "alias claude-opus-5",
    "claude-opus-5-5": "exact claude-opus-5-5",
    "claude-opus-5-5-20260922": "alias claude-opus-5-5",
    "claude-opus-5-6": "unknown",
    "claude-opus-5-fast": "unknown",
    "claude-opus-55": "unknown",
    "claude-sonnet-5": "exact claude-sonnet-5",
    "claude-sonnet-5-5": "exact claude-sonnet-5-5",
    "claude-sonnet-5-5-20260922": "alias claude-sonnet-5-5",
    "claude-sonnet-5-6": "unknown",
    "claude-sonnet-5-6-20270101": "unknown",
    "claude-sonnet-5.6": "unknown",
    "claude-sonnet-50": "unknown",
    "claude-sonnet-5-preview": "pattern claude-sonnet-5",
    "claude-sonnet-5-preview-thinking": "unknown",
    "claude-haiku-5-5": "exact claude-haiku-5-5",
    "claude-haiku-4-5-20251001": "alias claude-haiku-4-5",
    "claude-haiku-4-5@20251001": "alias claude-haiku-4-5",
    "claude-haiku-4-50": "unknown",
    "claude-mythos-5-2": "unknown",
    "claude-sonnet-4-20250514": "alias claude-sonnet-4-0",
    "claude-opus-4-20250514": "alias claude-opus-4-0",
    "claude-opus-4-1-20250805": "alias claude-opus-4-1",
    "claude-3-7-sonnet-20250219": "alias claude-3-7-sonnet-latest",
    "claude-3-5-sonnet-20241022": "alias claude-3-5-sonnet",
    "claude-3-5-sonnet-20241399": "unknown",
    "my-claude-opus-5": "unknown",
    "claude": "unknown",
  });
});

Deno.test("NameIndex keeps OpenAI sizes and generations apart", () => {
  check("openai", {
    "gpt-4o": "exact gpt-4o",
    "gpt-4o-2024-08-06": "alias gpt-4o",
    "gpt-4o-2024-05-13": "exact gpt-4o-2024-05-13",
    "gpt-4o-mini": "exact gpt-4o-mini",
    "gpt-4o-mini-2024-07-18": "alias gpt-4o-mini",
    "gpt-4o-audio-preview": "exact gpt-4o-audio-preview",
    "gpt-4o-audio-preview-2025-06-03": "alias gpt-4o-audio-preview",
    "gpt-4o-realtime-preview-2024-12-17": "alias gpt-4o-realtime-preview",
    "gpt-4o-nano": "unknown",
    "gpt-5": "exact gpt-5",
    "gpt-5-2025-08-07": "alias gpt-5",
    "gpt-5-nano-2025-08-07": "alias gpt-5-nano",
    "gpt-5-nano-fast": "unknown",
    "gpt-5-nano-2": "unknown",
    "gpt-5.6": "alias gpt-5.6-sol",
    "gpt-5.6-sol-2026-08-21": "alias gpt-5.6-sol",
    "gpt-5.7": "unknown",
    "gpt-5-6-terra": "alias gpt-5.6-terra",
    "gpt-6-sol": "exact gpt-6-sol",
    "gpt-6.1-sol": "exact gpt-6.1-sol",
    "gpt-6.1-sol-2026-09-29": "alias gpt-6.1-sol",
    "gpt-6.1-luna": "unknown",
    "o1": "exact o1",
    "o1-pro": "exact o1-pro",
    "o1-pro-2025-03-19": "alias o1-pro",
    "o1-max": "unknown",
    "computer-use-preview-2025-03-11": "pattern computer-use",
    "ft:gpt-4o-2024-08-06:acme:name:id": "pattern ft:gpt-4o",
    "ft:gpt-4o-mini-2024-07-18:acme::id": "pattern ft:gpt-4o-mini",
    "ft:gpt-4o-mini-2024-07-18": "alias ft:gpt-4o-mini",
    "ft:gpt-3.5-turbo-0125:acme::id": "pattern ft:gpt-3.5-turbo-",
    "ft:gpt-3.5-turbo:acme": "pattern ft:gpt-3.5-turbo-",
    "ft:gpt-3.5-turbo-instruct:acme": "unknown",
    "ft:gpt-4o:acme": "unknown",
    "ft:gpt-5:acme": "unknown",
  });
});

Deno.test("NameIndex keeps Gemini variants apart and strips the models/ prefix", () => {
  check("gemini", {
    "gemini-2.5-flash": "exact gemini-2.5-flash",
    "models/gemini-2.5-flash": "exact gemini-2.5-flash",
    "gemini-2.5-flash-lite": "exact gemini-2.5-flash-lite",
    "gemini-2.5-flash-lite-preview-06-17": "alias gemini-2.5-flash-lite",
    "gemini-2.5-flash-lite-preview-09-2025": "pattern gemini-2.5-flash-lite",
    "gemini-2.5-flash-preview-04-17": "alias gemini-2.5-flash-preview",
    "gemini-2.5-flash-image": "exact gemini-2.5-flash-image",
    "gemini-2.5-flash-tts": "exact gemini-2.5-flash-tts",
    "gemini-2.5-flash-video": "unknown",
    "gemini-2.5-pro": "exact gemini-2.5-pro",
    "models/gemini-2.5-pro": "exact gemini-2.5-pro",
    "gemini-2.5-pro-preview-05-06": "alias gemini-2.5-pro",
    "gemini-2.5-pro-exp-03-25": "pattern gemini-2.5-pro",
    "gemini-2.5-pro-preview-tts": "alias gemini-2.5-pro-tts",
    "gemini-2.5-pro-ultra": "unknown",
    "gemini-2.5-pro-2": "unknown",
    "gemini-2.0-flash-001": "pattern gemini-2.0-flash",
    "gemini-2.0-flash-lite-001": "pattern gemini-2.0-flash-lite",
    "gemini-2.0-flash-012": "unknown",
    "gemini-1.5-flash-8b-001": "unknown",
    "gemini-3.6-flash": "exact gemini-3.6-flash",
    "gemini-3.6-flash-preview": "pattern gemini-3.6-flash",
    "gemini-3.6-flash-lite": "unknown",
    "gemini-3.5-flash-001": "pattern gemini-3.5-flash",
    "gemini-3.5-flash-8b": "unknown",
    "gemini-3.1-pro-preview-customtools": "alias gemini-3.1-pro-preview",
    "gemini-2.5-flash-native-audio-preview-12-2025": "pattern gemini-live-2.5-flash",
    "publishers/google/models/gemini-2.0-flash-001": "pattern gemini-2.0-flash",
    "tunedmodels/gemini-2.0-flash-001": "unknown",
  });
});

Deno.test("NameIndex keeps Grok speeds and modes apart and knows the vendor's short dates", () => {
  check("xai", {
    "grok-4": "alias grok-4-0709",
    "grok-4-0709": "exact grok-4-0709",
    "grok-4-fast": "alias grok-4-fast-reasoning",
    "grok-4-turbo": "unknown",
    "grok-4-1-fast": "alias grok-4-1-fast-reasoning",
    "grok-4.20-0309-reasoning": "alias grok-4.20",
    "grok-4.20-0309": "alias grok-4.20",
    "grok-4.20-1399": "unknown",
    "grok-4.20-0309-vision": "unknown",
    "grok-4.5-20260601": "alias grok-4.5",
    "grok-4.9": "unknown",
    "grok-3-mini": "exact grok-3-mini",
    "grok-3-mini-high": "unknown",
  });
});

Deno.test("NameIndex does not look for one provider's model at another", () => {
  equal(meant("openai", "claude-opus-5"), "unknown");
  equal(meant("anthropic", "gpt-5"), "unknown");
  equal(meant("xai", "gemini-2.5-pro"), "unknown");
});

Deno.test("NameIndex prefers the longest matching text of several lines", () => {
  const index = indexNames("gemini", [
    { id: "nova", match: { starts_with: "nova" } },
    { id: "nova-beta", match: { contains: "nova-beta" } },
  ], new Map());
  deepEqual(index.find("nova-beta-exp"), { id: "nova-beta", grade: "pattern" });
  deepEqual(index.find("nova-exp"), { id: "nova", grade: "pattern" });
});

Deno.test("normalizeModel() refuses what cannot be a name", () => {
  equal(normalizeModel("  Models/Gemini-2.5-Pro "), "gemini-2.5-pro");
  equal(normalizeModel(""), null);
  equal(normalizeModel("models/"), null);
  equal(normalizeModel("a".repeat(121)), null);
  equal(meant("openai", `gpt-4o${"-preview".repeat(40)}`), "unknown");
});
