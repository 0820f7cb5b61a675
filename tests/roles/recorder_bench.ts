/**
 * A recorder on a real database, fed by hand.
 *
 * @module
 */

import { type Config, defaultConfig } from "../../src/domain/config.ts";
import type { LogEvent } from "../../src/log.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import { newId } from "../../src/roles/ids.ts";
import type { CopyPart, CopyRecord } from "../../src/roles/messages.ts";
import { Recorder } from "../../src/roles/recorder.ts";
import { readBodies, type StoredBody } from "../../src/store/bodies.ts";
import { type Database, openForWriting } from "../../src/store/database.ts";
import { bodyCaptureBySlug, promptHashKey } from "../../src/store/settings.ts";
import { Writer } from "../../src/store/writer.ts";
import { concat, pause, utf8, withFolder } from "./tools.ts";

/** When the calls of these tests begin, UTC epoch ms. */
export const START = Date.UTC(2026, 9, 1, 12) + 0.5;

export const HOST = "api.anthropic.com";

/** Columns of one row of `requests`, with its project. */
export type Row = Readonly<Record<string, unknown>>;

/** A recorder at work. */
export interface RecorderBench {
  readonly recorder: Recorder;
  readonly db: Database;
  readonly folder: string;
  readonly events: LogEvent[];
  /** Finishes what is under way and gives the rows in the order of writing. */
  rows(): Promise<Row[]>;
  bodies(row: Row | undefined): StoredBody[];
  /** Every byte that the database has on disk. */
  onDisk(): string;
}

/** Runs `body` with a recorder whose configuration is `change`d. */
export async function withRecorder(
  change: (config: Config) => Config,
  body: (bench: RecorderBench) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const db = openForWriting(`${folder}/halton.db`, { now: Math.floor(START) });
    const writer = new Writer(db, { newId });
    const events: LogEvent[] = [];
    const recorder = new Recorder({
      writer,
      rates: createRateTable(),
      config: change(defaultConfig()),
      promptHashKey: promptHashKey(db),
      projectChoices: {
        of: (slug) => {
          const choice = bodyCaptureBySlug(db).get(slug);
          return choice === undefined ? null : choice === "on";
        },
        someOff: () => [...bodyCaptureBySlug(db).values()].includes("off"),
      },
      newId,
      log: (event) => events.push(event),
    });
    try {
      await body({
        recorder,
        db,
        folder,
        events,
        async rows() {
          await recorder.drain();
          return db.prepare(
            "SELECT requests.*, projects.slug AS slug FROM requests JOIN projects ON projects.id = project_id ORDER BY seq",
          ).all();
        },
        bodies: (row) => readBodies(db, String(row?.["id"])),
        onDisk: () =>
          [...Deno.readDirSync(folder)].map(({ name }) => {
            return latin1(Deno.readFileSync(`${folder}/${name}`));
          }).join(""),
      });
      await recorder.drain();
      await pause(30); // Past the last flush.
    } finally {
      db.close();
    }
  });
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** One call as it is told to the recorder. */
export interface Call {
  readonly c: number;
  readonly x?: number;
  readonly target?: string;
  readonly method?: string;
  readonly fields?: readonly string[];
  readonly request?: string | Uint8Array;
  readonly status?: number;
  readonly responseFields?: readonly string[];
  readonly response?: string | Uint8Array;
  /** False when the response was cut. */
  readonly whole?: boolean;
}

/** Gives records to a recorder, bytes in a slab of their own each. */
export function tell(recorder: Recorder, ...records: (CopyRecord | Bytes)[]): void {
  for (const record of records) {
    if (record.t !== "content") {
      recorder.take({ kind: "copy", records: [record], slab: new Uint8Array(0), weight: 0 });
      continue;
    }
    const { c, x, part, at } = record;
    const slab = concat([utf8("before"), record.content, utf8("after")]);
    const bytes: CopyRecord = { t: "bytes", c, x, part, start: 6, length: record.content.length, at };
    recorder.take({ kind: "copy", records: [bytes], slab, weight: 0 });
    slab.fill(0x7a); // Slabs are not kept for anybody.
  }
}

/** A stretch of bytes. */
export interface Bytes {
  readonly t: "content";
  readonly c: number;
  readonly x: number;
  readonly part: CopyPart;
  readonly content: Uint8Array;
  readonly at: number;
}

export function bytes(c: number, x: number, part: CopyPart, content: string | Uint8Array, at = START + 100): Bytes {
  return { t: "content", c, x, part, content: typeof content === "string" ? utf8(content) : content, at };
}

export function open(c: number, peerPort = 5000 + c): CopyRecord {
  return { t: "open", c, host: HOST, peerPort };
}

/** Everything of one call, without `open` and `close`. */
export function callRecords(call: Call): (CopyRecord | Bytes)[] {
  const { c, x = 0, target = "/v1/messages", method = "POST", fields = [], status = 200, whole = true } = call;
  const head = ["content-type", "application/json", "user-agent", "claude-cli/2.0.1", "x-api-key", "sk-ant-api03-x"];
  const records: (CopyRecord | Bytes)[] = [
    { t: "request", c, x, method, target, fields: [...head, ...fields], at: START },
    bytes(c, x, "request", call.request ?? REQUEST, START + 1),
    { t: "end", c, x, part: "request", whole: true, at: START + 2 },
    {
      t: "response",
      c,
      x,
      status,
      fields: call.responseFields ?? ["content-type", "text/event-stream"],
      at: START + 90,
    },
  ];
  const response = typeof call.response === "string" ? utf8(call.response) : call.response ?? utf8(STREAM);
  const half = Math.floor(response.length / 2);
  if (half > 0) records.push(bytes(c, x, "response", response.subarray(0, half), START + 100));
  if (response.length > 0) records.push(bytes(c, x, "response", response.subarray(half), START + 800));
  records.push({ t: "end", c, x, part: "response", whole, at: START + 900 });
  return records;
}

export const REQUEST = JSON.stringify({
  model: "claude-sonnet-4-5",
  stream: true,
  max_tokens: 100,
  messages: [{ role: "user", content: "How much is this?" }],
});

function event(data: { readonly type: string }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Events of an answer with 1,200 input, 20,000 cache read, 3,000 cache write (5 min) and `output` output tokens. */
export function streamEvents(output = 850, id = "msg_1", words: readonly string[] = ["It ", "is ", "free."]): string[] {
  const usage = {
    input_tokens: 1_200,
    cache_creation_input_tokens: 3_000,
    cache_read_input_tokens: 20_000,
    cache_creation: { ephemeral_5m_input_tokens: 3_000, ephemeral_1h_input_tokens: 0 },
    output_tokens: 1,
    service_tier: "standard",
  };
  const message = { id, type: "message", role: "assistant", model: "claude-sonnet-4-5-20250929", content: [], usage };
  const start = { type: "message_start", message };
  const delta = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: output } };
  return [
    event(start),
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } } as { type: string }),
    ...words.map((text) => {
      return event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } } as { type: string });
    }),
    event({ type: "content_block_stop", index: 0 } as { type: string }),
    event(delta),
    event({ type: "message_stop" }),
  ];
}

export const STREAM = streamEvents().join("");

/** Cost of {@link STREAM} at list price, in pico-dollars: 3 and 15 dollars per million, reads 0.30, writes 3.75. */
export const STREAM_PICO = (1_200n * 3_000_000n) + (20_000n * 300_000n) + (3_000n * 3_750_000n) + (850n * 15_000_000n);
