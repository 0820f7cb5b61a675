/**
 * An event of a stream reaches the client when it was sent: not later, not together with the next.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok } from "node:assert/strict";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { text } from "./support/bytes.ts";
import { withMeter } from "./support/meter.ts";
import { NEW_RUNTIME } from "./support/program.ts";
import { startProvider } from "./support/provider.ts";
import { messagesRequest, openTls, writeAll } from "./support/raw_client.ts";

const EVENTS = 24;

/** The longest an event may be under way from the provider's write to the client's read, both in this process. */
const MAX_DELAY_MS = 5;
const MEDIAN_DELAY_MS = 2;

/** A machine that is busy with something else is given a second chance. */
const TRIES = 2;

/** What came of one stream. */
interface Timed {
  readonly reads: readonly string[];
  readonly delays: readonly number[];
}

for (const gapMs of [50, 10]) {
  const name = `Events sent ${gapMs} ms apart arrive ${gapMs} ms apart, each by itself`;
  Deno.test({ name, ignore: !NEW_RUNTIME }, async () => {
    const words = Array.from({ length: EVENTS }, (_, index) => `word ${index} `);
    const answer = eventStream(anthropicEvents("msg_timing", words), gapMs);
    const wanted = answer.steps.map(({ bytes }) => text(bytes));
    const provider = await startProvider({ host: "api.anthropic.com", answer: () => answer });
    try {
      await withMeter({ providers: [provider] }, async (meter) => {
        const caCerts = [await Deno.readTextFile(meter.caFile)];
        const sentAt = () => provider.connections.at(-1)?.sentAt ?? [];
        let timed: Timed = { reads: [], delays: [] };
        for (let attempt = 0; attempt < TRIES; attempt++) {
          timed = await stream(meter.edgePort, caCerts, wanted.join("").length, sentAt);
          if (timed.reads.length === wanted.length && Math.max(...timed.delays) <= MAX_DELAY_MS) break;
        }
        deepEqual(timed.reads, wanted, "each read is one event");
        const sorted = timed.delays.toSorted((a, b) => a - b);
        const median = sorted[Math.floor(sorted.length / 2)] ?? Infinity;
        const most = sorted.at(-1) ?? Infinity;
        const shown = `median ${median.toFixed(2)} ms, most ${most.toFixed(2)} ms`;
        ok(median <= MEDIAN_DELAY_MS, shown);
        ok(most <= MAX_DELAY_MS, shown);
      });
    } finally {
      await provider.stop();
    }
  });
}

async function stream(
  port: number,
  caCerts: readonly string[],
  length: number,
  sentAt: () => readonly number[],
): Promise<Timed> {
  using tls = await openTls(port, "api.anthropic.com:443", { name: "api.anthropic.com", caCerts });
  await writeAll(tls, messagesRequest());
  const reads: string[] = [];
  const readAt: number[] = [];
  const buffer = new Uint8Array(65_536);
  for (let left = length; left > 0;) {
    const count = await tls.read(buffer);
    if (count === null) break;
    readAt.push(performance.now());
    reads.push(text(buffer.subarray(0, count)));
    left -= count;
  }
  const sent = sentAt();
  return { reads, delays: readAt.map((at, index) => at - (sent[index] ?? 0)) };
}
