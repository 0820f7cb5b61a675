/**
 * Every surface through whole processes: client, edge, daemon, raw stand-in provider, row. Bytes must arrive unchanged, and
 * each row must hold the counts and the exact price that tests/golden/corpus.ts works out.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import zlib from "node:zlib";
import type { InterceptedHost } from "../../src/domain/hosts.ts";
import type { RecordedRequest } from "../../src/store/listing.ts";
import { CORPUS, type CorpusEntry } from "../golden/corpus.ts";
import { mutated } from "../golden/mutations.ts";
import { seeded } from "../golden/bodies.ts";
import { type Framing, message } from "../golden/wire.ts";
import { concat, text, utf8 } from "./support/bytes.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { openTls, writeAll } from "./support/raw_client.ts";
import {
  callMark,
  longStream,
  marked,
  play,
  rawAnswer,
  residentBytes,
  rowsByCall,
  StandIns,
  type SurfaceCall,
} from "./support/surfaces.ts";

/** Calls that are under way at a time. */
const AT_ONCE = 6;

/** Seed of the spoiled answers; part of every message. */
const SEED = 5_150;

type Coding = readonly [name: string, code: (bytes: Uint8Array) => Uint8Array];

const CODINGS: readonly (Coding | null)[] = [
  null,
  ["gzip", (bytes) => zlib.gzipSync(bytes)],
  ["br", (bytes) => zlib.brotliCompressSync(bytes)],
  ["zstd", (bytes) => zlib.zstdCompressSync(bytes)],
];
const FRAMINGS: readonly Framing[] = ["chunked", "length", "until the end"];

function bytesOf(body: unknown): Uint8Array {
  return body === undefined ? new Uint8Array() : utf8(typeof body === "string" ? body : JSON.stringify(body));
}

interface CallParts {
  readonly call: string;
  readonly request?: unknown;
  readonly requestType?: string;
  readonly requestCoding?: Coding | null;
  readonly status?: number;
  readonly type?: string;
  readonly response: unknown;
  readonly coding?: Coding | null;
  readonly framing?: Framing;
}

function surfaceCall(parts: CallParts, index: number): SurfaceCall {
  const [method = "", url = ""] = parts.call.split(" ");
  const slash = url.indexOf("/");
  const host = url.slice(0, slash) as InterceptedHost;
  const { requestCoding = null, coding = null } = parts;
  const body = bytesOf(parts.request);
  const answer = bytesOf(parts.response);
  const json = /^\s*[[{]/.test(new TextDecoder().decode(answer.subarray(0, 16)));
  const type = parts.type ?? (json ? "application/json" : "text/event-stream");
  return {
    host,
    request: message(
      `${method} ${marked(url.slice(slash), index)} HTTP/1.1`,
      [
        `Host: ${host}`,
        `Content-Type: ${parts.requestType ?? "application/json"}`,
        ...requestCoding === null ? [] : [`Content-Encoding: ${requestCoding[0]}`],
      ],
      requestCoding === null ? body : requestCoding[1](body),
      "length",
    ),
    answer: rawAnswer(message(
      `HTTP/1.1 ${parts.status ?? 200} Answer`,
      [`Content-Type: ${type}`, ...coding === null ? [] : [`Content-Encoding: ${coding[0]}`]],
      coding === null ? answer : coding[1](answer),
      parts.framing ?? "chunked",
    )),
  };
}

function cost(row: RecordedRequest): bigint | string | null {
  return row.costPico === 0n ? "free" : row.costPico ?? row.costMissing;
}

function written(first: number | null | undefined, second: number | null | undefined): number | null {
  return first == null && second == null ? null : (first ?? 0) + (second ?? 0);
}

/** What a row must say of an entry of the corpus. */
function expectedOf({ expected }: CorpusEntry) {
  return expected.map(({ counts: [input, cacheRead, short, long, output, thinking], ...more }) => ({
    counts: [input, cacheRead, written(short, long), output, thinking],
    cost: more.cost,
    model: more.model,
    responseId: more.responseId,
    mode: more.mode,
    status: more.failed === true ? "error" : "success",
  }));
}

function saidBy(rows: readonly RecordedRequest[]) {
  return rows.map((row) => ({
    counts: [row.inputTokens, row.cacheReadTokens, row.cacheWriteTokens, row.outputTokens, row.thinkingTokens],
    cost: cost(row),
    model: row.model,
    responseId: row.responseId,
    mode: row.mode,
    status: row.status,
  }));
}

/** Plays all calls, a few at a time, and waits for `rows` more rows. */
async function playAll(meter: Meter, caCerts: readonly string[], calls: readonly SurfaceCall[], rows: number) {
  const before = meter.rows().length;
  const waiting = [...calls];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) await play(meter, caCerts, call);
  }));
  return rowsByCall(await meter.waitForRows(before + rows, 20_000));
}

