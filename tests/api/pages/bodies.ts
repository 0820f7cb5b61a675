/**
 * Bodies for the pages: each format as it is stored, and one that wants to break out of its page.
 *
 * @module
 */

/** Both bodies of a call; `path` is a part of the path that its format belongs to. */
export interface SampleBodies {
  readonly path: string;
  readonly request: string;
  readonly response: string;
  readonly streamed: boolean;
  readonly cut: boolean;
}

/** Events as an SSE stream. */
export function stream(events: readonly object[], named = false): string {
  return events.map((event) => {
    const name = named && "type" in event ? `event: ${event.type}\n` : "";
    return `${name}data: ${JSON.stringify(event)}\n\n`;
  }).join("");
}

const ANTHROPIC_REQUEST = JSON.stringify({
  model: "claude-sonnet-4-6",
  max_tokens: 8_192,
  stream: true,
  system: [{ type: "text", text: "You are a careful engineer. Answer briefly.", cache_control: { type: "ephemeral" } }],
  tools: [{ name: "read_file", input_schema: {} }, { name: "run_tests", input_schema: {} }],
  messages: [
    {
      role: "user",
      content: [
        {
          type: "text",
          text:
            "The login form fails for ana@example.com, or [REDACTED:email] as you see it. Here is what it looks like:",
        },
        { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } },
      ],
    },
    {
      role: "assistant",
      content: [{ type: "tool_use", id: "toolu_1", name: "read_file", input: { path: "src/login.ts" } }],
    },
    {
      role: "user",
      content: [{
        type: "tool_result",
        tool_use_id: "toolu_1",
        content:
          'const apiKey = "[REDACTED:stripe-key]";\nexport function login(name: string) {\n  return fetch("/login", { body: name });\n}',
      }],
    },
  ],
});

const ANTHROPIC_STREAM = stream([
  { type: "message_start", message: { id: "msg_1", usage: { input_tokens: 1840 } } },
  { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "The request has no method, " } },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "so the server sees a GET." } },
  { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "The form sends a GET with a body. " } },
  {
    type: "content_block_delta",
    index: 1,
    delta: {
      type: "text_delta",
      text: 'Add a method:\n\n  fetch("/login", { method: "POST", body: name })\n\nThen run the tests.',
    },
  },
  {
    type: "content_block_start",
    index: 2,
    content_block: { type: "tool_use", id: "toolu_2", name: "run_tests", input: {} },
  },
  { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '{"files": ["login' } },
  { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '_test.ts"]}' } },
  { type: "message_delta", delta: { stop_reason: "tool_use" } },
  { type: "message_stop" },
], true);

const CHAT_REQUEST = JSON.stringify({
  model: "gpt-4.1-mini",
  temperature: 0.2,
  tools: [{ type: "function", function: { name: "lookup_order", parameters: {} } }],
  messages: [
    { role: "system", content: "You answer questions about orders." },
    {
      role: "user",
      content: [{ type: "text", text: "Where is order 4417?" }, {
        type: "image_url",
        image_url: { url: "https://example.com/receipt.jpg" },
      }],
    },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "call_1", type: "function", function: { name: "lookup_order", arguments: '{"order":4417}' } }],
    },
    { role: "tool", tool_call_id: "call_1", content: '{"state":"shipped","carrier":"[REDACTED:bearer-token]"}' },
  ],
});

const CHAT_RESPONSE = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  choices: [{
    index: 0,
    message: { role: "assistant", content: "It was shipped on Tuesday and should arrive tomorrow." },
    finish_reason: "stop",
  }],
  usage: { prompt_tokens: 100, completion_tokens: 20 },
});

const RESPONSES_REQUEST = JSON.stringify({
  model: "gpt-5.2",
  instructions: "Reconcile the ledger.",
  reasoning: { effort: "medium" },
  input: [
    { role: "user", content: [{ type: "input_text", text: "Which invoices of March are open?" }] },
    { type: "function_call", call_id: "c1", name: "list_invoices", arguments: '{"month":"2026-03"}' },
    { type: "function_call_output", call_id: "c1", output: '[{"id":"INV-19","open":true}]' },
  ],
});

