import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type Config, defaultConfig } from "../../src/domain/config.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import type { CopyBatch } from "../../src/roles/messages.ts";
import { Outbox } from "../../src/roles/outbox.ts";
import { setBodyCapture } from "../../src/store/settings.ts";
import {
  bytes,
  callRecords,
  HOST,
  open,
  type RecorderBench,
  REQUEST,
  type Row,
  START,
  STREAM,
  STREAM_PICO,
  streamEvents,
  tell,
  withRecorder,
} from "./recorder_bench.ts";
import { concat, eventually, noise, pause, utf8 } from "./tools.ts";

const SHOP = { slug: "shop", layer: "git" } as const;
const same = (config: Config) => config;

/** Tells of calls on one connection whose owner is known, and gives the rows. */
async function recorded(bench: RecorderBench, ...calls: Partial<Parameters<typeof callRecords>[0]>[]): Promise<Row[]> {
  bench.recorder.setOwner(5001, SHOP);
  tell(bench.recorder, open(1));
  for (const [x, call] of calls.entries()) tell(bench.recorder, ...callRecords({ c: 1, x, ...call }));
  tell(bench.recorder, { t: "close", c: 1 });
  return await bench.rows();
}

function only(rows: readonly Row[]): Row {
  equal(rows.length, 1);
  return rows[0] as Row;
}

/** Picks columns. */
function pick(row: Row, ...names: string[]): unknown[] {
  return names.map((name) => row[name]);
}

const TOKENS = ["input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens"];
const STREAM_TOKENS = [1_200, 20_000, 3_000, 0, 850];

