import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { readRequest, readResponse } from "../../../../src/api/pages/conversation/read.ts";
import type { Conversation } from "../../../../src/api/pages/conversation/turns.ts";
import { HOSTILE, SAMPLE_BODIES, stream } from "../bodies.ts";

/** Roles and kinds, in short: `user:text,media assistant:call`. */
function shapeOf(conversation: Conversation | null): string {
  return (conversation?.turns ?? []).map(({ role, parts }) => `${role}:${parts.map(({ kind }) => kind)}`).join(" ");
}

function textsOf(conversation: Conversation | null): string[] {
  return (conversation?.turns ?? []).flatMap(({ parts }) => parts).flatMap((part) => "text" in part ? [part.text] : []);
}

const [ANTHROPIC, CHAT, RESPONSES, GEMINI, CUT] = SAMPLE_BODIES;

Deno.test("readRequest() reads each provider's format", () => {
  equal(shapeOf(readRequest(ANTHROPIC?.request ?? "")), "system:text user:text,media assistant:call tool:result");
  equal(shapeOf(readRequest(CHAT?.request ?? "")), "system:text user:text,media assistant:call tool:result");
  equal(shapeOf(readRequest(RESPONSES?.request ?? "")), "system:text user:text assistant:call tool:result");
  equal(shapeOf(readRequest(GEMINI?.request ?? "")), "system:text user:text,media assistant:call tool:result");
  equal(shapeOf(readRequest('{"input":"embed this"}')), "user:text");
  equal(shapeOf(readRequest('{"prompt":"go on"}')), "user:text");
  equal(shapeOf(readRequest(`{"model":"x","request":${GEMINI?.request}}`)).startsWith("system:text"), true);
});

Deno.test("readRequest() names tools, settings, and the call behind a result", () => {
  const read = readRequest(ANTHROPIC?.request ?? "");
  deepEqual(read?.tools, ["read_file", "run_tests"]);
  deepEqual(read?.settings, [["max_tokens", "8192"], ["stream", "true"]]);
  const result = read?.turns.at(-1)?.parts[0];
  equal(result?.kind === "result" ? result.of : null, "read_file");
});

Deno.test("readResponse() puts each provider's stream together", () => {
  const anthropic = readResponse(ANTHROPIC?.response ?? "");
  equal(shapeOf(anthropic), "assistant:thinking,text,call");
  deepEqual(textsOf(anthropic)[0], "The request has no method, so the server sees a GET.");
  const call = anthropic?.turns[0]?.parts.at(-1);
  deepEqual(call?.kind === "call" ? JSON.parse(call.input) : null, { files: ["login_test.ts"] });
  equal(shapeOf(readResponse(CHAT?.response ?? "")), "assistant:text");
  equal(shapeOf(readResponse(RESPONSES?.response ?? "")), "assistant:thinking,text");
  deepEqual(textsOf(readResponse(GEMINI?.response ?? "")), ["A river under a bridge.", "A stone bridge over a river."]);
});

Deno.test("readResponse() puts chat chunks together by choice, with calls of tools in pieces", () => {
  const chunk = (index: number, delta: object, finish_reason: string | null = null) => ({
    object: "chat.completion.chunk",
    choices: [{ index, delta, finish_reason }],
  });
  const read = readResponse(stream([
    chunk(0, { role: "assistant", content: "Hel" }),
    chunk(1, { content: "Other" }),
    chunk(0, { content: "lo" }),
    chunk(0, { tool_calls: [{ index: 0, function: { name: "look", arguments: '{"a"' } }] }),
    chunk(0, { tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
    chunk(0, {}, "length"),
  ]));
  equal(shapeOf(read), "assistant:text,call,note assistant:text");
  deepEqual(textsOf(read), ["Hello", "stopped: length", "Other"]);
});

Deno.test("readResponse() shows what a stream held that ended early", () => {
  const text = RESPONSES?.response ?? "";
  const cut = readResponse(text.slice(0, text.indexOf("event: response.completed")));
  deepEqual(textsOf(cut), ["One is open: INV-19."]);
  deepEqual(textsOf(readResponse(CUT?.response ?? "")).at(-1), "The form sends a GET with a body. ");
  equal(shapeOf(readRequest(CUT?.request ?? "")), "system:text user:text,media assistant:call tool:result");
});

Deno.test("readResponse() reads errors, plain and in a stream, and messages of a socket", () => {
  deepEqual(textsOf(readResponse('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')), [
    "error: Overloaded",
  ]);
  const events = [{ type: "response.output_text.delta", delta: "Hi" }, {
    type: "response.output_text.delta",
    delta: "!",
  }];
  deepEqual(textsOf(readResponse(events.map((event) => JSON.stringify(event)).join("\n"))), ["Hi!"]);
});

Deno.test("both readers give up on what they do not know, and never throw", () => {
  const odd = [
    "",
    "no json",
    "[]",
    "null",
    "1",
    '"x"',
    "{}",
    "data: x\n\n",
    '{"messages":1}',
    '{"messages":[1,null,[]]}',
  ];
  for (const text of [...odd, HOSTILE.request, HOSTILE.response]) {
    readRequest(text);
    readResponse(text);
  }
  equal(readRequest("no json"), null);
  equal(readResponse("<html></html>"), null);
  match(textsOf(readResponse(HOSTILE.response)).join(), /<script>/);
  for (const [i, sample] of SAMPLE_BODIES.entries()) {
    for (let end = 0; end < sample.response.length; end += 7) readResponse(sample.response.slice(0, end));
    for (let end = 0; end < sample.request.length; end += 7) readRequest(sample.request.slice(0, end));
    ok(readRequest(sample.request) !== null, String(i));
  }
});
