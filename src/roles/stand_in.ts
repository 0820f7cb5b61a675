/**
 * A stand-in for the providers, for `demo`: speaks their formats over real TLS on loopback, with made-up answers and usage.
 *
 * Imports: ca, domain (types).
 *
 * @module
 */

import { createAuthority, issueLeaf, readAuthority } from "../ca/authority.ts";
import type { InterceptedHost } from "../domain/hosts.ts";
import type { Address } from "../domain/upstream.ts";

/** Pause between two events of a stream, as a real model makes them. */
const EVENT_MS = 20;

/** A running stand-in. */
export interface StandIn {
  readonly map: Readonly<Record<string, Address>>;
  readonly caCertPem: string;
  stop(): Promise<void>;
}

/** Events of one answer; `cut` ends the connection in the middle. */
interface Script {
  readonly events: readonly string[];
  readonly cut: boolean;
}

/** What a stand-in stands in for. */
export interface StandInOptions {
  readonly now: number;
  /** All that it can answer for, unless told. */
  readonly hosts?: readonly ("api.anthropic.com" | "api.openai.com")[];
  /** Of a single host; any free one unless told. */
  readonly port?: number;
}

/** Starts one server per host. @throws {Deno.errors.AddrInUse} when `port` is taken. */
export async function startStandIn({ now, hosts: wanted, port = 0 }: StandInOptions): Promise<StandIn> {
  const answers: Partial<Record<InterceptedHost, (request: Request) => Promise<Response>>> = {
    "api.anthropic.com": answerAnthropic,
    "api.openai.com": answerOpenAi,
  };
  const hosts = wanted ?? Object.keys(answers) as InterceptedHost[];
  const made = await createAuthority({ hosts, now, commonName: "halton-meter stand-in provider" });
  const authority = await readAuthority(made.certPem + made.keyPem, { hosts, now });
  const servers: Deno.HttpServer[] = [];
  const map: Record<string, Address> = {};
  for (const host of hosts) {
    const leaf = await issueLeaf(authority, host, now, 1);
    const handler = answers[host] ?? (() => Promise.resolve(new Response(null, { status: 404 })));
    const server = Deno.serve(
      { hostname: "127.0.0.1", port, cert: leaf.certPem, key: leaf.keyPem, onListen: () => {}, onError: ended },
      handler,
    );
    map[host] = { host: "127.0.0.1", port: (server.addr as Deno.NetAddr).port };
    servers.push(server);
  }
  return {
    map,
    caCertPem: made.certPem,
    stop: async () => {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}

function ended(): Response {
  return new Response(null, { status: 500 });
}

async function answerAnthropic(request: Request): Promise<Response> {
  const { model } = await request.json() as { model: string };
  if (model === "claude-unheard-of-1") {
    return Response.json({
      id: "msg_demo_unknown",
      type: "message",
      role: "assistant",
      model,
      content: [{ type: "text", text: "Hello from a model without a price." }],
      stop_reason: "end_turn",
      usage: { input_tokens: 40, output_tokens: 12 },
    });
  }
  const cut = request.headers.get("x-demo") === "cut";
  return stream({ events: anthropicEvents(model, cut ? "msg_demo_cut" : "msg_demo_1"), cut });
}

function anthropicEvents(model: string, id: string): string[] {
  const start = {
    type: "message_start",
    message: {
      id,
      type: "message",
      role: "assistant",
      model,
      content: [],
      usage: {
        input_tokens: 1_200,
        cache_creation_input_tokens: 3_000,
        cache_read_input_tokens: 20_000,
        cache_creation: { ephemeral_5m_input_tokens: 3_000, ephemeral_1h_input_tokens: 0 },
        output_tokens: 1,
        service_tier: "standard",
      },
    },
  };
  const words = ["A ", "meter ", "reads ", "and ", "does ", "not ", "touch."];
  return [
    event("message_start", start),
    event("content_block_start", { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    ...words.map((text) =>
      event("content_block_delta", { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })
    ),
    event("content_block_stop", { type: "content_block_stop", index: 0 }),
    event("message_delta", {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 850 },
    }),
    event("message_stop", { type: "message_stop" }),
  ];
}

async function answerOpenAi(request: Request): Promise<Response> {
  const { model } = await request.json() as { model: string };
  const response = { id: "resp_demo_1", object: "response", model, service_tier: "default" };
  const usage = {
    input_tokens: 6_047,
    input_tokens_details: { cached_tokens: 2_944 },
    output_tokens: 1_623,
    output_tokens_details: { reasoning_tokens: 1_408 },
    total_tokens: 7_670,
  };
  const words = ["Counted ", "to ", "the ", "last ", "digit."];
  return stream({
    cut: false,
    events: [
      event("response.created", {
        type: "response.created",
        sequence_number: 0,
        response: { ...response, status: "in_progress", usage: null },
      }),
      ...words.map((delta, index) =>
        event("response.output_text.delta", {
          type: "response.output_text.delta",
          sequence_number: index + 1,
          item_id: "item_1",
          output_index: 0,
          content_index: 0,
          delta,
        })
      ),
      event("response.completed", {
        type: "response.completed",
        sequence_number: words.length + 1,
        response: { ...response, status: "completed", usage },
      }),
    ],
  });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function stream({ events, cut }: Script): Response {
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const text of cut ? events.slice(0, 4) : events) {
        controller.enqueue(new TextEncoder().encode(text));
        await new Promise((resolve) => setTimeout(resolve, EVENT_MS));
      }
      if (cut) controller.error(new Error("The stand-in cuts this stream on purpose"));
      else controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