Deno.test("Recorder makes one row with exact numbers of an Anthropic stream", async () => {
  await withRecorder(same, async (bench) => {
    const row = only(await recorded(bench, {}));
    deepEqual(pick(row, ...TOKENS), STREAM_TOKENS);
    equal(row["cost_pico"], Number(STREAM_PICO));
    equal(row["cost_usd_minor_units"], 3_360, "3.36 cents");
    match(String(row["rates_source"]), /^bundled-/);
    const expected = {
      slug: "shop",
      attribution_layer: "git",
      provider: "anthropic",
      host: HOST,
      method: "POST",
      path: "/v1/messages",
      requested_model: "claude-sonnet-4-5",
      model: "claude-sonnet-4-5-20250929",
      mode: "streaming",
      request_kind: "chat",
      status: "success",
      http_status: 200,
      error_class: null,
      billing_basis: "metered",
      client_name: "claude-code",
      response_id: "msg_1",
      requested_at: Math.floor(START),
      ttft_ms: 100,
      latency_ms: 900,
      tokens_complete: 1,
      usage_unknown: null,
      request_bytes: utf8(REQUEST).length,
      response_bytes: utf8(STREAM).length,
    };
    for (const [name, value] of Object.entries(expected)) equal(row[name], value, name);
    match(String(row["id"]), /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    deepEqual(bench.bodies(row).map(({ direction, text, truncated }) => [direction, text, truncated]), [
      ["request", REQUEST, false],
      ["response", STREAM, false],
    ]);
    deepEqual(bench.events.map(({ event }) => event), ["intercept.complete"]);
  });
});

Deno.test("Recorder reads coded responses and requests, and stores them decoded", async () => {
  for (const [coding, pack] of [["gzip", gzipSync], ["br", brotliCompressSync]] as const) {
    await withRecorder(same, async (bench) => {
      const row = only(
        await recorded(bench, {
          request: pack(REQUEST),
          fields: ["content-encoding", coding],
          response: pack(STREAM),
          responseFields: ["content-type", "text/event-stream", "Content-Encoding", coding],
        }),
      );
      deepEqual(pick(row, ...TOKENS), STREAM_TOKENS);
      equal(row["requested_model"], "claude-sonnet-4-5");
      equal(row["response_bytes"], pack(STREAM).length, "as they crossed the wire");
      deepEqual(bench.bodies(row).map(({ text }) => text), [REQUEST, STREAM]);
    });
  }
});

Deno.test("Recorder says that a response in an unknown coding is unreadable, and prices nothing", async () => {
  await withRecorder(same, async (bench) => {
    const responseFields = ["content-type", "text/event-stream", "content-encoding", "unheard-of"];
    const row = only(await recorded(bench, { response: noise(500), responseFields }));
    deepEqual(pick(row, "cost_pico", "usage_unknown", "tokens_complete", "status"), [null, "unreadable", 0, "success"]);
    equal(row["requested_model"], "claude-sonnet-4-5");
    equal(row["output_tokens"], null);
  });
});

/** A stream whose middle was not copied: its beginning, the loss, its end. */
function withGap(responseFields: readonly string[], encode: (text: string) => Uint8Array) {
  const events = streamEvents(850, "msg_1", ["word "]);
  const [first, last] = [events.slice(0, 2).join(""), events.slice(2).join("")];
  const [head, body, requestEnd, response] = callRecords({ c: 1, responseFields });
  if (!head || !body || !requestEnd || !response) throw new Error("A call has four records at least");
  return [
    head,
    body,
    requestEnd,
    response,
    bytes(1, 0, "response", encode(first)),
    { t: "gap", c: 1, x: 0, part: "response", lost: 1_000_000 } as const,
    bytes(1, 0, "response", encode(`lf a line\n\n${last}`)),
    { t: "end", c: 1, x: 0, part: "response", whole: true, at: START + 900 } as const,
  ];
}

Deno.test("Recorder reads final usage behind a gap in a stream, and flags the body", async () => {
  for (const coding of [[], ["content-encoding", "identity"]]) {
    await withRecorder(same, async (bench) => {
      bench.recorder.setOwner(5001, SHOP);
      tell(bench.recorder, open(1), ...withGap(["content-type", "text/event-stream", ...coding], utf8));
      const row = only(await bench.rows());
      deepEqual(pick(row, ...TOKENS), STREAM_TOKENS, coding.join());
      equal(row["cost_pico"], Number(STREAM_PICO));
      const [, response] = bench.bodies(row);
      equal(response?.truncated, true);
      equal(
        response?.text.includes("message_stop"),
        false,
        "what follows the gap would read as if it followed the beginning",
      );
      ok((response?.originalSize ?? 0) > 1_000_000);
    });
  }
});

Deno.test("Recorder says that usage was dropped when the gap took it", async () => {
  await withRecorder(same, async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    const records = withGap(["content-type", "text/event-stream"], utf8).filter((record) =>
      record.t !== "content" || record.part === "request" || new TextDecoder().decode(record.content).includes("start")
    );
    tell(bench.recorder, open(1), ...records);
    const row = only(await bench.rows());
    deepEqual(pick(row, "cost_pico", "usage_unknown", "tokens_complete"), [null, "dropped", 0]);
  });
});

Deno.test("Recorder does not read on behind a gap in a coded response", async () => {
  await withRecorder(same, async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    const fields = ["content-type", "text/event-stream", "content-encoding", "gzip"];
    tell(bench.recorder, open(1), ...withGap(fields, (text) => gzipSync(text)));
    const row = only(await bench.rows());
    deepEqual(pick(row, "cost_pico", "usage_unknown", "tokens_complete"), [null, "dropped", 0]);
  });
});

Deno.test("Recorder keeps the usage of a response whose request body was dropped, and no fingerprint of a part", async () => {
  await withRecorder(same, async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    const [head, , requestEnd, ...rest] = callRecords({ c: 1 });
    if (!head || !requestEnd) throw new Error("A call has a head");
    tell(
      bench.recorder,
      open(1),
      head,
      bytes(1, 0, "request", '{"model":"claude-son'),
      { t: "gap", c: 1, x: 0, part: "request", lost: 5_000 },
      requestEnd,
      ...rest,
    );
    const row = only(await bench.rows());
    deepEqual(pick(row, ...TOKENS), STREAM_TOKENS);
    equal(row["cost_pico"], Number(STREAM_PICO));
    equal(row["prompt_hash"], null);
    equal(row["request_bytes"], 20 + 5_000);
    equal(bench.bodies(row)[0]?.truncated, true);
  });
});

