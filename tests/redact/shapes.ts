/** Texts for the redaction tests: secrets, and the forms in which providers deliver them. */

/** Synthetic secrets that begin with what gives them away; name of the rule → secret. */
export const SECRETS: Readonly<Record<string, string>> = {
  "anthropic-api-key": "sk-ant-api03-EXAMPLE0000example1111EXAMPLE2222-AA",
  "openai-api-key": "sk-proj-EXAMPLE0_example1-EXAMPLE2example3",
  "google-api-key": "AIzaEXAMPLE0example1EXAMPLE2example3EXA",
  "github-token": "github_pat_EXAMPLE0example1EXAMPL_EXAMPLE2example3",
  "slack-token": "xoxb-0000000000-EXAMPLEexample",
  "jwt": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJleGFtcGxlIn0.EXAMPLE0example1",
  "private-key":
    "-----BEGIN RSA PRIVATE KEY-----\nEXAMPLE0example1EXAMPLE2example3\nEXAMPLE4example5==\n-----END RSA PRIVATE KEY-----",
};

/** `text` as a string in JSON, that JSON as a string in JSON, and so on. */
export function escapedIn(text: string, depth: number): string {
  let escaped = text;
  for (let level = 0; level < depth; level++) escaped = JSON.stringify({ inner: escaped });
  return escaped;
}

/** The text that {@link escapedIn} hid. Fails when some level is not JSON. */
export function unescapedFrom(text: string, depth: number): string {
  let inner = text;
  for (let level = 0; level < depth; level++) inner = JSON.parse(inner).inner;
  return inner;
}

/** A way in which a provider streams a text. */
export interface StreamShape {
  readonly name: string;
  readonly contentType: string;
  readonly begin: string;
  readonly delta: (piece: string) => unknown;
  /** Takes the piece out of a parsed event; undefined when the event holds none. */
  readonly pieceOf: (event: unknown) => string | undefined;
  readonly end: string;
}

type Json = { readonly [key: string]: Json } & { readonly [index: number]: Json };

function reader(read: (event: Json) => unknown): (event: unknown) => string | undefined {
  return (event) => {
    const piece = read(event as Json);
    return typeof piece === "string" ? piece : undefined;
  };
}

function sse(event: unknown): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

const responsesPlace = { item_id: "msg_1", output_index: 0, content_index: 0 };

/** Every event shape of the providers that are metered. */
export const STREAMS: readonly StreamShape[] = [
  {
    name: "Anthropic text",
    contentType: "text/event-stream; charset=utf-8",
    begin: `event: message_start\n${
      sse({ type: "message_start", message: { id: "msg_1", usage: { input_tokens: 12 } } })
    }`,
    delta: (text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
    pieceOf: reader((event) => event.delta?.text),
    end: sse({ type: "content_block_stop", index: 0 }) + sse({ type: "message_stop" }),
  },
  {
    name: "Anthropic thinking",
    contentType: "text/event-stream",
    begin: "event: ping\ndata: {}\n\n",
    delta: (thinking) => ({ type: "content_block_delta", index: 1, delta: { type: "thinking_delta", thinking } }),
    pieceOf: reader((event) => event.delta?.thinking),
    end: sse({ type: "message_stop" }),
  },
  {
    name: "Anthropic tool input",
    contentType: "text/event-stream",
    begin: "",
    delta: (json) => ({
      type: "content_block_delta",
      index: 2,
      delta: { type: "input_json_delta", partial_json: json },
    }),
    pieceOf: reader((event) => event.delta?.partial_json),
    end: sse({ type: "content_block_stop", index: 2 }),
  },
  {
    name: "OpenAI chat content",
    contentType: "text/event-stream",
    begin: sse({ id: "chatcmpl-1", choices: [{ index: 0, delta: { role: "assistant", content: "" } }] }),
    delta: (content) => ({ id: "chatcmpl-1", choices: [{ delta: { content }, index: 0, finish_reason: null }] }),
    pieceOf: reader((event) => event.choices?.[0]?.delta?.content),
    end: `${sse({ id: "chatcmpl-1", choices: [{ delta: {}, index: 0, finish_reason: "stop" }] })}data: [DONE]\n\n`,
  },
  {
    name: "OpenAI chat tool arguments",
    contentType: "text/event-stream",
    begin: sse({ choices: [{ index: 0, delta: { tool_calls: [{ index: 1, id: "call_1", type: "function" }] } }] }),
    delta: (json) => ({
      choices: [{ index: 0, delta: { tool_calls: [{ index: 1, function: { arguments: json } }] } }],
    }),
    pieceOf: reader((event) => event.choices?.[0]?.delta?.tool_calls?.[0]?.function?.arguments),
    end: "data: [DONE]\n\n",
  },
  {
    name: "OpenAI Responses text",
    contentType: "text/event-stream",
    begin: `event: response.created\n${sse({ type: "response.created", response: { usage: null } })}`,
    delta: (delta) => ({ type: "response.output_text.delta", ...responsesPlace, delta }),
    pieceOf: reader((event) => event.delta),
    end: sse({ type: "response.completed", response: { id: "resp_1" } }),
  },
  {
    name: "OpenAI Responses arguments",
    contentType: "text/event-stream",
    begin: "",
    delta: (delta) => ({ type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 1, delta }),
    pieceOf: reader((event) => event.delta),
    end: sse({ type: "response.function_call_arguments.done", item_id: "fc_1", output_index: 1 }),
  },
  {
    name: "Gemini",
    contentType: "text/event-stream",
    begin: "",
    delta: (text) => ({ candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0 }] }),
    pieceOf: reader((event) => event.candidates?.[0]?.content?.parts?.[0]?.text),
    end: sse({ candidates: [{ finishReason: "STOP", index: 0 }], usageMetadata: { totalTokenCount: 7 } }),
  },
  {
    name: "Code Assist",
    contentType: "text/event-stream",
    begin: "",
    delta: (text) => ({ response: { candidates: [{ content: { parts: [{ text }] } }] } }),
    pieceOf: reader((event) => event.response?.candidates?.[0]?.content?.parts?.[0]?.text),
    end: sse({ response: { candidates: [{ finishReason: "STOP" }] } }),
  },
];

/** A stream in which `pieces` come one after another; `separator` ends a line. */
export function streamOf(shape: StreamShape, pieces: readonly string[], separator = "\n"): string {
  const body = shape.begin + pieces.map((piece) => sse(shape.delta(piece))).join("") + shape.end;
  return body.replaceAll("\n", separator);
}

/** The text that a stream delivers. Fails when the data of some event is not JSON. */
export function deliveredBy(shape: StreamShape, body: string): string {
  return body.split(/\r\n|\n|\r/).flatMap((line) => {
    if (!line.startsWith("data: ") || line === "data: [DONE]") return [];
    return [shape.pieceOf(JSON.parse(line.slice(6))) ?? ""];
  }).join("");
}

/** Every way to cut a text in two, and the one into single characters. */
export function splits(text: string): string[][] {
  const cuts = Array.from({ length: text.length - 1 }, (_, index) => [text.slice(0, index + 1), text.slice(index + 1)]);
  return [...cuts, text.split("")];
}

/** The longest start of `secret` that stands anywhere in `text`, in characters. */
export function survivingPrefix(text: string, secret: string): number {
  let length = 0;
  while (length < secret.length && text.includes(secret.slice(0, length + 1))) length++;
  return length;
}
