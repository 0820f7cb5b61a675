import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { quotaIn, quotaInEvent } from "../../src/providers/quota.ts";

const AT = Date.UTC(2026, 10, 21, 12);

Deno.test("quotaIn() reads every window that Anthropic names, fractions as per cent and both forms of time", () => {
  const fields = [
    "Anthropic-RateLimit-Unified-5h-Utilization",
    "0.43",
    "anthropic-ratelimit-unified-5h-reset",
    "1790134200",
    "anthropic-ratelimit-unified-5h-status",
    "allowed",
    "anthropic-ratelimit-unified-7d_oi-utilization",
    "1.02",
    "anthropic-ratelimit-unified-7d_oi-reset",
    "2026-11-23T05:25:11Z",
    "anthropic-ratelimit-unified-overage-status",
    "rejected",
    "anthropic-ratelimit-unified-status",
    "allowed",
    "anthropic-ratelimit-unified-reset",
    "1790134200",
    "anthropic-ratelimit-unified-representative-claim",
    "five_hour",
    "anthropic-ratelimit-requests-remaining",
    "49",
  ];
  deepEqual(quotaIn("api.anthropic.com", fields, AT), [
    sample("anthropic", "5h", 43, 1_790_134_200_000, "allowed"),
    sample("anthropic", "7d_oi", 102, Date.UTC(2026, 10, 23, 5, 25, 11), null),
    sample("anthropic", "overage", null, null, "rejected"),
  ]);
});

Deno.test("quotaIn() reads Codex's windows by their length, and limits by their name", () => {
  const fields = [
    "x-codex-primary-used-percent",
    "12.5",
    "x-codex-primary-window-minutes",
    "300",
    "x-codex-primary-reset-after-seconds",
    "600",
    "x-codex-secondary-used-percent",
    "3",
    "x-codex-secondary-window-minutes",
    "10080",
    "x-codex-secondary-reset-at",
    "1790211600",
    "x-codex-other-primary-used-percent",
    "7",
    "x-codex-primary-over-secondary-limit-percent",
    "1",
    "x-codex-plan-type",
    "pro",
  ];
  deepEqual(quotaIn("chatgpt.com", fields, AT), [
    sample("openai", "5h", 12.5, AT + 600_000, null),
    sample("openai", "7d", 3, 1_790_211_600_000, null),
    sample("openai", "other primary", 7, null, null),
  ]);
});

Deno.test("quotaIn() leaves alone what other hosts say, and what is no number", () => {
  const fields = ["anthropic-ratelimit-unified-5h-utilization", "0.43"];
  deepEqual(quotaIn("api.x.ai", fields, AT), []);
  deepEqual(quotaIn("chatgpt.com", fields, AT), []);
  for (const wrong of ["", "-1", "NaN", "1e3", "0,5", "much"]) {
    deepEqual(quotaIn("api.anthropic.com", ["anthropic-ratelimit-unified-5h-utilization", wrong], AT), [], wrong);
    deepEqual(quotaIn("chatgpt.com", ["x-codex-primary-used-percent", wrong], AT), [], wrong);
  }
  const odd = ["anthropic-ratelimit-unified-5h-utilization", "0.5", "anthropic-ratelimit-unified-5h-reset", "soon"];
  deepEqual(quotaIn("api.anthropic.com", odd, AT), [sample("anthropic", "5h", 50, null, null)]);
  deepEqual(quotaIn("api.anthropic.com", ["anthropic-ratelimit-unified-5h-utilization"], AT), []);
});

Deno.test("quotaInEvent() reads the windows of Codex's event, and those of limits with a name", () => {
  const event = (more: Record<string, unknown>) => JSON.stringify({ type: "codex.rate_limits", ...more });
  const primary = { used_percent: 40, window_minutes: 300, reset_at: 1_790_134_200 };
  const secondary = { used_percent: 5.5, window_minutes: 10_080, reset_after_seconds: 60 };
  const rate_limits = { allowed: true, limit_reached: false, primary, secondary };
  const credits = { has_credits: true, unlimited: false, balance: "9" };
  deepEqual(quotaInEvent("chatgpt.com", event({ plan_type: "pro", rate_limits, credits }), AT), [
    sample("openai", "5h", 40, 1_790_134_200_000, null),
    sample("openai", "7d", 5.5, AT + 60_000, null),
  ]);
  const main = event({ rate_limits: { primary, secondary: null }, metered_limit_name: "codex" });
  deepEqual(quotaInEvent("chatgpt.com", main, AT).map(({ window }) => window), ["5h"]);
  const other = event({ rate_limits: { primary }, limit_name: "GPT_Reserve" });
  deepEqual(quotaInEvent("chatgpt.com", other, AT).map(({ window }) => window), ["gpt-reserve 5h"]);
  const bare = event({ rate_limits: { primary: { used_percent: 3 } } });
  deepEqual(quotaInEvent("chatgpt.com", bare, AT), [sample("openai", "primary", 3, null, null)]);
});

Deno.test("quotaInEvent() makes nothing of other events, hosts and values", () => {
  const event = { type: "codex.rate_limits", rate_limits: { primary: { used_percent: 40 } } };
  deepEqual(quotaInEvent("api.anthropic.com", JSON.stringify(event), AT), []);
  deepEqual(quotaInEvent("chatgpt.com", JSON.stringify({ ...event, type: "response.created" }), AT), []);
  for (const rate_limits of [null, [], {}, { primary: [] }, { primary: { used_percent: null } }]) {
    deepEqual(quotaInEvent("chatgpt.com", JSON.stringify({ ...event, rate_limits }), AT), []);
  }
  for (const used_percent of [-1, "much", 1e300, true]) {
    const odd = { ...event, rate_limits: { primary: { used_percent } } };
    deepEqual(quotaInEvent("chatgpt.com", JSON.stringify(odd), AT), [], `${used_percent}`);
  }
  const named = { ...event, limit_name: "x".repeat(100) };
  deepEqual(quotaInEvent("chatgpt.com", JSON.stringify(named), AT), []);
  deepEqual(quotaInEvent("chatgpt.com", "{", AT), []);
});

function sample(
  provider: "anthropic" | "openai",
  window: string,
  usedPercent: number | null,
  resetsAt: number | null,
  status: string | null,
) {
  return { provider, window, usedPercent, resetsAt, status, sampledAt: AT };
}