Deno.test("Recorder flags a cut stream, and prices only what was final", async () => {
  const events = streamEvents();
  await withRecorder(same, async (bench) => {
    const rows = await recorded(
      bench,
      { response: events.slice(0, 3).join(""), whole: false },
      { response: events.slice(0, -1).join(""), whole: false },
    );
    const [early, late] = rows;
    ok(early && late);
    deepEqual(pick(early, "status", "http_status", "cost_pico", "cost_missing", "usage_unknown", "tokens_complete"), [
      "success",
      200,
      null,
      "usage_incomplete",
      "cut",
      0,
    ]);
    equal(early["input_tokens"], 1_200);
    equal(early["output_tokens"], null, "the placeholder of the first event is no count");
    equal(late["output_tokens"], 850);
    equal(late["cost_pico"], Number(STREAM_PICO));
  });
});

Deno.test("Recorder records what a connection left open when it closed, or when the interceptor was lost", async () => {
  for (const end of ["close", "lost"] as const) {
    await withRecorder(same, async (bench) => {
      bench.recorder.setOwner(5001, SHOP);
      tell(bench.recorder, open(1), ...callRecords({ c: 1 }).slice(0, -2));
      equal((await bench.rows()).length, 0);
      if (end === "close") tell(bench.recorder, { t: "close", c: 1 });
      else bench.recorder.interceptorLost(START + 5_000);
      const row = only(await bench.rows());
      deepEqual(pick(row, "cost_pico", "usage_unknown", "tokens_complete"), [null, "cut", 0]);
      equal(bench.recorder.counters()["open_connections"], 0);
    });
  }
});

Deno.test("Recorder records what became opaque as unreadable, and nothing that comes after", async () => {
  await withRecorder(same, async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    tell(
      bench.recorder,
      open(1),
      ...callRecords({ c: 1 }).slice(0, -2),
      { t: "opaque", c: 1, reason: "x" },
      ...callRecords({ c: 1 }).slice(-2),
      { t: "close", c: 1 },
    );
    const row = only(await bench.rows());
    deepEqual(pick(row, "cost_pico", "usage_unknown", "tokens_complete"), [null, "unreadable", 0]);
    equal(bench.recorder.counters()["opaque_connections"], 1);
  });
});

Deno.test("Recorder records a provider that was not reached, free of cost", async () => {
  for (const [timeout, errorClass] of [[false, "network"], [true, "timeout"]] as const) {
    await withRecorder(same, async (bench) => {
      bench.recorder.setOwner(5001, SHOP);
      const [head, body] = callRecords({ c: 1 });
      if (!head || !body) throw new Error("A call has a head");
      tell(bench.recorder, open(1), head, body, { t: "unreachable", c: 1, x: 0, timeout, at: START + 50 });
      const row = only(await bench.rows());
      deepEqual(pick(row, "status", "http_status", "error_class", "cost_pico"), ["error", null, errorClass, 0]);
    });
  }
});

Deno.test("Recorder takes refusals for free, by the provider's own words", async () => {
  const error = (type: string) => JSON.stringify({ type: "error", error: { type, message: "canary-quoted-prompt" } });
  const cases = [
    [429, "rate_limit_error", "rate_limit"],
    [529, "overloaded_error", "server_error"],
    [401, "authentication_error", "auth"],
    [400, "invalid_request_error", "bad_request"],
  ] as const;
  for (const [status, type, errorClass] of cases) {
    await withRecorder(same, async (bench) => {
      const response = error(type);
      const row = only(
        await recorded(bench, { status, response, responseFields: ["content-type", "application/json"] }),
      );
      deepEqual(
        pick(row, "status", "http_status", "error_class", "provider_error_type", "cost_pico", "cost_missing"),
        ["error", status, errorClass, type, 0, null],
      );
      deepEqual(pick(row, "input_tokens", "output_tokens"), [null, null], "free is not zero tokens");
      equal(JSON.stringify(row).includes("canary"), false);
    });
  }
});