async function onSurfaces(body: (meter: Meter, standIns: StandIns, caCerts: readonly string[]) => Promise<void>) {
  const standIns = new StandIns();
  await standIns.start();
  try {
    await withMeter({ providers: standIns.providers }, async (meter) => {
      await body(meter, standIns, [await Deno.readTextFile(meter.caFile)]);
    });
  } finally {
    await standIns.stop();
  }
}

interface Failure extends CallParts {
  readonly title: string;
  readonly errorClass: string;
  readonly cost: string;
}

const MESSAGES = "POST api.anthropic.com/v1/messages";
const FAILURES: readonly Failure[] = [
  {
    title: "Anthropic overloaded",
    call: MESSAGES,
    status: 529,
    response: { type: "error", error: { type: "overloaded_error", message: "Overloaded" }, request_id: "req_1" },
    errorClass: "server_error",
    cost: "free",
  },
  {
    title: "OpenAI out of money",
    call: "POST api.openai.com/v1/chat/completions",
    status: 429,
    response: { error: { message: "x", type: "insufficient_quota", param: null, code: "insufficient_quota" } },
    errorClass: "auth",
    cost: "free",
  },
  {
    title: "OpenAI rate limit",
    call: "POST api.openai.com/v1/responses",
    status: 429,
    response: { error: { message: "x", type: "requests", param: null, code: "rate_limit_exceeded" } },
    errorClass: "rate_limit",
    cost: "free",
  },
  {
    title: "Gemini error in an array",
    call: "POST generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent",
    status: 429,
    response: [{ error: { code: 429, message: "x", status: "RESOURCE_EXHAUSTED" } }],
    errorClass: "rate_limit",
    cost: "free",
  },
  {
    title: "Anthropic stream that fails after it began",
    call: MESSAGES,
    request: { model: "claude-opus-5-5", stream: true },
    response: 'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_f","type":"message",' +
      '"model":"claude-opus-5-5","usage":{"input_tokens":10,"output_tokens":1}}}\n\n' +
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"x"}}\n\n',
    errorClass: "server_error",
    cost: "usage_incomplete",
  },
  {
    title: "OpenAI response that fails",
    call: "POST api.openai.com/v1/responses",
    request: { model: "gpt-6-sol", stream: true },
    response: 'event: response.failed\ndata: {"type":"response.failed","response":{"id":"resp_f","model":"gpt-6-sol",' +
      '"status":"failed","error":{"code":"server_error","message":"x"},"usage":null}}\n\n',
    errorClass: "server_error",
    cost: "free",
  },
  {
    title: "Gemini stream that fails",
    call: "POST generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    response: 'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}],"usageMetadata":{"promptTokenCount":5}}\n\n' +
      'data: {"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}\n\n',
    errorClass: "server_error",
    cost: "usage_incomplete",
  },
  {
    title: "xAI error whose text is the error",
    call: "POST api.x.ai/v1/chat/completions",
    status: 400,
    response: { code: "Client specified an invalid argument", error: "Incorrect API key provided" },
    errorClass: "bad_request",
    cost: "free",
  },
  {
    title: "Codex usage limit",
    call: "POST chatgpt.com/backend-api/codex/responses",
    status: 429,
    response: { error: { type: "usage_limit_reached", message: "x", plan_type: "plus", resets_in_seconds: 5 } },
    errorClass: "rate_limit",
    cost: "free",
  },
  {
    title: "a page of markup from a gateway",
    call: MESSAGES,
    status: 502,
    type: "text/html",
    response: "<html><body>Bad gateway</body></html>",
    errorClass: "server_error",
    cost: "free",
  },
];

