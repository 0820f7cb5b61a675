/**
 * The local API of a running daemon: calls as they are recorded, changes that hold for the next call, restarts, and attacks
 * that must neither get anything nor keep the meter from metering.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { rawExchange, requestText, sendAll, statusOf } from "../roles/raw_http.ts";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { type Provider, startProvider } from "./support/provider.ts";
import { oneCall } from "./support/raw_client.ts";

async function withProvider(test: (meter: Meter, call: () => Promise<void>) => Promise<void>): Promise<void> {
  const provider: Provider = await startProvider({
    host: "api.anthropic.com",
    // With pauses, as a client that is gone in milliseconds may be gone before it is looked at.
    answer: () => eventStream(anthropicEvents(crypto.randomUUID()), 20),
  });
  try {
    await withMeter({ providers: [provider] }, async (meter) => {
      const ca = await Deno.readTextFile(meter.caFile);
      await test(meter, async () => {
        await oneCall(meter.edgePort, [ca]);
      });
    });
  } finally {
    await provider.stop();
  }
}

function apiPort(meter: Meter): number {
  const { daemon } = meter.ports() as { daemon: { apiPort?: number } | null };
  if (typeof daemon?.apiPort !== "number") throw new Error("The daemon serves no API");
  return daemon.apiPort;
}

async function getJson(meter: Meter, path: string): Promise<Record<string, unknown>> {
  return await (await fetch(`http://127.0.0.1:${apiPort(meter)}${path}`)).json();
}

async function change(meter: Meter, method: string, path: string, body: unknown): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${apiPort(meter)}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
  return response.status;
}

/** Follows /v1/events until told to stop. */
function follow(meter: Meter, lastEventId?: string) {
  const events: { id: string; event: string; data: Record<string, unknown> }[] = [];
  const stop = new AbortController();
  let open = false;
  const ended = (async () => {
    const headers: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
    const response = await fetch(`http://127.0.0.1:${apiPort(meter)}/v1/events`, { headers, signal: stop.signal });
    let rest = "";
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      open = true;
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
        const [id, event, data] = [field("id"), field("event"), field("data")];
        if (id !== undefined && event !== undefined) events.push({ id, event, data: JSON.parse(data ?? "{}") });
      }
    }
  })().catch(() => {});
  return { events, isOpen: () => open, end: () => (stop.abort(), ended) };
}

Deno.test("/v1/events tells of a call as it is recorded, and a reader goes on after the daemon was started again", async () => {
  await withProvider(async (meter, call) => {
    const first = follow(meter);
    await until("the stream to begin", () => first.isOpen() || null);
    await call();
    const [event] = await until("an event", () => first.events.length > 0 ? first.events : null);
    equal(event?.event, "request");
    const row = await meter.onlyRow();
    deepEqual([event?.data["id"], event?.data["status"]], [row.id, "success"]);
    await first.end();
    meter.daemon?.kill("SIGTERM");
    await until("the daemon to stop", () => meter.daemon?.exit ?? null);
    await meter.startDaemon();
    // Until the edge has seen the new interceptor it tunnels, to a provider whose certificate the client does not trust.
    await until("a metered call", () => call().then(() => true, () => null));
    const second = follow(meter, event?.id);
    const missed = await until("the missed event", () => second.events.length > 0 ? second.events : null);
    equal(missed.length, 1);
    await second.end();
  });
});

Deno.test("a change of a project's body capture holds for the next call, a price for the next one too", async () => {
  await withProvider(async (meter, call) => {
    await call();
    const { project, id } = await meter.onlyRow();
    const bodies = async (of: string) => (await getJson(meter, `/v1/requests/${of}/body`))["bodies"] as unknown[];
    await until("the bodies", async () => (await bodies(id)).length === 2 || null);
    const path = `/v1/projects/${encodeURIComponent(project)}`;
    equal(await change(meter, "PATCH", path, { body_capture: "off", name: "Renamed" }), 200);
    await call();
    const second = (await meter.waitForRows(2))[1];
    equal(second?.project, project);
    deepEqual(await bodies(second?.id ?? ""), []);
    equal((await getJson(meter, path))["name"], "Renamed");
    const prices = {
      input: "1000",
      output: "1000",
      cache_read: "1000",
      cache_write_5m: "1000",
      cache_write_1h: "1000",
    };
    const price = { provider: "anthropic", model: second?.model, prices };
    equal(await change(meter, "PUT", "/v1/pricing-rates", price), 200);
    await until(
      "the new price in force",
      async () => (await getJson(meter, "/v1/pricing-rates"))["overrides"] === 1 || null,
    );
    await call();
    const third = (await meter.waitForRows(3))[2];
    equal(third?.ratesSource, "override", String(third?.costMissing));
    equal(await change(meter, "PUT", "/v1/pricing-rates", { ...price, prices: null }), 200);
    const events = (await getJson(meter, "/v1/audit"))["items"] as { event: string }[];
    for (
      const event of ["project.body_capture_set", "project.renamed", "pricing.override_set", "pricing.override_unset"]
    ) {
      ok(events.some((one) => one.event === event), event);
    }
  });
});

Deno.test("the meter goes on metering, and a person is answered, while the API is under attack", async () => {
  await withProvider(async (meter, call) => {
    const port = apiPort(meter);
    const held: Deno.Conn[] = [];
    // As many as this process may open; each is half a head, so that it looks alive.
    for (let i = 0; i < 10_000; i++) {
      try {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port });
        held.push(conn);
        if (i % 3 !== 0) sendAll(conn, new TextEncoder().encode("GET /v1/stats HTTP/1.1\r\nX-Slow: "));
      } catch {
        break;
      }
    }
    for (const conn of held.splice(200)) conn.close();
    await call();
    await meter.waitForRows(1);
    const answer = await rawExchange(port, requestText("GET /v1/stats HTTP/1.1", [`Host: 127.0.0.1:${port}`]));
    equal(statusOf(answer), 200);
    equal(
      statusOf(await rawExchange(port, requestText("GET /v1/stats HTTP/1.1", [`Host: evil.example:${port}`]))),
      421,
    );
    equal(statusOf(await rawExchange(port, requestText("GET / HTTP/1.1", [`X: ${"a".repeat(300_000)}`]))), 431);
    for (const conn of held) conn.close();
    const { status } = await meter.status();
    const counters = status.daemon?.roles["api"]?.counters ?? {};
    ok((counters["open_connections"] ?? 1e9) <= 128, JSON.stringify(counters));
    equal(status.daemon?.roles["api"]?.restarts, 0);
  });
});
