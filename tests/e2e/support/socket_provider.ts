/**
 * A stand-in provider that speaks the Responses API over WebSocket, behind TLS, with a real server's frames.
 *
 * @module
 */

import { createServer } from "node:https";
// @ts-types="./ws.d.ts"
import { WebSocketServer } from "ws";
import { issueLeaf } from "../../../src/ca/authority.ts";
import type { InterceptedHost } from "../../../src/domain/hosts.ts";
import { testAuthority } from "./provider.ts";

/** Model of every answer; 1.25 USD in, 0.125 cache read, 10 out per million tokens. */
export const SOCKET_MODEL = "gpt-5";

/** (6,047 − 2,944) × 1.25 + 2,944 × 0.125 + 1,623 × 10 = 20,476.75 millionths of a dollar. */
export const SOCKET_COST_PICO = 20_476_750_000n;

const USAGE = {
  input_tokens: 6_047,
  input_tokens_details: { cached_tokens: 2_944 },
  output_tokens: 1_623,
  output_tokens_details: { reasoning_tokens: 1_408 },
  total_tokens: 7_670,
};
const NONE = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

/** A running stand-in. */
export interface SocketProvider {
  readonly host: InterceptedHost;
  readonly port: number;
  /** Messages in the order they came. */
  readonly received: string[];
  stop(): Promise<void>;
}

/** What is sent for the `n`th `response.create`. */
export function answersTo(message: string, n: number): string[] {
  const { generate } = JSON.parse(message) as { generate?: boolean };
  const response = { id: `resp_${n}`, object: "response", model: SOCKET_MODEL, output: [] };
  const usage = generate === false ? NONE : USAGE;
  return [
    { type: "codex.rate_limits", rate_limits: { primary: { used_percent: 3 } } },
    { type: "response.created", sequence_number: 0, response: { ...response, usage: null } },
    ...["Counted ", "once, ", "as it ", "was said. "].map((delta, at) => {
      return { type: "response.output_text.delta", sequence_number: at + 1, item_id: "i", delta: delta.repeat(40) };
    }),
    { type: "response.completed", sequence_number: 9, response: { ...response, usage } },
  ].map((event) => JSON.stringify(event));
}

/**
 * Starts one that answers each message with what `answer` says of it and its number, compressing with a window that lasts;
 * a message with `hang` is answered in part.
 */
export async function startSocketProvider(
  host: InterceptedHost,
  hostname = "127.0.0.1",
  answer: (message: string, n: number) => readonly string[] = answersTo,
): Promise<SocketProvider> {
  const leaf = await issueLeaf(await testAuthority(), host, Date.now(), 1);
  const server = createServer({ cert: leaf.certPem, key: leaf.keyPem });
  const sockets = new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } });
  const received: string[] = [];
  sockets.on("connection", (socket) => {
    socket.on("message", (data) => {
      const message = new TextDecoder().decode(data);
      received.push(message);
      const { hang } = JSON.parse(message) as { hang?: true };
      const answers = answer(message, received.length - 1);
      for (const each of hang ? answers.slice(0, 3) : answers) socket.send(each);
    });
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: hostname }, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The stand-in has no port");
  return {
    host,
    port: address.port,
    received,
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise<void>((resolve) => sockets.close(resolve));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