Deno.test("a row holds the counts and the exact price of every surface, and no byte is changed on the way", async () => {
  await onSurfaces(async (meter, standIns, caCerts) => {
    CORPUS.forEach((entry, turn) => {
      const codex = entry.call.includes("/codex/");
      standIns.add((index) =>
        surfaceCall({
          ...entry,
          // As Codex sends it.
          requestCoding: codex ? CODINGS[3] ?? null : null,
          coding: CODINGS[turn % CODINGS.length] ?? null,
          framing: FRAMINGS[turn % FRAMINGS.length] ?? "length",
        }, index)
      );
    });
    const wanted = CORPUS.reduce((sum, { expected }) => sum + expected.length, 0);
    const rows = await playAll(meter, caCerts, standIns.calls, wanted);
    CORPUS.forEach((entry, index) => {
      deepEqual(saidBy(rows.get(index) ?? []), expectedOf(entry), `${entry.surface}, ${entry.title}`);
      const sent = standIns.calls[index]?.request ?? new Uint8Array();
      const { head, body } = standIns.received[index] ?? { head: "", body: new Uint8Array() };
      equal(text(concat([utf8(head), body])), text(sent), `request of ${entry.surface}`);
      if (entry.call.includes("/codex/")) deepEqual(rows.get(index)?.map((row) => row.billingBasis), ["subscription"]);
    });

    await FAILURES.reduce(async (before, failure) => {
      await before;
      const index = standIns.add((number) => surfaceCall(failure, number));
      const [row] = (await playAll(meter, caCerts, standIns.calls.slice(index), 1)).get(index) ?? [];
      deepEqual(
        [row?.status, row?.errorClass, row && cost(row), row?.httpStatus],
        ["error", failure.errorClass, failure.cost, failure.status ?? 200],
        failure.title,
      );
    }, Promise.resolve());

    const silent = standIns.add((index) => ({
      ...surfaceCall({ call: MESSAGES, response: {} }, index),
      answer: rawAnswer(new Uint8Array()),
    }));
    const [lost] = (await playAll(meter, caCerts, standIns.calls.slice(silent), 1)).get(silent) ?? [];
    // This client ends its sending side behind the request, as one that gives up does.
    deepEqual([lost?.status, lost?.errorClass, lost?.httpStatus], ["error", "timeout", null]);
  });
});

Deno.test("a response that is fetched again counts once, from the first row that knew its usage", async () => {
  await onSurfaces(async (meter, standIns, caCerts) => {
    const usage = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };
    const response = (id: string, status: string, known: boolean) => {
      return { id, object: "response", model: "gpt-6-sol", status, output: [], usage: known ? usage : null };
    };
    const call = (parts: CallParts) => standIns.add((index) => surfaceCall(parts, index));
    const step = async (parts: CallParts, rows: number) => {
      const index = call(parts);
      return (await playAll(meter, caCerts, standIns.calls.slice(index), rows)).get(index) ?? [];
    };
    const create = { call: "POST api.openai.com/v1/responses", request: { model: "gpt-6-sol" } };
    await step({ ...create, response: response("resp_now", "completed", true) }, 1);
    for (let again = 0; again < 3; again++) {
      const [row] = await step({
        call: "GET api.openai.com/v1/responses/resp_now",
        response: response("resp_now", "completed", true),
      }, 1);
      deepEqual([row?.costPico, row?.costMissing, row?.duplicateOf === null], [null, "duplicate", false]);
    }
    const background = { ...create, request: { model: "gpt-6-sol", background: true } };
    await step({ ...background, response: response("resp_later", "queued", false) }, 1);
    const poll = "GET api.openai.com/v1/responses/resp_later";
    await step({ call: poll, response: response("resp_later", "in_progress", false) }, 0);
    await step({ call: poll, response: response("resp_later", "completed", true) }, 1);
    await step({ call: poll, response: response("resp_later", "completed", true) }, 1);
    await step({
      call: "POST api.openai.com/v1/responses/resp_later/cancel",
      response: response("resp_later", "completed", true),
    }, 1);
    const chat = {
      id: "chat_1",
      object: "chat.completion",
      model: "grok-4.3",
      choices: [],
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    };
    await step({
      call: "POST api.x.ai/v1/chat/completions",
      request: { model: "grok-4.3", deferred: true },
      response: { request_id: "req_1" },
    }, 1);
    await step({ call: "GET api.x.ai/v1/chat/deferred-completion/req_1", status: 202, response: "" }, 0);
    await step({ call: "GET api.x.ai/v1/chat/deferred-completion/req_1", response: chat }, 1);
    // 1,000 × 2 + 100 × 10 = 3,000 millionths, once for each of the two responses; the deferred completion spent none.
    const sum = meter.rows().reduce((total, row) => total + (row.costPico ?? 0n), 0n);
    equal(sum, 6_000_000_000n);
    const { stdout } = await meter.command(["report", "--json"]);
    const { totals } = JSON.parse(stdout);
    deepEqual([totals.requests, totals.unpriced, totals.incomplete], [3, 0, 0], stdout);
  });
});