Deno.test("Recorder joins an owner that comes before, after, and after the connection has closed", async () => {
  for (const when of ["before", "after", "closed"] as const) {
    await withRecorder(same, async (bench) => {
      if (when === "before") bench.recorder.setOwner(5001, SHOP);
      tell(bench.recorder, open(1), ...callRecords({ c: 1 }));
      if (when === "closed") tell(bench.recorder, { t: "close", c: 1 });
      await pause(40);
      if (when !== "before") bench.recorder.setOwner(5001, SHOP);
      const started = performance.now();
      const row = only(await bench.rows());
      deepEqual(pick(row, "slug", "attribution_layer"), ["shop", "git"], when);
      ok(performance.now() - started < 500);
    });
  }
});

Deno.test("Recorder takes the default project when nobody names an owner for three seconds", async () => {
  await withRecorder((config) => ({ ...config, tagging: { defaultProject: "unknown-ones" } }), async (bench) => {
    const started = performance.now();
    tell(bench.recorder, open(1), ...callRecords({ c: 1 }), { t: "close", c: 1 });
    const row = only(await bench.rows());
    deepEqual(pick(row, "slug", "attribution_layer"), ["unknown-ones", "smart_default"]);
    const waited = performance.now() - started;
    ok(waited > 2_900 && waited < 15_000, `${waited} ms`);
  });
});

Deno.test("Recorder keeps exchanges of two connections and of one connection apart", async () => {
  await withRecorder(same, async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    bench.recorder.setOwner(5002, { slug: "blog", layer: "env" });
    const calls = [
      callRecords({ c: 1, x: 0, response: streamEvents(11, "msg_a").join("") }),
      callRecords({ c: 2, x: 0, response: streamEvents(22, "msg_b").join("") }),
      callRecords({ c: 1, x: 1, response: streamEvents(33, "msg_c").join("") }),
    ];
    tell(bench.recorder, open(1), open(2));
    for (let i = 0; calls.some((call) => i < call.length); i++) {
      for (const call of calls) {
        const record = call[i];
        if (record !== undefined) tell(bench.recorder, record);
      }
    }
    const rows = (await bench.rows()).map((row) => pick(row, "response_id", "slug", "output_tokens"));
    deepEqual(rows.toSorted(), [["msg_a", "shop", 11], ["msg_b", "blog", 22], ["msg_c", "shop", 33]]);
  });
});

Deno.test("Recorder stores bodies as configured, and as a project has chosen", async () => {
  const off = (config: Config) => ({ ...config, bodies: { ...config.bodies, enabled: false } });
  const cases = [[same, null, 2], [off, null, 0], [same, "off", 0], [off, "on", 2]] as const;
  for (const [change, choice, count] of cases) {
    await withRecorder(change, async (bench) => {
      if (choice !== null) {
        setBodyCapture(bench.db, "shop", choice, {
          now: Math.floor(START),
          newId: () => crypto.randomUUID(),
        });
      }
      const row = only(await recorded(bench, {}));
      equal(bench.bodies(row).length, count);
      equal(row["cost_pico"], Number(STREAM_PICO));
      match(String(row["prompt_hash"]), /^[0-9a-f]{64}$/);
    });
  }
});

Deno.test("Recorder stores no body of a call that began while capture was off", async () => {
  await withRecorder(same, async (bench) => {
    const on = defaultConfig();
    const rates = createRateTable([]);
    bench.recorder.configure({ ...on, bodies: { ...on.bodies, enabled: false } }, rates);
    bench.recorder.configure(on, rates);
    const now = Date.now() + 10;
    const [head, ...others] = callRecords({ c: 1, x: 1, response: streamEvents(850, "msg_2").join("") });
    ok(head?.t === "request");
    bench.recorder.setOwner(5001, SHOP);
    tell(bench.recorder, open(1), ...callRecords({ c: 1, x: 0 }));
    tell(bench.recorder, { ...head, at: now }, ...others);
    const rows = await bench.rows();
    deepEqual(rows.map((row) => bench.bodies(row).length), [0, 2]);
  });
});

