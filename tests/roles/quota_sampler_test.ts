import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { QuotaSampler } from "../../src/roles/quota_sampler.ts";

const AT = Date.UTC(2026, 10, 21, 12);

function head(window: string, used: string): string[] {
  return [`anthropic-ratelimit-unified-${window}-utilization`, used];
}

Deno.test("QuotaSampler keeps one sample a minute of each window", () => {
  const kept: [string, number | null, number][] = [];
  const sampler = new QuotaSampler(({ window, usedPercent, sampledAt }) => {
    kept.push([window, usedPercent, (sampledAt - AT) / 1_000]);
  });
  const take = (fields: string[], seconds: number) => sampler.take("api.anthropic.com", fields, AT + seconds * 1_000);
  take(head("5h", "0.25"), 0);
  take(head("5h", "0.5"), 30);
  take([...head("5h", "0.5"), ...head("7d", "0.125")], 59);
  take(head("5h", "0.75"), 60);
  take(["content-type", "text/plain"], 200);
  take(head("5h", "1"), -3_600);
  deepEqual(kept, [["5h", 25, 0], ["7d", 12.5, 59], ["5h", 75, 60], ["5h", 100, -3_600]]);
});

Deno.test("QuotaSampler does not remember names without bound", () => {
  let kept = 0;
  const sampler = new QuotaSampler(() => kept++);
  for (let i = 0; i < 1_000; i++) sampler.take("api.anthropic.com", head(`w${i}`, "0.5"), AT);
  deepEqual(kept, 64);
});

Deno.test("QuotaSampler takes heads and events of one window for the same", () => {
  const kept: [string, number | null][] = [];
  const sampler = new QuotaSampler(({ window, usedPercent }) => kept.push([window, usedPercent]));
  const event = (used_percent: number) => {
    return JSON.stringify({
      type: "codex.rate_limits",
      rate_limits: { primary: { used_percent, window_minutes: 300 } },
    });
  };
  sampler.take("chatgpt.com", ["x-codex-primary-used-percent", "10", "x-codex-primary-window-minutes", "300"], AT);
  sampler.takeEvent("chatgpt.com", event(11), AT + 1_000);
  sampler.takeEvent("chatgpt.com", event(12), AT + 60_000);
  sampler.takeEvent("api.x.ai", event(13), AT + 120_000);
  deepEqual(kept, [["5h", 10], ["5h", 12]]);
});
