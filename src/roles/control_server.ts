/**
 * What the supervisor answers at its unix socket.
 *
 * Imports: domain, roles/control_messages.ts, roles/splice.ts, roles/unix_server.ts.
 *
 * @module
 */

import { controlLines, type ControlMessage, parseControlMessage } from "./control_messages.ts";
import { writeAll } from "./splice.ts";
import { serveUnix, type UnixServer } from "./unix_server.ts";

/** What each message sets off. An answer is sent back as one JSON line. Nothing waits for `client` and `link`. */
export interface ControlHandlers {
  client(clientPort: number, edgePort: number): void;
  link(clientPort: number, peerPort: number): void;
  /** @returns what to call when the run ends. */
  run(pid: number, project: string): () => void;
  status(): Promise<unknown>;
  connections(): Promise<unknown>;
  cloud(): Promise<unknown>;
  /** @returns the port for the stand-in, and what to call when the test is over. */
  selfTest(caCertPem: string): { readonly port: number; readonly ended: () => void };
  /** @returns what to call when the successor serves the port, or is gone. */
  releaseEdge(): { readonly answer: Promise<unknown>; readonly ended: () => void };
  /** @returns what to call when the edge that leaves has left. */
  takeEdge(): { readonly answer: Promise<unknown>; readonly ended: () => void };
  bindEdge(held: boolean): Promise<unknown>;
  /** A line that is none of these; its connection is closed. */
  refused(): void;
}

/** Listens at `path`, replacing what a dead supervisor left there. @throws the error of the listen call. */
export function serveControl(path: string, handlers: ControlHandlers): UnixServer {
  return serveUnix(path, (connection) => serve(connection, handlers));
}

async function serve(connection: Deno.UnixConn, handlers: ControlHandlers): Promise<void> {
  const endings: (() => void)[] = [];
  try {
    for await (const line of controlLines(connection)) {
      const message = parseControlMessage(line);
      if (message === null) return handlers.refused();
      const answer = await handle(message, handlers, endings);
      if (answer !== undefined) await writeAll(connection, new TextEncoder().encode(JSON.stringify(answer) + "\n"));
    }
  } catch {
    // The peer left in the middle of a line or an answer.
  } finally {
    for (const ended of endings) ended();
  }
}

function handle(message: ControlMessage, handlers: ControlHandlers, endings: (() => void)[]): unknown {
  switch (message.t) {
    case "client":
      handlers.client(message.clientPort, message.edgePort);
      return undefined;
    case "link":
      handlers.link(message.clientPort, message.peerPort);
      return undefined;
    case "run":
      endings.push(handlers.run(message.pid, message.project));
      return { ok: true };
    case "self-test": {
      const { port, ended } = handlers.selfTest(message.caCertPem);
      endings.push(ended);
      return { port };
    }
    case "status":
      return handlers.status();
    case "connections":
      return handlers.connections();
    case "cloud":
      return handlers.cloud();
    case "release-edge":
    case "take-edge": {
      const { answer, ended } = message.t === "take-edge" ? handlers.takeEdge() : handlers.releaseEdge();
      endings.push(ended);
      return answer;
    }
    case "bind-edge":
      return handlers.bindEdge(message.held);
  }
}
