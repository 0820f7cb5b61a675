/**
 * The daemon dies, hangs and comes back; calls go on all the while.
 *
 * @module
 */

import { match, ok, strictEqual as equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { anthropicEvents, anthropicMessage, eventStream } from "./support/answers.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { type Provider, startProvider, testAuthority } from "./support/provider.ts";
import { messagesRequest, openTls, readUntil, writeAll } from "./support/raw_client.ts";

const HOST = "api.anthropic.com";
const TARGET = `${HOST}:443`;

/** How soon a call must get through after the daemon died. */
const AT_ONCE_MS = 500;

/** A hung daemon still has its ports open: the first client to meet it waits until it is taken for hung. */
const FIRST_AFTER_HANG_MS = 3_000;

/** Rows that may be lost by a kill, on a machine that has time for the meter. */
const YOUNG_MS = 50;

function streaming(gapMs: number, id = () => crypto.randomUUID() as string): Promise<Provider> {
  return startProvider({ host: HOST, answer: () => eventStream(anthropicEvents(id()), gapMs) });
}

/** Which authority a client of the proxy meets: the meter's, or, through a blind tunnel, the provider's own. */
async function callSeeing(meter: Meter, wanted: "meter" | "provider", stream = true): Promise<string> {
  const caCert = wanted === "meter" ? await Deno.readTextFile(meter.caFile) : (await testAuthority()).certPem;
  using tls = await openTls(meter.edgePort, TARGET, { name: HOST, caCerts: [caCert] });
  await writeAll(tls, messagesRequest());
  return await readUntil(tls, stream ? "\r\n0\r\n\r\n" : `"output_tokens":20}}`);
}

async function timed(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return performance.now() - started;
}

function assertSound(database: string): void {
  const db = new DatabaseSync(database);
  try {
    equal(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
  } finally {
    db.close();
  }
}

Deno.test("kill -9 of the daemon: calls go through at once, metering resumes by itself, no settled row is lost", async () => {
  const provider = await startProvider({
    host: HOST,
    answer: ({ body }) => anthropicMessage(JSON.parse(new TextDecoder().decode(body)).metadata?.user_id ?? "msg_other"),
  });
  try {
    await withMeter({ providers: [provider] }, async (meter) => {
      const caCerts = [await Deno.readTextFile(meter.caFile), (await testAuthority()).certPem];
      const completed = new Map<string, number>();
      const traffic = { on: true, failed: 0 };
      const call = async (id: string) => {
        try {
          const request = messagesRequest({ stream: false, metadata: { user_id: id } });
          using tls = await openTls(meter.edgePort, TARGET, { name: HOST, caCerts });
          await writeAll(tls, request);
          await readUntil(tls, `"output_tokens":20}}`);
          completed.set(id, performance.now());
        } catch {
          traffic.failed++;
        }
      };
      const clients = [0, 1, 2].map(async (client) => {
        for (let n = 0; traffic.on; n++) await call(`msg_${client}_${n}`);
      });
      let killedAt = 0;
      // What a row takes to the disk on this machine right now, which may be busy with other things.
      let settlesWithin = YOUNG_MS;
      const looked = new Set<string>();
      try {
        await until("some traffic", () => {
          for (const { responseId } of meter.rows()) {
            if (responseId === null || looked.has(responseId)) continue;
            looked.add(responseId);
            settlesWithin = Math.max(settlesWithin, performance.now() - (completed.get(responseId) ?? Infinity));
          }
          return completed.size >= 60;
        }, 15_000);
        killedAt = performance.now();
        meter.daemon?.kill("SIGKILL");
        await meter.daemon?.finished;
        const took = await timed(callSeeing(meter, "provider", false));
        ok(took < AT_ONCE_MS, `a call through the blind tunnel took ${took} ms`);
      } finally {
        traffic.on = false;
        await Promise.all(clients);
      }
      ok(traffic.failed <= clients.length, `${traffic.failed} calls failed; only those in flight may`);

      assertSound(meter.database);
      const recorded = new Set(meter.rows().map(({ responseId }) => responseId));
      const settled = [...completed].filter(([, at]) => at < killedAt - 2 * settlesWithin).map(([id]) => id);
      const lost = settled.filter((id) => !recorded.has(id));
      ok(
        settled.length > 20,
        `only ${settled.length} of ${completed.size} rows were settled: ${settlesWithin} ms each`,
      );
      equal(lost.length, 0, `lost ${lost.length} of ${settled.length} settled rows: ${lost}`);

      const before = meter.rows().length;
      await meter.startDaemon();
      await until("metering to resume", () => callSeeing(meter, "meter", false).catch(() => null));
      await meter.waitForRows(before + 1);
      ok(await meter.edgeCounter("tunnel_daemon_down") > 0);
    });
  } finally {
    await provider.stop();
  }
});

Deno.test("A stream in flight when the daemon is killed ends as cut, not as complete", async () => {
  const provider = await streaming(100);
  try {
    await withMeter({ providers: [provider] }, async (meter) => {
      const caCerts = [await Deno.readTextFile(meter.caFile)];
      using tls = await openTls(meter.edgePort, TARGET, { name: HOST, caCerts });
      await writeAll(tls, messagesRequest());
      await readUntil(tls, "message_start");
      meter.daemon?.kill("SIGKILL");
      let ending = "complete";
      await readUntil(tls, "\r\n0\r\n\r\n").catch((error) => ending = error.name);
      ok(ending !== "complete", "the end of the stream never came");
      ok((await meter.edgeAnswer()) !== null, "the edge lives on");
    });
  } finally {
    await provider.stop();
  }
});

Deno.test("A daemon that hangs: calls go through, and metering resumes when it runs again", async () => {
  const provider = await streaming(5);
  try {
    await withMeter({ providers: [provider] }, async (meter) => {
      await callSeeing(meter, "meter");
      meter.daemon?.kill("SIGSTOP");
      try {
        const first = await timed(callSeeing(meter, "provider"));
        ok(first < FIRST_AFTER_HANG_MS, `the first call after the hang took ${first} ms`);
        const next = await timed(callSeeing(meter, "provider"));
        ok(next < AT_ONCE_MS, `a call with the hang known took ${next} ms`);
      } finally {
        meter.daemon?.kill("SIGCONT");
      }
      await until("metering to resume", () => callSeeing(meter, "meter").catch(() => null));
      await meter.waitForRows(2);
    });
  } finally {
    await provider.stop();
  }
});

for (const edge of [true, false]) {
  const served = edge ? "a process of its own" : "the daemon itself";
  Deno.test(`A clean stop lets a stream in flight complete, with the proxy port served by ${served}`, async () => {
    const provider = await streaming(150);
    try {
      await withMeter({ providers: [provider], edge }, async (meter) => {
        const caCerts = [await Deno.readTextFile(meter.caFile)];
        using tls = await openTls(meter.edgePort, TARGET, { name: HOST, caCerts });
        await writeAll(tls, messagesRequest());
        await readUntil(tls, "message_start");
        meter.daemon?.kill("SIGTERM");
        match(await readUntil(tls, "\r\n0\r\n\r\n"), /message_stop/);
        const ended = await meter.daemon?.finished;
        equal(ended?.code, 0, ended?.stderr);
        const row = await meter.onlyRow();
        equal(row.tokensComplete, true);
        equal(row.outputTokens, 850);
        assertSound(meter.database);
      });
    } finally {
      await provider.stop();
    }
  });
}
