import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Reading } from "../../src/domain/exchange.ts";
import { surfaceFor } from "../../src/providers/surfaces.ts";
import { utf8 } from "./cuts.ts";
import { counts, facts, readOne, sse } from "./feed.ts";

const MESSAGES = "POST api.anthropic.com/v1/messages";

/** Feeds pieces of a 200 response with gaps. */
function withGaps(
  call: string,
  pieces: readonly (string | null)[],
  type = "text/event-stream",
  request = "{}",
): Reading[] {
  const readings: Reading[] = [];
  const reader = surfaceFor(facts({ call }))?.open(facts({ call }), (reading) => readings.push(reading));
  if (reader === undefined) throw new Error("No surface");
  reader.requestBody(utf8(request));
  reader.requestEnd(true);
  reader.responseHead(200, new Map([["content-type", type]]));
  for (const piece of pieces) {
    if (piece === null) reader.responseGap?.();
    else reader.responseBody(utf8(piece));
  }
  reader.end(true);
  return readings;
}

const START = {
  type: "message_start",
  message: { id: "msg_1", model: "m", usage: { input_tokens: 10, output_tokens: 1 } },
};
const DELTA = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 20 } };
const STOP = { type: "message_stop" };

Deno.test("HttpReader reads usage after a gap in the middle of a stream", () => {
  const [reading] = withGaps(MESSAGES, [
    sse([START], true),
    "event: content_bl",
    null,
    'f"}}\n\n',
    sse([DELTA, STOP], true),
  ]);
  deepEqual([reading && counts(reading), reading?.complete, reading?.usageUnknown], [
    [10, 0, 0, 0, 20, null],
    true,
    null,
  ]);
});

Deno.test("HttpReader bills a document whose middle was given up by what its end tells, and never by less", () => {
  const head = '{"id":"msg_1","type":"message","model":"m","content":[{"type":"text","text":"lor';
  const end = 'em \\"usage\\":{}"}],"usage":{"input_tokens":44,"output_tokens":55}}';
  const document = (...pieces: readonly (string | null)[]) => {
    const [reading] = withGaps(MESSAGES, pieces, "application/json");
    return [reading && counts(reading).slice(0, 5), reading?.servedModel, reading?.complete, reading?.usageUnknown];
  };
  const whole = [[44, 0, 0, 0, 55], "m", true, null];
  deepEqual(document(head, null, end), whole);
  deepEqual(document(head, null, "ipsum ", null, end), whole);
  deepEqual(document(null, end), [[44, 0, 0, 0, 55], null, true, null]);
  // The end itself is missing, or the connection broke before it.
  const dropped = [[null, null, null, null, null], "m", false, "dropped"];
  deepEqual(document(head, null), dropped);
  deepEqual(document(head, null, end.slice(0, -1)), dropped);
  deepEqual(document(head, null, end, null), dropped);
});

Deno.test("HttpReader says that usage was dropped when the gap took it", () => {
  const [delta] = withGaps(MESSAGES, [sse([START], true), null, "x\n\n", sse([STOP], true)]);
  deepEqual([delta && counts(delta)[4], delta?.usageUnknown], [null, "dropped"]);
  const [all] = withGaps(MESSAGES, [null]);
  deepEqual([all?.complete, all?.usageUnknown], [false, "dropped"]);
  const [document] = withGaps(
    "POST api.openai.com/v1/responses",
    ['{"id":"r","model":"m","out', null, '":1}'],
    "application/json",
  );
  deepEqual([document?.complete, document?.usageUnknown, document?.servedModel], [false, "dropped", "m"]);
});

Deno.test("HttpReader reads streams without a content type, and errors where a stream was announced", () => {
  const response = sse([START, DELTA, STOP], true);
  equal(readOne({ call: MESSAGES, response, headers: {} }).complete, true);
  const error = { type: "error", error: { type: "api_error", message: "x" } };
  const reading = readOne({ call: MESSAGES, response: error, headers: { "content-type": "text/event-stream" } });
  deepEqual([reading.error?.type, reading.usageUnknown], ["api_error", "not_reported"]);
});

