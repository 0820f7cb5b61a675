/**
 * The edge: holds the proxy port through every state of the daemon. Sees ciphertext, host names and client ports.
 *
 * Imports: domain, log.ts (types), roles.
 *
 * @module
 */

import type { UpstreamSettings } from "../domain/upstream.ts";
import { type EdgeContext, serveClient } from "./edge_connection.ts";
import { newEdgeCounters } from "./edge_counters.ts";
import { InterceptorHealth } from "./edge_health.ts";
import { edgeAt } from "./edge_probe.ts";
import { Notices } from "./edge_notices.ts";
import type { Counters, EdgeOutcome } from "./messages.ts";
import { closeQuietly } from "./splice.ts";

/** A pause after a failed accept, so that a lack of file descriptors does not spin. */
const ACCEPT_RETRY_MS = 50;

/** How often, and how long, a port that is being handed over is tried again. */
const TAKE_OVER_TRIES = 40;
const TAKE_OVER_PAUSE_MS = 50;

/** What an edge is started with. */
export interface EdgeOptions {
  /** 0 = any free port. */
  readonly port: number;
  readonly fallbackPorts: readonly number[];
  readonly portsFile: string;
  readonly controlSocket: string;
  readonly upstream: UpstreamSettings;
  readonly pid: number;
  readonly version: string;
  /** Keep trying `port` for a moment: its holder was asked to let go. */
  readonly takeOver: boolean;
}

/** A running edge, or word of the one that already runs. */
export interface Edge {
  readonly outcome: EdgeOutcome;
  counters(): Counters;
  /** Stops accepting; connections that are open go on. */
  release(): void;
}

/** Listens, adopts a live edge, or falls back to a free port. @throws when every port is taken. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const bound = await bind(options);
  if (bound.kind === "adopted") return { outcome: bound, counters: () => ({}), release: () => {} };
  const { listener, foreign } = bound;
  const port = listener.addr.port;
  const counters = newEdgeCounters();
  const now = () => performance.now();
  const notices = new Notices(options.controlSocket, now);
  const health = new InterceptorHealth(options.portsFile, now);
  const context: EdgeContext = {
    upstream: options.upstream,
    health,
    notices,
    counters,
    port,
    describe: () =>
      JSON.stringify({
        halton_meter_edge: options.version,
        pid: options.pid,
        interceptor: health.word,
        counters: { ...counters, notices_lost: notices.lost },
      }),
  };
  accept(listener, context);
  return {
    outcome: { kind: "listening", port, foreign },
    counters: () => ({ ...counters, notices_lost: notices.lost }),
    release: () => closeQuietly(listener),
  };
}

type Bound =
  | { readonly kind: "bound"; readonly listener: Deno.TcpListener; readonly foreign: number | null }
  | Extract<EdgeOutcome, { kind: "adopted" }>;

async function bind(options: EdgeOptions): Promise<Bound> {
  let foreign: number | null = null;
  for (const port of [options.port, ...options.fallbackPorts]) {
    const tries = options.takeOver && port === options.port ? TAKE_OVER_TRIES : 1;
    const listener = await listenPatiently(port, tries);
    if (listener !== null) return { kind: "bound", listener, foreign };
    const live = await edgeAt(port);
    if (live !== null) return { kind: "adopted", port, pid: live.pid, foreign };
    foreign ??= port;
  }
  throw new Deno.errors.AddrInUse(`Every port from ${options.port} on is taken`);
}

async function listenPatiently(port: number, tries: number): Promise<Deno.TcpListener | null> {
  for (let attempt = 1;; attempt++) {
    try {
      return Deno.listen({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      if (attempt >= tries) return null;
      await new Promise((resolve) => setTimeout(resolve, TAKE_OVER_PAUSE_MS));
    }
  }
}

/** A client that resets its connection before it is accepted; older runtimes tell that as a failed accept. */
function hasLeft(error: unknown): boolean {
  const { ConnectionReset, ConnectionAborted, NotConnected } = Deno.errors;
  return error instanceof ConnectionReset || error instanceof ConnectionAborted || error instanceof NotConnected;
}

async function accept(listener: Deno.TcpListener, context: EdgeContext): Promise<void> {
  for (;;) {
    try {
      serveClient(await listener.accept(), context);
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return;
      if (hasLeft(error)) {
        context.counters.no_head++;
        continue;
      }
      context.counters.accept_failed++;
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
    }
  }
}