Deno.test("Recorder stores no body of a call that nobody could be found for while some project is off, and counts it", async () => {
  for (const off of [true, false]) {
    await withRecorder(same, async (bench) => {
      const options = { now: Math.floor(START), newId: () => crypto.randomUUID() };
      if (off) setBodyCapture(bench.db, "secret", "off", options);
      bench.recorder.setOwner(5001, { slug: "misc", layer: "smart_default", unknown: true });
      tell(bench.recorder, open(1), ...callRecords({ c: 1, x: 0 }), { t: "close", c: 1 });
      equal(bench.bodies(only(await bench.rows())).length, off ? 0 : 2);
      equal(bench.recorder.counters()["bodies_withheld"], off ? 1 : 0);
    });
  }
});

Deno.test("Recorder cuts what is stored, not what is counted", async () => {
  const small = (config: Config) => ({ ...config, bodies: { ...config.bodies, maxBodyBytes: 100 } });
  await withRecorder(small, async (bench) => {
    const words = Array.from({ length: 5_000 }, () => "ä🙂 ");
    const response = streamEvents(850, "msg_1", words).join("");
    const row = only(await recorded(bench, { response }));
    deepEqual(pick(row, ...TOKENS), STREAM_TOKENS);
    for (const body of bench.bodies(row)) {
      ok(utf8(body.text).length <= 100);
      equal(body.truncated, true);
      equal(body.text.includes("\ufffd"), false);
    }
    equal(bench.bodies(row)[1]?.originalSize, utf8(response).length);
    equal(row["response_bytes"], utf8(response).length);
  });
  const none = (config: Config) => ({ ...config, bodies: { ...config.bodies, maxBodyBytes: 0 } });
  await withRecorder(none, async (bench) => {
    const row = only(await recorded(bench, {}));
    equal(bench.bodies(row).length, 0);
    deepEqual(pick(row, ...TOKENS), STREAM_TOKENS);
  });
});

Deno.test("Recorder fingerprints prompts under the installation's key, or plainly if told to", async () => {
  await withRecorder(same, async (bench) => {
    const rows = await recorded(bench, {}, {}, { request: REQUEST + " " }, { request: "" });
    const key = String(
      bench.db.prepare("SELECT value FROM installation WHERE key = 'prompt_hash_key'").get()?.["value"],
    );
    const hashes = rows.map((row) => row["prompt_hash"]);
    equal(hashes[0], createHmac("sha256", key).update(REQUEST).digest("hex"));
    equal(hashes[1], hashes[0]);
    ok(hashes[2] !== hashes[0]);
    equal(hashes[3], null);
  });
  await withRecorder((config) => ({ ...config, cloud: { ...config.cloud, promptHash: "plain" } }), async (bench) => {
    const row = only(await recorded(bench, {}));
    equal(row["prompt_hash"], createHash("sha256").update(REQUEST).digest("hex"));
  });
});

Deno.test("Recorder fingerprints no prompt of which it saw a part only", async () => {
  await withRecorder(same, async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    const [head, body, , ...rest] = callRecords({ c: 1 });
    if (!head || !body) throw new Error("A call has a head");
    tell(bench.recorder, open(1), head, body, { t: "end", c: 1, x: 0, part: "request", whole: false, at: START });
    tell(bench.recorder, ...rest);
    const row = only(await bench.rows());
    equal(row["prompt_hash"], null);
    equal(row["output_tokens"], 850);
  });
});

