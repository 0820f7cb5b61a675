import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { defaultConfig } from "../../src/domain/config.ts";
import type { LogEvent } from "../../src/log.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import type { CopyPart, CopyRecord } from "../../src/roles/messages.ts";
import { Recorder } from "../../src/roles/recorder.ts";
import { readBodies } from "../../src/store/bodies.ts";
import type { Database } from "../../src/store/database.ts";
import { listRequests } from "../../src/store/listing.ts";
import { withDatabase, writerOf } from "../store/sample.ts";
import { joined } from "../http1/pieces.ts";
import { FrameMaker } from "./socket_frames.ts";

const EXTENSIONS = "permessage-deflate";
const USAGE = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };
const SECRET = `sk-proj-${"a1B2c3D4".repeat(8)}`;

/** A recorder and one connection to it, as the interceptor would feed it. */
function connection(db: Database, host: "chatgpt.com" | "api.openai.com", options: { capture: boolean }) {
  const logged: LogEvent[] = [];
  let ids = 0;
  const config = defaultConfig();
  const recorder = new Recorder({
    writer: writerOf(db),
    rates: createRateTable(),
    config: { ...config, bodies: { ...config.bodies, enabled: options.capture } },
    promptHashKey: "ab".repeat(32),
    projectChoices: { of: () => null, someOff: () => false },
    newId: () => `id-${ids++}`,
    log: (event) => logged.push(event),
  });
  let now = 1_800_000_000_000;
  const records = (...added: CopyRecord[]) => {
    recorder.take({ kind: "copy", records: added, slab: new Uint8Array(0), weight: 0 });
  };
  recorder.setOwner(4000, { slug: "shop", layer: "run" });
  records({ t: "open", c: 1, host, peerPort: 4000 });
  return {
    recorder,
    logged,
    records,
    now: () => now += 10,
    request(target: string) {
      const fields = ["Upgrade", "websocket", "User-Agent", "codex_exec/0.169.0"];
      records({ t: "request", c: 1, x: 0, method: "GET", target, fields, at: now += 10 });
      records({ t: "end", c: 1, x: 0, part: "request", whole: true, at: now });
    },
    response(status: number, fields: readonly string[]) {
      records({ t: "response", c: 1, x: 0, status, fields, at: now += 10 });
    },
    bytes(part: CopyPart, bytes: Uint8Array) {
      const slab = joined([bytes]);
      const record = { t: "bytes", c: 1, x: 0, part, start: 0, length: slab.length, at: now += 10 } as const;
      recorder.take({ kind: "copy", records: [record], slab, weight: slab.length });
    },
    rows: () => listRequests(db, {}, 100).items.toReversed(),
    async until(rows: number) {
      for (let tries = 0; this.rows().length < rows && tries < 1_000; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      equal(this.rows().length, rows);
    },
  };
}

/** One answer, asked for and given, in frames. */
async function turn(makers: Record<"client" | "server", FrameMaker>, id: string, more: Record<string, unknown> = {}) {
  const create = { type: "response.create", model: "gpt-5", input: `hello, the key is ${SECRET}`, ...more };
  return {
    asks: await makers.client.message(JSON.stringify(create)),
    begins: await makers.server.message(JSON.stringify({ type: "response.created", response: { id, model: "gpt-5" } })),
    ends: await makers.server.message(
      JSON.stringify({ type: "response.completed", response: { id, model: "gpt-5", usage: USAGE } }),
    ),
  };
}

function makers() {
  return { client: new FrameMaker("client", EXTENSIONS), server: new FrameMaker("server", EXTENSIONS) };
}

for (const capture of [true, false]) {
  Deno.test(`Recorder writes each answer of a socket while it is open, bodies kept: ${capture}`, async () => {
    await withDatabase(async (db) => {
      const socket = connection(db, "chatgpt.com", { capture });
      const frames = makers();
      socket.request("/backend-api/codex/responses");
      socket.response(101, ["Upgrade", "websocket", "sec-websocket-extensions", EXTENSIONS]);
      for (const [at, id] of ["warm", "r1", "r2"].entries()) {
        const { asks, begins, ends } = await turn(frames, id, id === "warm" ? { generate: false } : {});
        socket.bytes("client", asks);
        socket.bytes("server", begins);
        socket.bytes("server", ends);
        await socket.until(at + 1);
      }
      const rows = socket.rows();
      deepEqual(
        rows.map(({ responseId, project, clientName, mode, httpStatus, status }) => {
          return [responseId, project, clientName, mode, httpStatus, status];
        }),
        ["warm", "r1", "r2"].map((id) => [id, "shop", "codex", "websocket", 101, "success"]),
      );
      // 1.25 USD in, 10 out per million tokens; warming up is free.
      deepEqual(rows.map(({ costPico }) => costPico), [0n, 2_250_000_000n, 2_250_000_000n]);
      deepEqual(rows.map(({ ttftMs, latencyMs }) => [ttftMs, latencyMs]), [[10, 20], [10, 20], [10, 20]]);
      deepEqual(new Set(rows.map(({ promptHash }) => promptHash?.length)), new Set([64]));
      const bodies = readBodies(db, rows[1]?.id ?? "");
      deepEqual(bodies.map(({ direction }) => direction), capture ? ["request", "response"] : []);
      for (const { text, contentType } of bodies) {
        equal(contentType, "application/x-ndjson");
        ok(!text.includes(SECRET));
      }
      if (capture) match(bodies[0]?.text ?? "", /the key is \[REDACTED:[a-z-]+\]/);

      const { asks } = await turn(frames, "r3");
      socket.bytes("client", asks);
      for (const part of ["client", "server"] as const) {
        socket.records({ t: "end", c: 1, x: 0, part, whole: true, at: socket.now() });
      }
      socket.records({ t: "close", c: 1 });
      await socket.recorder.drain();
      const cut = socket.rows()[3];
      deepEqual([cut?.usageUnknown, cut?.costPico, cut?.tokensComplete, cut?.status], ["cut", null, false, "success"]);
      const { failed, opaque_connections, open_connections } = socket.recorder.counters();
      deepEqual({ failed, opaque_connections, open_connections }, {
        failed: 0,
        opaque_connections: 0,
        open_connections: 0,
      });
    });
  });
}

Deno.test("Recorder writes one free row for a socket that the provider refuses, none for a socket without answers", async () => {
  await withDatabase(async (db) => {
    const refused = connection(db, "chatgpt.com", { capture: true });
    refused.request("/backend-api/codex/responses");
    refused.response(403, ["content-type", "application/json"]);
    const body = { error: { type: "usage_not_included", message: "CANARY" } };
    refused.bytes("response", new TextEncoder().encode(JSON.stringify(body)));
    refused.records({ t: "end", c: 1, x: 0, part: "response", whole: true, at: refused.now() }, { t: "close", c: 1 });
    await refused.recorder.drain();
    const [row, ...others] = refused.rows();
    equal(others.length, 0);
    deepEqual([row?.status, row?.httpStatus, row?.errorClass, row?.costPico], ["error", 403, "auth", 0n]);
  });
  await withDatabase(async (db) => {
    const idle = connection(db, "api.openai.com", { capture: true });
    idle.request("/v1/responses");
    idle.response(101, []);
    idle.records({ t: "close", c: 1 });
    await idle.recorder.drain();
    equal(idle.rows().length, 0);
  });
});

Deno.test("Recorder counts and logs a socket that cannot be read, and keeps what was open as unreadable or dropped", async () => {
  for (const why of ["unreadable", "dropped"] as const) {
    await withDatabase(async (db) => {
      const socket = connection(db, "api.openai.com", { capture: true });
      socket.request("/v1/responses");
      socket.response(101, ["Sec-WebSocket-Extensions", EXTENSIONS]);
      const { asks, begins, ends } = await turn(makers(), "r1");
      socket.bytes("client", asks);
      socket.bytes("server", begins);
      if (why === "dropped") socket.records({ t: "gap", c: 1, x: 0, part: "server", lost: 10 });
      else socket.bytes("server", Uint8Array.of(0xff, 0xff));
      socket.bytes("server", ends);
      await socket.until(1);
      socket.records({ t: "close", c: 1 });
      await socket.recorder.drain();
      const [row] = socket.rows();
      deepEqual([row?.responseId, row?.usageUnknown, row?.costPico], ["r1", why, null]);
      equal(socket.recorder.counters()["opaque_connections"], 1);
      const opaque = socket.logged.filter(({ event }) => event === "intercept.copy.opaque");
      equal(opaque.length, 1);
    });
  }
});

Deno.test("Recorder prices an error on a socket as free where nothing had begun", async () => {
  await withDatabase(async (db) => {
    const socket = connection(db, "chatgpt.com", { capture: false });
    socket.request("/backend-api/codex/responses");
    socket.response(101, ["Sec-WebSocket-Extensions", EXTENSIONS]);
    const failure = { type: "error", status: 429, error: { type: "usage_limit_reached", message: "CANARY" } };
    for (const begun of [false, true]) {
      const frames = makers();
      const { asks, begins } = await turn(frames, "r");
      socket.bytes("client", asks);
      if (begun) socket.bytes("server", begins);
      socket.bytes("server", await frames.server.message(JSON.stringify(failure), { compress: false }));
      await socket.until(begun ? 2 : 1);
    }
    deepEqual(socket.rows().map(({ errorClass, costPico, status }) => [errorClass, costPico, status]), [
      ["rate_limit", 0n, "error"],
      ["rate_limit", null, "error"],
    ]);
    socket.records({ t: "close", c: 1 });
    await socket.recorder.drain();
  });
});
