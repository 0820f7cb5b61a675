/**
 * Opens outbound TCP connections, straight or through an HTTP CONNECT proxy, and counts each of them. Nothing else in this
 * program connects to anything but loopback.
 *
 * Imports: domain, roles/destinations.ts, roles/splice.ts.
 *
 * @module
 */

import type { Address, UpstreamProxy, UpstreamSettings } from "../domain/upstream.ts";
import type { Allowance, Destinations } from "./destinations.ts";
import { closeQuietly, writeAll } from "./splice.ts";

/** Where a dial failed, for error classes and for one sentence to the user. */
export type DialStage = "connect" | "proxy" | "tls";

/** An outbound connection that did not come about. `message` names the target and the state found; no content. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly stage: DialStage;

  constructor(stage: DialStage, message: string, cause?: unknown) {
    super(message, { cause });
    this.stage = stage;
  }
}

/** A proxy's answer head; RFC 9112 sets no limit, real ones stay far below. */
const MAX_PROXY_HEAD_BYTES = 16 * 1024;

/** Seconds are spent by proxies that authenticate elsewhere first; a silent one must not hold a call for ever. */
const PROXY_ANSWER_MS = 30_000;

/** An outbound connection. */
export interface Outbound {
  readonly connection: Deno.TcpConn;
  /** To be called when it was closed: until then it counts as open. `failed` = it was of no use. */
  readonly ended: (failed?: boolean) => void;
}

/**
 * Connects to `target`, or to what the configuration put in its place.
 *
 * @param allowed On whose word, where the configuration says nothing of it.
 * @throws {DialError}
 */
export async function dial(
  target: Address,
  upstream: UpstreamSettings,
  destinations: Destinations,
  allowed: Extract<Allowance, "provider" | "client" | "self-test" | "cloud">,
): Promise<Outbound> {
  const mapped = target.port === 443 && Object.hasOwn(upstream.map, target.host)
    ? upstream.map[target.host]
    : undefined;
  const proxy = isLoopback(target.host) ? null : upstream.proxy;
  const by = allowed === "self-test" ? allowed : proxy !== null ? "proxy" : mapped !== undefined ? "map" : allowed;
  const outgoing = destinations.begin(proxy ?? mapped ?? target, target, by);
  try {
    const connection = proxy === null
      ? await connect(mapped ?? target)
      : await dialThroughProxy(mapped ?? target, proxy);
    outgoing.reached(connection.remoteAddr.hostname);
    return { connection, ended: (failed = false) => outgoing.ended(failed) };
  } catch (error) {
    outgoing.ended(true);
    throw error;
  }
}

/** A proxy never serves the machine's own addresses better than the machine does. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

async function connect(address: Address): Promise<Deno.TcpConn> {
  try {
    const connection = await Deno.connect({ hostname: address.host, port: address.port });
    connection.setNoDelay(true);
    return connection;
  } catch (cause) {
    throw new DialError("connect", `Cannot connect to ${shown(address)}: ${reasonOf(cause)}`, cause);
  }
}

async function dialThroughProxy(target: Address, proxy: UpstreamProxy): Promise<Deno.TcpConn> {
  const connection = await connect(proxy);
  const timer = setTimeout(() => closeQuietly(connection), PROXY_ANSWER_MS);
  try {
    const authority = shown(target);
    const authorization = proxy.authorization === null ? "" : `Proxy-Authorization: ${proxy.authorization}\r\n`;
    const head = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`;
    await writeAll(connection, new TextEncoder().encode(head));
    const status = await readProxyStatus(connection);
    if (status < 200 || status > 299) { // RFC 9110 section 9.3.6
      throw new DialError(
        "proxy",
        `Cannot reach ${authority} through the proxy ${shown(proxy)}: it answered ${status}`,
      );
    }
    return connection;
  } catch (cause) {
    closeQuietly(connection);
    if (cause instanceof DialError) throw cause;
    throw new DialError("proxy", `Cannot reach ${shown(target)} through the proxy ${shown(proxy)}: no answer`, cause);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads byte by byte so that nothing after the head is taken from the tunnel; done once per connection. */
async function readProxyStatus(connection: Deno.TcpConn): Promise<number> {
  const one = new Uint8Array(1);
  let head = "";
  while (!head.endsWith("\r\n\r\n")) {
    if (head.length >= MAX_PROXY_HEAD_BYTES) throw new Error("proxy head too long");
    const count = await connection.read(one);
    if (count === null) throw new Error("proxy closed");
    head += String.fromCharCode(one[0] ?? 0);
  }
  const match = /^HTTP\/1\.[01] (\d{3})/.exec(head);
  if (match === null) throw new Error("proxy answered no HTTP");
  return Number(match[1]);
}

/** `host:port`, IPv6 in brackets. */
export function shown(address: Address): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** A few plain words for why a socket call failed. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.ConnectionRefused) return "connection refused";
  if (error instanceof Deno.errors.ConnectionReset) return "connection reset";
  if (error instanceof Deno.errors.TimedOut) return "timed out";
  if (error instanceof Deno.errors.NetworkUnreachable) return "network unreachable";
  if (error instanceof Error && /lookup address|resolve|Name or service/i.test(error.message)) return "name not found";
  if (error instanceof Error && /certificate|InvalidData/i.test(`${error.name} ${error.message}`)) {
    return "certificate not accepted";
  }
  return error instanceof Error ? error.name : "unknown failure";
}
