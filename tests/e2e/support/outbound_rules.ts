/**
 * What may be seen in a trace of the meter, and everything that breaks it.
 *
 * @module
 */

import { type Contact, nameAsked, type NetworkTrace, type Peer } from "./network_trace.ts";

/** What the traced process may do. */
export interface Allowed {
  /** `host:port` of the meter's own listeners on loopback. */
  readonly listeners: readonly string[];
  /** Paths of the meter's own unix sockets. */
  readonly sockets: readonly string[];
  /** `host:port` of stand-ins and tunnelled hosts → workers whose threads may connect there; null = any thread. */
  readonly destinations: ReadonlyMap<string, readonly number[] | null>;
  /** Names that a client asked for, and that may therefore be looked up, by threads of these workers. */
  readonly names: readonly string[];
  readonly resolvers: readonly number[];
  /** Workers that may contact nothing at all, not even this machine, and look up nothing. */
  readonly silent: readonly number[];
}

/** Sockets at which a C library asks a service of the machine for an address. */
const RESOLVER_SOCKETS = /^\/(?:var\/)?run\/(?:nscd\/socket|systemd\/resolve\/io\.systemd\.Resolve)$/;

const DNS_PORT = 53;

/** `host:port` or the path, for messages and look-ups. */
export function shownPeer(peer: Peer): string {
  if (peer.family === "inet") {
    return peer.host.includes(":") ? `[${peer.host}]:${peer.port}` : `${peer.host}:${peer.port}`;
  }
  return peer.family === "unix" ? peer.path : peer.family === "other" ? peer.text : peer.family;
}

/** Everything in `trace` that `allowed` does not cover, as sentences; empty when all is well. */
export function violations(trace: NetworkTrace, allowed: Allowed): string[] {
  const found: string[] = [];
  for (const contact of trace.contacts) {
    const wrong = wrongWith(trace, contact, allowed);
    if (wrong === null) continue;
    const name = trace.nameOf(contact.thread) ?? "unnamed";
    found.push(`${contact.call} to ${shownPeer(contact.peer)} by thread ${contact.thread} (${name}): ${wrong}`);
  }
  for (const { name, thread, args, result } of trace.calls) {
    if (name === "io_uring_setup" && !result.startsWith("-1")) found.push(`io_uring_setup by thread ${thread}`);
    if (name === "socket" && /^(?:AF_PACKET|AF_VSOCK)|^AF_INET6?, SOCK_RAW/.test(args)) {
      found.push(`socket(${args}) by thread ${thread}`);
    }
    const worker = trace.workerOf(thread);
    if (name === "socket" && /SOCK_DGRAM/.test(args) && worker !== null && allowed.silent.includes(worker)) {
      found.push(`socket(${args}) by thread ${thread}, which belongs to a role without network`);
    }
  }
  return found;
}

function wrongWith(trace: NetworkTrace, { thread, peer, type, payloads }: Contact, allowed: Allowed): string | null {
  const worker = trace.workerOf(thread);
  if (!trace.isTraced(thread)) return "nobody knows who started this thread";
  if (worker !== null && allowed.silent.includes(worker)) return "it belongs to a role without network";
  if (peer.family === "netlink") return null;
  const mayResolve = allowed.names.length > 0 && worker !== null && allowed.resolvers.includes(worker);
  if (peer.family === "unix") {
    if (allowed.sockets.includes(peer.path)) return null;
    if (!RESOLVER_SOCKETS.test(peer.path)) return "no such socket is the meter's";
    if (!mayResolve) return "no client's name is looked up there";
    return payloads.every((bytes) => allowed.names.some((name) => new TextDecoder().decode(bytes).includes(name)))
      ? null
      : "it asks for something else than a client's name";
  }
  if (peer.family !== "inet") return "no such address is expected";
  const place = shownPeer(peer);
  if (peer.port === DNS_PORT && !allowed.destinations.has(place)) {
    if (!mayResolve) return "no client's name is looked up there";
    // Over TCP a length of two bytes comes before a message.
    const asked = payloads.map((bytes) => nameAsked(type === "SOCK_STREAM" ? bytes.subarray(2) : bytes));
    const strange = asked.filter((name) => name === null || !isAsked(name, allowed.names))
      .map((name) => name ?? "what is no question of DNS");
    return strange.length === 0 ? null : `it asks for ${strange.join(", ")}, which no client did`;
  }
  if (allowed.listeners.includes(place)) return null;
  const workers = allowed.destinations.get(place);
  if (workers === undefined) return "nobody asked for it";
  return workers === null || (worker !== null && workers.includes(worker)) ? null : "another role's destination";
}

/** The name itself, or with a search domain of the machine after it (resolv.conf(5)). */
function isAsked(name: string, asked: readonly string[]): boolean {
  return asked.some((one) => name === one || name.startsWith(`${one}.`));
}
