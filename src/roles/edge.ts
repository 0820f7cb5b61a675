/**
 * The edge: holds the proxy port through every state of the daemon. Sees ciphertext, host names and client ports.
 *
 * Imports: domain, log.ts (types), roles.
 *
 * @module
 */

import { type DestinationLog, Destinations } from "./destinations.ts";
import { type EdgeContext, serveClient } from "./edge_connection.ts";
import { newEdgeCounters } from "./edge_counters.ts";
import { InterceptorHealth } from "./edge_health.ts";
import { CAN_SHARE, EdgeListener, listenOnLoopback } from "./edge_listener.ts";
import { edgeAt } from "./edge_probe.ts";
import { Notices } from "./edge_notices.ts";
import type { Counters, EdgeOutcome, EdgeStart, LetGo } from "./messages.ts";
import { closeQuietly } from "./splice.ts";

/** How often, and how long, a port that is being handed over is tried again. */
const TAKE_OVER_TRIES = 400;
const TAKE_OVER_PAUSE_MS = 5;

/** How often a leaving edge looks whether its last connection has ended. */
const LAST_CONNECTION_MS = 100;

/** What an edge is started with, and what it asks. */
export interface EdgeOptions extends EdgeStart {
  /** With `takeOver`: has the edge of process `pid` let go. Without it, that is waited for. */
  readonly letGo?: (pid: number) => Promise<LetGo>;
}

/** A running edge, or word of the one that already runs. */
export interface Edge {
  readonly outcome: EdgeOutcome;
  counters(): Counters;
  /** Where it has connected to; null when a live edge was adopted. */
  destinations(): DestinationLog | null;
  /** Stops accepting, whoever waits; connections that are open go on. */
  release(): void;
  /** Stops accepting, but holds the port until `release`, where it can. @returns whether it does, with nobody waiting. */
  hold(): Promise<boolean>;
  /** Resolves when no connection is open. */
  idle(): Promise<void>;
}

/** Listens, adopts a live edge, or falls back to a free port. @throws when every port is taken. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const bound = await bind(options);
  if (bound.kind === "adopted") {
    return {
      outcome: bound,
      counters: () => ({}),
      destinations: () => null,
      release: () => {},
      hold: () => Promise.resolve(false),
      idle: () => Promise.resolve(),
    };
  }
  const { listener: socket, shared, foreign } = bound;
  const port = socket.addr.port;
  const counters = newEdgeCounters();
  const destinations = new Destinations(() => Date.now());
  const now = () => performance.now();
  const notices = new Notices(options.controlSocket, now);
  const health = new InterceptorHealth(options.portsFile, now);
  const context: EdgeContext = {
    upstream: options.upstream,
    health,
    notices,
    counters,
    destinations,
    port,
    describe: () =>
      JSON.stringify({
        halton_meter_edge: options.version,
        pid: options.pid,
        installation: options.installation,
        shared,
        interceptor: health.word,
        counters: { ...counters, notices_lost: notices.lost },
      }),
  };
  const listener = new EdgeListener(socket, shared, {
    serve: (client) => void serveClient(client, context),
    left: () => counters.no_head++,
    failed: () => counters.accept_failed++,
  });
  return {
    outcome: { kind: "listening", port, foreign },
    counters: () => ({ ...counters, notices_lost: notices.lost }),
    destinations: () => destinations.log(),
    release: () => listener.close(),
    hold: () => listener.hold(),
    idle: async () => {
      while (counters.open > 0) await new Promise((resolve) => setTimeout(resolve, LAST_CONNECTION_MS));
    },
  };
}

type Bound =
  | {
    readonly kind: "bound";
    readonly listener: Deno.TcpListener;
    readonly shared: boolean;
    readonly foreign: number | null;
  }
  | Extract<EdgeOutcome, { kind: "adopted" }>;

async function bind(options: EdgeOptions): Promise<Bound> {
  let foreign: number | null = null;
  for (const port of [options.port, ...options.fallbackPorts]) {
    const free = listenIfFree(port);
    if (free !== null) return { kind: "bound", ...free, foreign };
    const live = await edgeAt(port, options.installation);
    if (live !== null && options.takeOver) {
      const answer = await options.letGo?.(live.pid) ?? "closed";
      const taken = answer === "refused" ? null : await succeed(port, answer === "held");
      if (taken !== null) return { kind: "bound", ...taken, foreign };
    }
    if (live !== null) return { kind: "adopted", port, pid: live.pid, foreign };
    foreign ??= port;
  }
  throw new Deno.errors.AddrInUse(`Every port from ${options.port} on is taken`);
}

type Socket = Pick<Extract<Bound, { kind: "bound" }>, "listener" | "shared">;

/** A socket that shares would bind beside any program of this user that shares too: so the port must first be seen free. */
function listenIfFree(port: number): Socket | null {
  const listener = listenOrNull(port, false);
  if (listener === null || !CAN_SHARE) return listener === null ? null : { listener, shared: false };
  const found = listener.addr.port;
  closeQuietly(listener);
  const shared = listenOrNull(found, true);
  return shared === null ? null : { listener: shared, shared: true };
}

/** The port of an edge that has let go, or will in a moment; null when it does not. */
async function succeed(port: number, held: boolean): Promise<Socket | null> {
  for (let attempt = 1; attempt <= TAKE_OVER_TRIES; attempt++) {
    const socket = (held && CAN_SHARE ? beside(port) : null) ?? listenIfFree(port);
    if (socket !== null) return socket;
    await new Promise((resolve) => setTimeout(resolve, TAKE_OVER_PAUSE_MS));
  }
  return null;
}

function beside(port: number): Socket | null {
  const listener = listenOrNull(port, true);
  return listener === null ? null : { listener, shared: true };
}

function listenOrNull(port: number, share: boolean): Deno.TcpListener | null {
  try {
    return listenOnLoopback(port, share);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return null;
    throw error;
  }
}
