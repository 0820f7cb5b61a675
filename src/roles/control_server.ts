/**
 * The supervisor's unix socket: mode 0600 in a folder of mode 0700, so that only programs of the same user are heard.
 *
 * Imports: domain, roles/control_messages.ts, roles/splice.ts.
 *
 * @module
 */

import { controlLines, type ControlMessage, parseControlMessage } from "./control_messages.ts";
import { closeQuietly, writeAll } from "./splice.ts";

/** A pause after a failed accept, so that a lack of file descriptors does not spin. */
const ACCEPT_RETRY_MS = 50;

/** What each message sets off. An answer is sent back as one JSON line. Nothing waits for `client` and `link`. */
export interface ControlHandlers {
  client(clientPort: number, edgePort: number): void;
  link(clientPort: number, peerPort: number): void;
  /** @returns what to call when the run ends. */
  run(pid: number, project: string): () => void;
  status(): Promise<unknown>;
  releaseEdge(): Promise<unknown>;
  /** A line that is none of these; its connection is closed. */
  refused(): void;
}

/** A listening control socket. */
export interface ControlServer {
  close(): void;
}

/** Listens at `path`, replacing what a dead supervisor left there. @throws the error of the listen call. */
export function serveControl(path: string, handlers: ControlHandlers): ControlServer {
  try {
    Deno.removeSync(path);
  } catch {
    // Nothing was left.
  }
  const listener = Deno.listen({ transport: "unix", path });
  Deno.chmodSync(path, 0o600);
  const open = new Set<Deno.UnixConn>();
  accept(listener, open, handlers);
  return {
    close() {
      closeQuietly(listener);
      for (const connection of open) closeQuietly(connection);
      try {
        Deno.removeSync(path);
      } catch {
        // Already removed by a successor.
      }
    },
  };
}

async function accept(listener: Deno.UnixListener, open: Set<Deno.UnixConn>, handlers: ControlHandlers): Promise<void> {
  for (;;) {
    let connection: Deno.UnixConn;
    try {
      connection = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return;
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      continue;
    }
    open.add(connection);
    serve(connection, handlers).finally(() => {
      open.delete(connection);
      closeQuietly(connection);
    });
  }
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
    case "status":
      return handlers.status();
    case "release-edge":
      return handlers.releaseEdge();
  }
}
