/**
 * The calls of `demo`, made over real TLS by a client that knows only the proxy and the certificate.
 *
 * Imports: roles/proxied_call.ts.
 *
 * @module
 */

import { callThroughProxy } from "../roles/proxied_call.ts";

/** One call. */
export interface DemoCall {
  readonly title: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const ANTHROPIC = "https://api.anthropic.com/v1/messages";
/** Not a key: it has the shape of one, so that the stored copy shows a redaction. */
const SAMPLE_KEY = `sk-ant-api03-${"demo".repeat(24)}-AA`;

/** What is called, in order. */
export function demoCalls(): DemoCall[] {
  const anthropic = { "content-type": "application/json", "anthropic-version": "2023-06-01", "x-api-key": SAMPLE_KEY };
  const question = [{ role: "user", content: "What does a meter do?" }];
  return [
    {
      title: "Anthropic, streamed",
      url: ANTHROPIC,
      headers: anthropic,
      body: { model: "claude-opus-5", max_tokens: 1_024, stream: true, messages: question },
    },
    {
      title: "OpenAI Responses, streamed",
      url: "https://api.openai.com/v1/responses",
      headers: { "content-type": "application/json", authorization: `Bearer sk-proj-${"demo".repeat(10)}` },
      body: { model: "gpt-6-sol", stream: true, input: "Count the tokens." },
    },
    {
      title: "Anthropic, stream cut in the middle",
      url: ANTHROPIC,
      headers: { ...anthropic, "x-demo": "cut" },
      body: { model: "claude-opus-5", max_tokens: 1_024, stream: true, messages: question },
    },
    {
      title: "A model that no price list knows",
      url: ANTHROPIC,
      headers: anthropic,
      body: { model: "claude-unheard-of-1", max_tokens: 1_024, messages: question },
    },
  ];
}

/** Makes one call through the proxy. @returns a line for the screen. */
export async function makeCall(call: DemoCall, edgePort: number, caCertPem: string): Promise<string> {
  const started = performance.now();
  const { status, bodyBytes, whole } = await callThroughProxy(call, edgePort, caCertPem);
  const outcome = whole ? `HTTP ${status}` : "ended early";
  return `${call.title}: ${outcome}, ${bodyBytes} bytes in ${Math.round(performance.now() - started)} ms`;
}