Deno.test("a stream of 300 MB is read in bounded memory, and so is a JSON body of 20 MB with its usage at the end", async () => {
  await onSurfaces(async (meter, standIns, caCerts) => {
    const delta =
      `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta",` +
      `"text":"${"naïve text ".repeat(80)}"}}\n\n`;
    const piece = delta.repeat(Math.ceil(65_536 / delta.length));
    const times = Math.ceil(300_000_000 / utf8(piece).length);
    const start = 'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_long","type":"message",' +
      '"model":"claude-opus-5-5","usage":{"input_tokens":1000,"output_tokens":1}}}\n\n';
    const end = 'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":' +
      '{"output_tokens":900000}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n';
    const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    const index = standIns.add((number) => ({
      ...surfaceCall({ call: MESSAGES, request: { model: "claude-opus-5-5", stream: true }, response: "" }, number),
      answer: longStream(head, start, piece, times, end),
    }));
    const embedding = standIns.add((number) =>
      surfaceCall({
        call: "POST api.openai.com/v1/embeddings",
        request: { model: "text-embedding-3-small" },
        response: `{"object":"list","data":[${"0.123456789,".repeat(1_700_000)}0],"model":"text-embedding-3-small",` +
          '"usage":{"prompt_tokens":50000,"total_tokens":50000}}',
        framing: "length",
      }, number)
    );
    // Everything loaded and warm, so that what grows is what the stream costs.
    const warm = standIns.add((number) =>
      surfaceCall({ call: MESSAGES, response: { id: "m", type: "message" } }, number)
    );
    await playAll(meter, caCerts, standIns.calls.slice(warm), 1);
    const pids = [meter.daemon?.pid ?? 0, meter.edge?.pid ?? 0];
    const resident = () => pids.reduce((sum, pid) => sum + (residentBytes(pid) ?? 0), 0);
    const before = resident();
    let peak = before;
    const timer = setInterval(() => peak = Math.max(peak, resident()), 50);
    try {
      const call = standIns.calls[index];
      if (call !== undefined) equal(await countBytes(meter, caCerts, call), lengthOf(call));
    } finally {
      clearInterval(timer);
    }
    await playAll(meter, caCerts, standIns.calls.slice(embedding, embedding + 1), 2);
    const rows = rowsByCall(meter.rows());
    const [stream] = rows.get(index) ?? [];
    // 1,000 × 4 + 900,000 × 20 = 18,004,000 millionths.
    deepEqual([stream?.outputTokens, stream?.costPico, stream?.tokensComplete], [900_000, 18_004_000_000_000n, true]);
    const [list] = rows.get(embedding) ?? [];
    // 50,000 × 0.02 = 1,000 millionths.
    deepEqual([list?.inputTokens, list?.costPico], [50_000, 1_000_000_000n]);
    ok(peak - before < 64 * 1024 * 1024, `memory grew by ${Math.round((peak - before) / 1e6)} MB during the stream`);
  });
});

Deno.test("answers that are spoiled arrive as they were sent, and the meter goes on", async () => {
  await onSurfaces(async (meter, standIns, caCerts) => {
    const random = seeded(SEED);
    for (let turn = 0; turn < 60; turn++) {
      const entry = CORPUS[random(CORPUS.length)];
      if (entry === undefined) continue;
      standIns.add((index) => {
        const call = surfaceCall({ ...entry, framing: FRAMINGS[random(3)] ?? "length" }, index);
        return { ...call, answer: rawAnswer(mutated(call.answer.steps[0]?.bytes ?? new Uint8Array(), random)) };
      });
    }
    await Promise.all(standIns.calls.map(async (call, index) => {
      await play(meter, caCerts, call).catch((cause) => {
        throw new Error(`Seed ${SEED}, call ${index}, ${callMark(index)}`, { cause });
      });
    }));
    const good = standIns.add((index) => surfaceCall(CORPUS[1] ?? { call: "", response: "" }, index));
    await playAll(meter, caCerts, standIns.calls.slice(good), 0);
    await meter.waitForRows(1);
    const rows = await waitForCall(meter, good);
    equal(rows[0]?.costPico, 440_000_000n);
  });
});

async function waitForCall(meter: Meter, index: number): Promise<readonly RecordedRequest[]> {
  for (let tries = 0; tries < 100; tries++) {
    const rows = rowsByCall(meter.rows()).get(index) ?? [];
    if (rows.length > 0) return rows;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return [];
}

function lengthOf({ answer }: SurfaceCall): number {
  return answer.steps.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** Makes a call and counts what comes, keeping none of it. */
async function countBytes(meter: Meter, caCerts: readonly string[], call: SurfaceCall): Promise<number> {
  const tls = await openTls(meter.edgePort, `${call.host}:443`, { name: call.host, caCerts });
  try {
    await writeAll(tls, concat([call.request]));
    const buffer = new Uint8Array(256 * 1024);
    const wanted = lengthOf(call);
    let total = 0;
    while (total < wanted) {
      const count = await tls.read(buffer);
      if (count === null) break;
      total += count;
    }
    return total;
  } finally {
    tls.close();
  }
}
