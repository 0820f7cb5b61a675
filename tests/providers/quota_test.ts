import { deepEqual } from "node:assert/strict";
import { quotaIn } from "../../src/providers/quota.ts";

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

function sample(
  provider: "anthropic" | "openai",
  window: string,
  usedPercent: number | null,
  resetsAt: number | null,
  status: string | null,
) {
  return { provider, window, usedPercent, resetsAt, status, sampledAt: AT };
}
