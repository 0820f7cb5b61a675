/**
 * The supervisor's unix socket: mode 0600 in a folder of mode 0700, so that only programs of the same user are heard.
 *
 * Imports: domain, roles/control_messages.ts, roles/splice.ts.
 *
 * @module
 */

import { controlLines, type ControlMessage, parseControlMessage } from "./control_messages.ts";
import { closeQuietly, writeAll } from "./splice.ts";

/** What each message sets off. An answer is sent back as one JSON line. */
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
      return handlers.client(message.clientPort, message.edgePort);
    case "link":
      return handlers.link(message.clientPort, message.peerPort);
    case "run":
      endings.push(handlers.run(message.pid, message.project));
      return { ok: true };
    case "status":
      return handlers.status();
    case "release-edge":
      return handlers.releaseEdge();
  }
}
