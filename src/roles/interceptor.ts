/**
 * The interceptor: terminates TLS for the intercepted hosts on loopback ports, relays each connection to its provider and
 * hands a copy to the recorder. Holds leaf keys and plaintext in flight; never the CA key, the database or a file.
 *
 * Imports: domain, log.ts (types), roles.
 *
 * @module
 */

import { INTERCEPTED_HOSTS, type InterceptedHost, SELF_TEST } from "../domain/hosts.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import type { LogEvent } from "../log.ts";
import { type DestinationLog, Destinations } from "./destinations.ts";
import { type CopyCounters, InterceptedCopy } from "./intercepted_copy.ts";
import { serveIntercepted } from "./interceptor_connection.ts";
import type { Counters, InterceptorPorts, Leaves, SelfTestStandIn } from "./messages.ts";
import { DEFAULT_LIMITS, Outbox, type OutboxLimits } from "./outbox.ts";
import { closeQuietly } from "./splice.ts";
import { type AcceptedClient, listenForTls, type TlsListener } from "./tls_listener.ts";

/** How long listeners with the former leaves stay open: an edge may know their ports for as long as it trusts a probe. */
const RENEWAL_OVERLAP_MS = 5_000;

/** A pause after a failed accept, so that a lack of file descriptors does not spin. */
const ACCEPT_RETRY_MS = 50;

/** How often a draining interceptor looks for connections that have become idle. */
const DRAIN_POLL_MS = 25;

/** A client sends its first request right after its handshake: while draining it is given this long. */
const FIRST_REQUEST_MS = 1_000;

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
  /** Where calls of the meter to itself go from now on; null = nowhere. */
  selfTest(standIn: SelfTestStandIn | null): void;
  counters(): Counters;
  /** Where it has connected to. */
  destinations(): DestinationLog;
  /** Stops accepting and closes what is idle; resolves when every call in flight has ended. */
  drain(): Promise<void>;
}

/** Starts the listeners. */
export async function startInterceptor(options: InterceptorOptions): Promise<Interceptor> {
  const outbox = new Outbox(options.limits ?? DEFAULT_LIMITS);
  outbox.attach(options.recorder);
  const copies: CopyCounters = { exchanges: 0, unmeteredExchanges: 0, opaqueConnections: 0, exchangesGivenUp: 0 };
  const outcomes = { connections: 0, done: 0, broken: 0, unreachable: 0, no_handshake: 0, accept_failed: 0 };
  const live = new Map<AcceptedClient, { readonly copy: InterceptedCopy; readonly since: number }>();
  const listeners = new Set<TlsListener>();
  const destinations = new Destinations(() => Date.now());
  let standIn: UpstreamSettings | null = null;

  async function serve(client: AcceptedClient, host: InterceptedHost, upstream: UpstreamSettings): Promise<void> {
    const connection = outcomes.connections++;
    const onOpaque = (reason: string) => options.log({ event: "intercept.copy.opaque", host, reason });
    const selfTest = upstream !== options.upstream;
    const copy = new InterceptedCopy(connection, host, client.peerPort, outbox, copies, onOpaque, selfTest);
    live.set(client, { copy, since: performance.now() });
    const route = { upstream, destinations, allowed: selfTest ? "self-test" : "provider" } as const;
    const outcome = await serveIntercepted(client, host, route, copy, (error) => {
      options.log({ event: "intercept.upstream.failed", host, reason: error.message });
    });
    outcomes[outcome]++;
    live.delete(client);
  }

  function serveSelfTest(client: AcceptedClient): void {
    if (standIn === null) closeQuietly(client);
    else void serve(client, SELF_TEST.as, standIn);
  }

  async function listen(leaves: Leaves): Promise<Pick<InterceptorPorts, "hosts" | "selfTest">> {
    const open = async (host: InterceptedHost, client: (client: AcceptedClient) => void) => {
      const listener = await listenForTls(leaves[host], { client, acceptFailed });
      listeners.add(listener);
      return listener.port;
    };
    const opened = await Promise.all(INTERCEPTED_HOSTS.map(async (host) => {
      return [host, await open(host, (client) => void serve(client, host, options.upstream))] as const;
    }));
    return {
      hosts: Object.fromEntries(opened) as Record<InterceptedHost, number>,
      selfTest: await open(SELF_TEST.as, serveSelfTest),
    };
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
  const state = { ports: { ...await listen(options.leaves), health: portOf(health), token } };

  /** Calls under way, and for how long the oldest of them has been; see cli/upgrade_quiet.ts. */
  function underWay() {
    const ages = [...live.values()].map(({ copy }) => copy.callMs).filter((age) => age !== null);
    return { calls_under_way: ages.length, longest_call_ms: Math.round(Math.max(0, ...ages)) };
  }

  return {
    get ports() {
      return state.ports;
    },
    async renew(leaves) {
      const former = [...listeners];
      state.ports = { ...state.ports, ...await listen(leaves) };
      setTimeout(() => retire(former), RENEWAL_OVERLAP_MS);
      return state.ports;
    },
    attachRecorder: (port) => outbox.attach(port),
    selfTest(provider) {
      standIn = provider === null ? null : {
        map: { [SELF_TEST.as]: { host: "127.0.0.1", port: provider.port } },
        proxy: null,
        caCerts: [provider.caCertPem],
      };
    },
    counters: () => ({
      ...outcomes,
      ...copies,
      open: live.size,
      ...underWay(),
      dropped_request_bytes: outbox.counters.droppedRequestBytes,
      dropped_response_bytes: outbox.counters.droppedResponseBytes,
      unacknowledged_bytes: outbox.unacknowledged,
    }),
    destinations: () => destinations.log(),
    async drain() {
      closeQuietly(health);
      retire([...listeners]);
      const wasIdle = new Set<AcceptedClient>(); // The end of a response may still be on its way when it is read.
      while (live.size > 0) {
        for (const [client, { copy, since }] of live) {
          const awaited = copy.requests === 0 && performance.now() - since < FIRST_REQUEST_MS;
          if (!copy.idle || awaited) wasIdle.delete(client);
          else if (wasIdle.has(client)) closeQuietly(client);
          else wasIdle.add(client);
        }
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