Deno.test("Recorder leaves no secret in the database's files", async () => {
  const secrets = [
    "sk-ant-api03-CANARYxq7Zt0pLw9Vb2Nc4Md6Kf8Jh1Gs3Ra5Ty-CANARYxq7Zt0pLw9Vb2Nc4Md6Kf8Jh1Gs3Ra5TyUi7Op9-QwErTyAA",
    "AKIAQ7ZTPLWVB2NC4M3X",
    "ghp_CaNaRy7Zt0pLw9Vb2Nc4Md6Kf8Jh1Gs3Ra5T",
    "canary.person@corporate-mail.test",
  ];
  const split = secrets[0] ?? "";
  await withRecorder(same, async (bench) => {
    const request = JSON.stringify({
      model: "claude-sonnet-4-5",
      messages: [{ role: "user", content: `Use ${secrets.join(" and ")} please` }],
    });
    const response = streamEvents(850, "msg_1", ["Your key is ", split.slice(0, 30), split.slice(30), " and done."])
      .join("");
    const row = only(
      await recorded(bench, {
        target: `/v1/messages?key=${secrets[2]}`,
        fields: [
          "authorization",
          `Bearer ${secrets[0]}`,
          "cookie",
          `session=${secrets[2]}`,
          "x-note",
          secrets[3] ?? "",
        ],
        request,
        response,
      }),
    );
    const stored = bench.bodies(row).map(({ text }) => text).join("\n") + JSON.stringify(row);
    const files = bench.onDisk();
    for (const secret of [...secrets, split.slice(0, 30), split.slice(30)]) {
      equal(stored.includes(secret), false, `${secret.slice(0, 8)}… in a row`);
      equal(files.includes(secret), false, `${secret.slice(0, 8)}… in a file`);
    }
    equal(files.includes("How much is this?"), false);
    JSON.parse(bench.bodies(row)[0]?.text ?? "");
    ok(stored.includes("[REDACTED:"));
    ok(JSON.stringify(bench.events).includes("CANARY") === false);
  });
});

Deno.test("Recorder prices with the list it was given last", async () => {
  await withRecorder(same, async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    tell(bench.recorder, open(1), ...callRecords({ c: 1, x: 0 }));
    await bench.rows();
    const free = createRateTable([{
      provider: "anthropic",
      model: "claude-sonnet-4-5-20250929",
      prices: { input: "0", output: "1", cacheRead: "0", cacheWrite5m: "0", cacheWrite1h: "0" },
      validFrom: null,
      validUntil: null,
    }]);
    bench.recorder.configure({ ...(await import("../../src/domain/config.ts")).defaultConfig() }, free);
    tell(bench.recorder, ...callRecords({ c: 1, x: 1, response: streamEvents(850, "msg_2").join("") }));
    const rows = await bench.rows();
    deepEqual(rows.map((row) => pick(row, "cost_pico", "rates_source")[0]), [Number(STREAM_PICO), 850_000_000]);
    equal(rows[1]?.["rates_source"], "override");
  });
});

Deno.test("Recorder ignores records of connections and exchanges that it does not know", async () => {
  await withRecorder(same, async (bench) => {
    tell(bench.recorder, ...callRecords({ c: 9 }), { t: "close", c: 9 }, { t: "opaque", c: 9, reason: "x" });
    tell(bench.recorder, open(1), ...callRecords({ c: 1, x: 4 }).slice(1));
    tell(bench.recorder, ...callRecords({ c: 1, x: 5, target: "/v1/organizations", method: "GET" }), {
      t: "close",
      c: 1,
    });
    equal((await bench.rows()).length, 0);
    equal(bench.recorder.counters()["failed"], 0);
  });
});

Deno.test("Recorder has a row on disk soon, without being asked", async () => {
  await withRecorder(same, async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    tell(bench.recorder, open(1), ...callRecords({ c: 1 }));
    const count = () => Number(bench.db.prepare("SELECT count(*) AS n FROM requests").get()?.["n"]);
    const started = performance.now();
    await eventually(() => count() === 1, "the row");
    ok(performance.now() - started < 300);
    equal(bench.recorder.counters()["rows_written"], 1);
    equal(bench.recorder.counters()["exchanges_recorded"], 1);
    deepEqual(bench.recorder.notes(), []);
  });
});