const RESPONSES_STREAM = stream([
  { type: "response.created", response: { id: "resp_1", output: [] } },
  { type: "response.output_text.delta", delta: "One is open: " },
  { type: "response.output_text.delta", delta: "INV-19." },
  {
    type: "response.completed",
    response: {
      id: "resp_1",
      output: [
        { type: "reasoning", summary: [{ type: "summary_text", text: "Only INV-19 has open set." }] },
        { type: "message", role: "assistant", content: [{ type: "output_text", text: "One is open: INV-19." }] },
      ],
    },
  },
], true);

const GEMINI_REQUEST = JSON.stringify({
  systemInstruction: { parts: [{ text: "Summarise." }] },
  generationConfig: { temperature: 0.4, maxOutputTokens: 2_048 },
  contents: [
    {
      role: "user",
      parts: [{ text: "What is in this picture?" }, { inlineData: { mimeType: "image/jpeg", data: "/9j/4AA=" } }],
    },
    { role: "model", parts: [{ functionCall: { name: "detect", args: { detail: "high" } } }] },
    { role: "user", parts: [{ functionResponse: { name: "detect", response: { labels: ["bridge", "river"] } } }] },
  ],
});

const GEMINI_STREAM = stream([
  { candidates: [{ content: { role: "model", parts: [{ text: "A river under a bridge.", thought: true }] } }] },
  { candidates: [{ content: { role: "model", parts: [{ text: "A stone bridge " }] } }] },
  {
    candidates: [{ content: { role: "model", parts: [{ text: "over a river." }] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 10 },
  },
]);

/** A body that was cut in the middle of a string, and an answer that broke off. */
const CUT_REQUEST = ANTHROPIC_REQUEST.slice(0, ANTHROPIC_REQUEST.indexOf("export function") + 24);
const CUT_STREAM = ANTHROPIC_STREAM.slice(0, ANTHROPIC_STREAM.indexOf("Add a method"));

/** One of every format; the last was cut. */
export const SAMPLE_BODIES: readonly SampleBodies[] = [
  { path: "/v1/messages", request: ANTHROPIC_REQUEST, response: ANTHROPIC_STREAM, streamed: true, cut: false },
  { path: "/v1/chat/completions", request: CHAT_REQUEST, response: CHAT_RESPONSE, streamed: false, cut: false },
  { path: "/v1/responses", request: RESPONSES_REQUEST, response: RESPONSES_STREAM, streamed: true, cut: false },
  { path: "streamGenerateContent", request: GEMINI_REQUEST, response: GEMINI_STREAM, streamed: true, cut: false },
  { path: "/v1/messages", request: CUT_REQUEST, response: CUT_STREAM, streamed: true, cut: true },
];

/** Everything that a page must not take for its own: markup, reordering, invisible text, a giant line, JSON that is none. */
export const HOSTILE = {
  model: "<img src=x onerror=alert(1)>\u202egpj.exe",
  request: JSON.stringify({
    model: "x",
    messages: [
      {
        role: "user",
        content:
          `</pre></section><script>globalThis.broken = true</script><img src=x onerror="globalThis.broken = true">` +
          `<style>body { display: none }</style>&lt;b&gt; "quoted" 'single' \u202Ereversed\u202C \u2066isolate\u2069 zero\u200Bwidth` +
          ` tag\u{E0041}\u{E007F} nul\u0000 bell\u0007`,
      },
      { role: "<script>alert(2)</script>", content: [{ type: "<script>alert(3)</script>", text: "x" }] },
      {
        role: "assistant",
        content: [{
          type: "tool_use",
          name: '"><svg onload=alert(4)>',
          input: { html: "</pre><script>alert(5)</script>" },
        }],
      },
      // Words longer than any screen is wide.
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "w".repeat(3_000), content: "x" },
          { type: "image", source: { media_type: "w".repeat(3_000) } },
          { type: "w".repeat(3_000) },
        ],
      },
      { role: "user", content: "x".repeat(60_000) },
      { role: "user", content: "[REDACTED:<script>alert(6)</script>] [REDACTED:email]" },
    ],
  }),
  response:
    '{"type":"message","content":[{"type":"text","text":"<script>globalThis.broken = true</script> and here the JSON breaks"',
} as const;
