/**
 * What a provider says of an allowance in its answer's head ends up in `status`.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match } from "node:assert/strict";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { text, utf8 } from "./support/bytes.ts";
import { withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { type Answer, startProvider } from "./support/provider.ts";
import { oneCall } from "./support/raw_client.ts";

/** An answer whose head has more fields. */
function withFields(answer: Answer, fields: string): Answer {
  const [head, ...rest] = answer.steps;
  if (head === undefined) throw new Error("An answer without a head");
  const bytes = utf8(text(head.bytes).replace("\r\n\r\n", `\r\n${fields}\r\n`));
  return { ...answer, steps: [{ ...head, bytes }, ...rest] };
}

Deno.test("status shows what answers say of a subscription's allowance", async () => {
  const reset = Math.floor(Date.now() / 1_000) + 3_600;
  const fields =
    `Anthropic-Ratelimit-Unified-5h-Utilization: 0.43\r\nanthropic-ratelimit-unified-5h-reset: ${reset}\r\n` +
    "anthropic-ratelimit-unified-7d-utilization: 0.05\r\n";
  const provider = await startProvider({
    host: "api.anthropic.com",
    answer: () => withFields(eventStream(anthropicEvents(crypto.randomUUID()), 0), fields),
  });
  try {
    await withMeter({ providers: [provider] }, async (meter) => {
      await oneCall(meter.edgePort, [await Deno.readTextFile(meter.caFile)]);
      const out = await until("the quota in status", async () => {
        const { stdout } = await meter.command(["status"]);
        return stdout.includes("quota") ? stdout : null;
      });
      match(out, /^quota anthropic 5h: 43 % used, resets (?:\d{4}-\d\d-\d\d )?\d\d:\d\d$/m);
      match(out, /^quota anthropic 7d: 5 % used$/m);
      const { quota } = JSON.parse((await meter.command(["status", "--json"])).stdout);
      deepEqual(quota.map((one: { used_percent: number }) => one.used_percent), [43, 5]);
      deepEqual(quota[0].resets_at, new Date(reset * 1_000).toISOString());
    });
  } finally {
    await provider.stop();
  }
});
