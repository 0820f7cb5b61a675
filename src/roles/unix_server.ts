/**
 * A listening unix socket of mode 0600 in a folder of mode 0700, so that only programs of the same user are heard.
 *
 * Imports: domain, roles/splice.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { closeQuietly } from "./splice.ts";

/** A pause after a failed accept, so that a lack of file descriptors does not spin. */
const ACCEPT_RETRY_MS = 50;

/** A listening socket. */
export interface UnixServer {
  close(): void;
}

/**
 * Listens at `path`, replacing what a dead process left there, and serves each connection until `serve` is done with it,
 * or has failed, which ends that connection only.
 * @throws {MeterError} `failed` when something else is there; else the error of the listen call.
 */
export function serveUnix(path: string, serve: (connection: Deno.UnixConn) => Promise<void>): UnixServer {
  try {
    Deno.removeSync(path);
  } catch {
    // Nothing was left.
  }
  const listener = listenAt(path);
  Deno.chmodSync(path, 0o600);
  const own = inodeAt(path);
  const open = new Set<Deno.UnixConn>();
  accept(listener, open, serve);
  return {
    close() {
      try {
        // A successor may listen there by now. Asked before the end, so that the number is still taken.
        if (inodeAt(path) === own) Deno.removeSync(path);
      } catch {
        // Already removed.
      }
      closeQuietly(listener);
      for (const connection of open) closeQuietly(connection);
    },
  };
}

function listenAt(path: string): Deno.UnixListener {
  try {
    return Deno.listen({ transport: "unix", path });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new MeterError("failed", `Cannot listen at ${path}: something is there that cannot be removed`, {
      hint: `Move ${path} away`,
      cause,
    });
  }
}

function inodeAt(path: string): number | null {
  return Deno.lstatSync(path).ino;
}

async function accept(
  listener: Deno.UnixListener,
  open: Set<Deno.UnixConn>,
  serve: (connection: Deno.UnixConn) => Promise<void>,
): Promise<void> {
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
    const ended = () => {
      open.delete(connection);
      closeQuietly(connection);
    };
    serve(connection).then(ended, ended);
  }
}
