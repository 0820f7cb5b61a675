/**
 * The interceptor: terminates TLS for the intercepted hosts on loopback ports, relays each connection to its provider and
 * hands a copy to the recorder. Holds leaf keys and plaintext in flight; never the CA key, the database or a file.
 *
 * Imports: domain, log.ts (types), roles.
 *
 * @module
 */

import { INTERCEPTED_HOSTS, type InterceptedHost } from "../domain/hosts.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import type { LogEvent } from "../log.ts";
import { type CopyCounters, InterceptedCopy } from "./intercepted_copy.ts";
import { serveIntercepted } from "./interceptor_connection.ts";
import type { Counters, InterceptorPorts, Leaves } from "./messages.ts";
import { DEFAULT_LIMITS, Outbox, type OutboxLimits } from "./outbox.ts";
import { closeQuietly } from "./splice.ts";
import { type AcceptedClient, listenForTls, type TlsListener } from "./tls_listener.ts";

/** How long listeners with the former leaves stay open: an edge may know their ports for as long as it trusts a probe. */
const RENEWAL_OVERLAP_MS = 5_000;

/** A pause after a failed accept, so that a lack of file descriptors does not spin. */
const ACCEPT_RETRY_MS = 50;

/** How often a draining interceptor looks for connections that have become idle. */
const DRAIN_POLL_MS = 25;

/** Everything the interceptor is given. */
export interface InterceptorOptions {
  readonly leaves: Leaves;
  readonly upstream: UpstreamSettings;
  readonly recorder: MessagePort;
  readonly log: (event: LogEvent) => void;
  readonly limits?: OutboxLimits;
}

/** A running interceptor. */
export interface Interceptor {
  readonly ports: InterceptorPorts;
  /** New listeners with new leaves; connections that are open keep theirs. @returns the new ports. */
  renew(leaves: Leaves): Promise<InterceptorPorts>;
  attachRecorder(port: MessagePort): void;
  counters(): Counters;
  /** Stops accepting and closes what is idle; resolves when every call in flight has ended. */
  drain(): Promise<void>;
}

/** Starts the listeners. */
export async function startInterceptor(options: InterceptorOptions): Promise<Interceptor> {
  const outbox = new Outbox(options.limits ?? DEFAULT_LIMITS);
  outbox.attach(options.recorder);
  const copies: CopyCounters = { exchanges: 0, unmeteredExchanges: 0, opaqueConnections: 0, exchangesGivenUp: 0 };
  const outcomes = { connections: 0, done: 0, broken: 0, unreachable: 0, no_handshake: 0, accept_failed: 0 };
  const live = new Map<AcceptedClient, InterceptedCopy>();
  const listeners = new Set<TlsListener>();

  async function serve(client: AcceptedClient, host: InterceptedHost): Promise<void> {
    const connection = outcomes.connections++;
    const copy = new InterceptedCopy(connection, host, client.peerPort, outbox, copies, (reason) => {
      options.log({ event: "intercept.copy.opaque", host, reason });
    });
    live.set(client, copy);
    const outcome = await serveIntercepted(client, host, options.upstream, copy, (error) => {
      options.log({ event: "intercept.upstream.failed", host, reason: error.message });
    });
    outcomes[outcome]++;
    live.delete(client);
  }

  async function listen(leaves: Leaves): Promise<Record<InterceptedHost, number>> {
    const opened = await Promise.all(INTERCEPTED_HOSTS.map(async (host) => {
      const events = { client: (client: AcceptedClient) => void serve(client, host), acceptFailed };
      return [host, await listenForTls(leaves[host], events)] as const;
    }));
    for (const [, listener] of opened) listeners.add(listener);
    return Object.fromEntries(opened.map(([host, { port }]) => [host, port])) as Record<InterceptedHost, number>;
  }

  function acceptFailed(): void {
    outcomes.accept_failed++;
  }

  function retire(former: readonly TlsListener[]): void {
    for (const listener of former) {
      listeners.delete(listener);
      listener.close();
    }
  }

  const health = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const token = crypto.randomUUID();
  answerProbes(health, new TextEncoder().encode(token));
  const state = { ports: { hosts: await listen(options.leaves), health: portOf(health), token } };

  return {
    get ports() {
      return state.ports;
    },
    async renew(leaves) {
      const former = [...listeners];
      state.ports = { ...state.ports, hosts: await listen(leaves) };
      setTimeout(() => retire(former), RENEWAL_OVERLAP_MS);
      return state.ports;
    },
    attachRecorder: (port) => outbox.attach(port),
    counters: () => ({
      ...outcomes,
      ...copies,
      open: live.size,
      dropped_request_bytes: outbox.counters.droppedRequestBytes,
      dropped_response_bytes: outbox.counters.droppedResponseBytes,
      unacknowledged_bytes: outbox.unacknowledged,
    }),
    async drain() {
      closeQuietly(health);
      retire([...listeners]);
      while (live.size > 0) {
        for (const [client, copy] of live) if (copy.idle) closeQuietly(client);
        await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
      }
      outbox.flush();
    },
  };
}

/** Proves that the event loop accepts, which an open port alone does not. */
async function answerProbes(listener: Deno.TcpListener, token: Uint8Array): Promise<void> {
  for (;;) {
    try {
      const probe = await listener.accept();
      await probe.write(token).catch(() => 0);
      closeQuietly(probe);
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return;
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
    }
  }
}

function portOf(listener: Deno.TcpListener): number {
  return listener.addr.port;
}