Deno.test("HttpReader reads a large document from its end", () => {
  const usage = { prompt_tokens: 8, total_tokens: 8 };
  const response = JSON.stringify({
    object: "list",
    data: [{ embedding: "x".repeat(9 * 1024 * 1024) }],
    model: "e",
    usage,
  });
  const half = response.length / 2;
  const readings = withGaps(
    "POST api.openai.com/v1/embeddings",
    [response.slice(0, half), response.slice(half)],
    "application/json",
  );
  deepEqual(readings.map((reading) => [counts(reading)[0], reading.servedModel, reading.complete]), [[8, "e", true]]);
});

Deno.test("HttpReader reads what a large request asked for", () => {
  const request = JSON.stringify({
    model: "gpt-5.6",
    messages: [{ role: "user", content: '"model":"fake","stream":false'.repeat(400_000) }],
    stream: true,
    stream_options: { include_usage: false },
  });
  const [reading] = withGaps(
    "POST api.openai.com/v1/chat/completions",
    ["data: [DONE]\n\n"],
    "text/event-stream",
    request,
  );
  deepEqual([reading?.requestedModel, reading?.usageUnknown], ["gpt-5.6", "not_requested"]);
});

Deno.test("HttpReader keeps no text in raw usage", () => {
  const usage = { input_tokens: 1, output_tokens: 2, note: "x".repeat(65), tier: "standard" };
  const reading = readOne({ call: MESSAGES, response: { id: "m", model: "m", usage } });
  equal(reading.rawUsage, '{"input_tokens":1,"output_tokens":2,"tier":"standard"}');
});

Deno.test("HttpReader survives whatever JSON a provider sends", () => {
  const strange: unknown[] = [null, true, 1, "x", [], {}, [[]], { usage: [] }, { usage: 1 }, {
    usage: { input_tokens: -1 },
  }];
  const keys = [
    "usage",
    "usageMetadata",
    "response",
    "message",
    "error",
    "candidates",
    "choices",
    "iterations",
    "delta",
    "content_block",
  ];
  const calls = [
    MESSAGES,
    "POST api.openai.com/v1/chat/completions",
    "POST api.openai.com/v1/responses",
    "POST api.openai.com/v1/images/generations",
    "POST generativelanguage.googleapis.com/v1/models/m:streamGenerateContent",
    "POST generativelanguage.googleapis.com/v1/interactions",
    "POST cloudcode-pa.googleapis.com/v1internal:streamGenerateContent",
  ];
  const types = ["message_start", "message_delta", "response.completed", "error", "content_block_start", "message"];
  for (const call of calls) {
    for (const value of strange) {
      for (const key of keys) {
        for (const type of types) {
          const document = { type, event_type: "interaction.completed", [key]: value };
          for (
            const body of [
              JSON.stringify(document),
              JSON.stringify([document]),
              sse([document, { type, [key]: { [key]: value } }], true),
            ]
          ) {
            const readings = withGaps(
              call,
              [body],
              body.startsWith("e") || body.startsWith("d") ? "text/event-stream" : "application/json",
            );
            equal(readings.length >= 1, true);
          }
        }
      }
    }
  }
});

Deno.test("HttpReader names the model and tier asked for also when the answer was read before the request", () => {
  const calls: readonly (readonly [string, readonly unknown[]])[] = [
    ["api.openai.com/v1/responses", [
      { type: "response.completed", response: { id: "resp_1", usage: { input_tokens: 1, output_tokens: 2 } } },
    ]],
    ["generativelanguage.googleapis.com/v1beta/interactions", [
      {
        event_type: "interaction.completed",
        interaction: { id: "i", usage: { total_input_tokens: 1, total_output_tokens: 2 } },
      },
    ]],
  ];
  for (const [call, events] of calls) {
    const request = facts({ call: `POST ${call}` });
    const readings: Reading[] = [];
    const reader = surfaceFor(request)?.open(request, (reading) => readings.push(reading));
    reader?.responseHead(200, new Map([["content-type", "text/event-stream"]]));
    reader?.responseBody(utf8(sse(events)));
    equal(readings.length, 0);
    // A compressed request may be decoded later than its answer.
    reader?.requestBody(utf8('{"model":"asked-for","service_tier":"flex"}'));
    reader?.requestEnd(true);
    reader?.end(true);
    deepEqual(
      readings.map(({ requestedModel, requestedTier, parts }) => [requestedModel, requestedTier, parts[0].model]),
      [
        ["asked-for", "flex", "asked-for"],
      ],
    );
  }
});