Deno.test("Recorder says when the disk refuses, and keeps the rows", async () => {
  await withRecorder(same, async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    bench.db.exec("PRAGMA query_only = 1");
    tell(bench.recorder, open(1), ...callRecords({ c: 1 }));
    await eventually(() => bench.recorder.counters()["failed_flushes"] !== 0, "the failure");
    match(bench.recorder.notes()[0] ?? "", /^Cannot write to the database \(SQLITE_READONLY\): 1 rows wait in memory$/);
    ok(bench.events.some(({ event }) => event === "recorder.write.failed"));
    bench.db.exec("PRAGMA query_only = 0");
    equal((await bench.rows()).length, 1);
    deepEqual(bench.recorder.notes(), []);
    await pause(1_050);
  });
});

Deno.test("Recorder reads what a real Outbox sends, whatever the batches", async () => {
  await withRecorder(same, async (bench) => {
    const outbox = new Outbox();
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = (event: MessageEvent<CopyBatch>) => {
      bench.recorder.take(event.data);
      port2.postMessage({ kind: "ack", weight: event.data.weight });
    };
    outbox.attach(port1);
    bench.recorder.setOwner(5001, SHOP);
    const words = Array.from({ length: 3_000 }, (_, i) => `word ${i} `);
    const stream = utf8(streamEvents(850, "msg_1", words).join(""));
    const request = concat([utf8(REQUEST.slice(0, -1)), utf8(`,"pad":"${"p".repeat(200_000)}"}`)]);
    outbox.add(open(1));
    outbox.add({ t: "request", c: 1, x: 0, method: "POST", target: "/v1/messages", fields: [], at: START });
    for (let at = 0; at < request.length; at += 16_384) {
      outbox.bytes(1, 0, "request", request.subarray(at, at + 16_384), true, START);
    }
    outbox.end(1, 0, "request", true, START);
    outbox.add({ t: "response", c: 1, x: 0, status: 200, fields: ["content-type", "text/event-stream"], at: START });
    for (let at = 0; at < stream.length; at += 997) {
      outbox.bytes(1, 0, "response", stream.subarray(at, at + 997), false, START + 1);
      if (at % 100 === 0) await pause(0);
    }
    outbox.end(1, 0, "response", true, START + 2);
    outbox.add({ t: "close", c: 1 });
    await eventually(() => bench.recorder.counters()["exchanges_recorded"] === 1, "the exchange");
    const row = only(await bench.rows());
    deepEqual(pick(row, ...TOKENS), STREAM_TOKENS);
    deepEqual(pick(row, "request_bytes", "response_bytes"), [request.length, stream.length]);
    deepEqual(bench.bodies(row).map(({ text }) => utf8(text).length), [request.length, stream.length]);
    await eventually(() => outbox.unacknowledged === 0, "the acknowledgements");
    port1.close();
    port2.close();
  });
});

Deno.test("Recorder stores no body where a .haltonrc says off, whatever the project's setting, and lets none turn it on", async () => {
  const calls = [
    { rcfile: null, project: null, daemon: true, stored: true },
    { rcfile: null, project: null, daemon: false, stored: false },
    { rcfile: null, project: "on", daemon: false, stored: true },
    { rcfile: null, project: "off", daemon: true, stored: false },
    { rcfile: false, project: null, daemon: true, stored: false },
    { rcfile: false, project: "on", daemon: true, stored: false },
    { rcfile: true, project: null, daemon: true, stored: true },
    { rcfile: true, project: null, daemon: false, stored: false },
    { rcfile: true, project: "off", daemon: true, stored: false },
    { rcfile: true, project: "on", daemon: false, stored: true },
  ] as const;
  for (const { rcfile, project, daemon, stored } of calls) {
    await withRecorder((config) => ({ ...config, bodies: { ...config.bodies, enabled: daemon } }), async (bench) => {
      setBodyCapture(bench.db, SHOP.slug, project, { now: Math.floor(START), newId: () => crypto.randomUUID() });
      bench.recorder.setOwner(5001, { ...SHOP, bodyCapture: rcfile });
      tell(bench.recorder, open(1), ...callRecords({ c: 1, x: 0 }), { t: "close", c: 1 });
      const row = only(await bench.rows());
      equal(bench.bodies(row).length, stored ? 2 : 0, JSON.stringify({ rcfile, project, daemon }));
    });
  }
});
