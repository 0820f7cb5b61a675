/**
 * One client of the proxy port: its CONNECT head, a look at its ClientHello, then a splice to the interceptor or a blind
 * tunnel. Whatever goes wrong with the interceptor before it has answered ends in the blind tunnel, since nothing that
 * the client sent is lost until then.
 *
 * Imports: domain, http1 (connect_head.ts, client_hello.ts), roles.
 *
 * @module
 */

import { type InterceptedHost, isIntercepted, normalizeHost, SELF_TEST } from "../domain/hosts.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import { acceptsHttp1, ClientHelloReader, type HelloResult } from "../http1/client_hello.ts";
import { type AbsoluteHead, type ConnectHead, type ProxyHead, ProxyHeadReader } from "../http1/connect_head.ts";
import { dial, DialError, type Outbound } from "./dial.ts";
import type { Destinations } from "./destinations.ts";
import type { EdgeCounters } from "./edge_counters.ts";
import type { InterceptorHealth } from "./edge_health.ts";
import { EDGE_PATH } from "./edge_probe.ts";
import type { Notices } from "./edge_notices.ts";
import { originForm } from "./origin_form.ts";
import { acquireBuffer, closeQuietly, closeWriteQuietly, releaseBuffer, splice, writeAll } from "./splice.ts";

/** A client that has not sent its proxy head by then never will. */
const HEAD_MS = 10_000;

/** Clients that open connections ahead of need send their ClientHello late; one that never does loses nothing. */
const HELLO_MS = 120_000;

/** The interceptor answers a ClientHello within milliseconds; after this it is taken for hung. */
const FIRST_BYTE_MS = 2_000;

const LINGER_MS = 1_000;

const ESTABLISHED = new TextEncoder().encode("HTTP/1.1 200 Connection Established\r\n\r\n");

/** What every connection shares. */
export interface EdgeContext {
  readonly upstream: UpstreamSettings;
  readonly health: InterceptorHealth;
  readonly notices: Notices;
  readonly counters: EdgeCounters;
  readonly destinations: Destinations;
  /** The port that clients connect to. */
  readonly port: number;
  /** JSON text for a GET that is addressed to the proxy itself. */
  readonly describe: () => string;
}

/** Serves one client to its end. Never throws. */
export async function serveClient(client: Deno.TcpConn, context: EdgeContext): Promise<void> {
  context.counters.connections++;
  context.counters.open++;
  try {
    client.setNoDelay(true);
    await serve(client, context);
  } catch {
    context.counters.broken++; // The client or the far end went away.
  } finally {
    context.counters.open--;
    closeQuietly(client);
  }
}

async function serve(client: Deno.TcpConn, context: EdgeContext): Promise<void> {
  const head = await readHead(client);
  if (head === null) {
    context.counters.no_head++;
    return;
  }
  switch (head.kind) {
    case "bad":
      context.counters.bad_requests++;
      return answer(client, 400, head.sentence);
    case "origin":
      return describeEdge(client, head.method, head.target, context);
    case "absolute":
      return clear(client, head, context);
    case "connect":
      return connect(client, head, context);
  }
}

/** The client's proxy head; null when it left or sent none in time. */
async function readHead(client: Deno.TcpConn): Promise<Exclude<ProxyHead, { kind: "more" }> | null> {
  const reader = new ProxyHeadReader();
  const timer = setTimeout(() => closeQuietly(client), HEAD_MS);
  const buffer = acquireBuffer();
  try {
    for (;;) {
      const count = await client.read(buffer);
      if (count === null) return null;
      const head = reader.read(buffer.subarray(0, count));
      if (head.kind !== "more") return head;
    }
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    releaseBuffer(buffer);
  }
}

/** Clear-text requests: `http` is passed on and never recorded, `https` would put its credentials on the wire in clear. */
async function clear(client: Deno.TcpConn, head: AbsoluteHead, context: EdgeContext): Promise<void> {
  if (head.scheme === "https") {
    context.counters.clear_refused++;
    return answer(client, 400, "An https URL must be called through CONNECT, or it would cross the network in clear");
  }
  context.counters.clear_forwarded++;
  let far: Outbound;
  try {
    far = await dial(head, context.upstream, context.destinations, "client");
  } catch (error) {
    context.counters.unreachable++;
    return answer(client, 502, error instanceof DialError ? error.message : `Cannot reach ${head.host}`);
  }
  try {
    await writeAll(far.connection, originForm(head));
    if (head.rest.length > 0) await writeAll(far.connection, head.rest);
    if (!await splice(client, far.connection)) context.counters.broken++;
  } finally {
    closeQuietly(far.connection);
    far.ended();
  }
}

async function connect(client: Deno.TcpConn, target: ConnectHead, context: EdgeContext): Promise<void> {
  const { host, port, rest } = target;
  const selfTest = host === SELF_TEST.host;
  if (port !== 443 || (!selfTest && !isIntercepted(host))) {
    return tunnel(client, target, rest, "not_intercepted", context, true);
  }
  const clientPort = (client.remoteAddr as Deno.NetAddr).port;
  const interceptorPort = await context.health.portFor(host);
  if (interceptorPort === null) return tunnel(client, target, rest, "daemon_down", context, true);
  context.notices.send({ t: "client", clientPort, edgePort: context.port });
  const hello = await readHello(client, rest);
  if (hello === null) {
    context.counters.no_hello++;
    return;
  }
  const reason = reasonToTunnel(hello.outcome, selfTest ? SELF_TEST.as : host);
  if (reason !== null) return tunnel(client, target, hello.bytes, reason, context, false);
  const taken = await intercept(client, clientPort, interceptorPort, hello.bytes, context);
  if (!taken) return tunnel(client, target, hello.bytes, "interceptor_failed", context, false);
}

/** Why a connection to an intercepted host is left alone; null when it can be intercepted. */
function reasonToTunnel(hello: HelloResult, host: InterceptedHost): TunnelReason | null {
  if (hello.kind !== "hello") return "not_tls";
  if (hello.sni !== null && normalizeHost(hello.sni) !== host) return "other_sni";
  return acceptsHttp1(hello) ? null : "no_http1";
}

/** Why bytes were tunnelled blind; each is counted. */
export type TunnelReason =
  | "not_intercepted"
  | "daemon_down"
  | "interceptor_failed"
  | "not_tls"
  | "other_sni"
  | "no_http1";

/** Opens the tunnel for the client: its first bytes, and what they are. Null when it left, or sent none in time. */
async function readHello(
  client: Deno.TcpConn,
  rest: Uint8Array,
): Promise<{ readonly outcome: HelloResult; readonly bytes: Uint8Array } | null> {
  const reader = new ClientHelloReader();
  let bytes = rest;
  let outcome = reader.read(rest);
  const buffer = acquireBuffer();
  const timer = setTimeout(() => closeQuietly(client), HELLO_MS);
  try {
    await writeAll(client, ESTABLISHED);
    while (outcome.kind === "more") {
      const count = await client.read(buffer);
      if (count === null) return null;
      const chunk = buffer.slice(0, count);
      bytes = joined(bytes, chunk);
      outcome = reader.read(chunk);
    }
    releaseBuffer(buffer);
    return { outcome, bytes };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/**
 * Hands a client to the interceptor. @returns false when the interceptor has not answered a byte, so that the client can
 * still be tunnelled; @throws when the client has left.
 */
async function intercept(
  client: Deno.TcpConn,
  clientPort: number,
  port: number,
  hello: Uint8Array,
  context: EdgeContext,
): Promise<boolean> {
  const inner = await connectInterceptor(port, context);
  if (inner === null) return false;
  const peerPort = (inner.localAddr as Deno.NetAddr).port;
  context.notices.send({ t: "link", clientPort, peerPort });
  const first = await firstAnswer(inner, hello);
  if (first === null || first[0] === TLS_ALERT) {
    context.health.drop();
    closeQuietly(inner);
    return false;
  }
  context.counters.intercepted++;
  try {
    await writeAll(client, first);
    await splice(client, inner);
  } finally {
    closeQuietly(inner);
  }
  return true;
}

async function connectInterceptor(port: number, context: EdgeContext): Promise<Deno.TcpConn | null> {
  try {
    const inner = await Deno.connect({ hostname: "127.0.0.1", port });
    inner.setNoDelay(true);
    return inner;
  } catch {
    context.health.drop();
    return null;
  }
}

/** Record type of an alert (RFC 8446 section 5.1): the two could not agree, so the provider itself must be asked. */
const TLS_ALERT = 0x15;

/** Sends the ClientHello and waits for the first bytes back; null when none come. */
async function firstAnswer(inner: Deno.TcpConn, hello: Uint8Array): Promise<Uint8Array | null> {
  const timer = setTimeout(() => closeQuietly(inner), FIRST_BYTE_MS);
  const buffer = acquireBuffer();
  try {
    await writeAll(inner, hello);
    const count = await inner.read(buffer);
    return count === null ? null : buffer.slice(0, count);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    releaseBuffer(buffer);
  }
}

/** Splices the client to where it asked to go. `answerClient` is false when it already got its 200. */
async function tunnel(
  client: Deno.TcpConn,
  target: ConnectHead,
  first: Uint8Array,
  reason: TunnelReason,
  context: EdgeContext,
  answerClient: boolean,
): Promise<void> {
  if (target.host === SELF_TEST.host) { // It has no address: asking a resolver would only send its name out.
    if (answerClient) await answer(client, 502, "No daemon answers, so there is nothing to test");
    return;
  }
  context.counters[`tunnel_${reason}`]++;
  let far: Outbound;
  try {
    far = await dial(target, context.upstream, context.destinations, "client");
  } catch (error) {
    context.counters.unreachable++;
    if (answerClient) {
      await answer(client, 502, error instanceof DialError ? error.message : `Cannot reach ${target.host}`);
    }
    return;
  }
  try {
    if (answerClient) await writeAll(client, ESTABLISHED);
    if (first.length > 0) await writeAll(far.connection, first);
    if (!await splice(client, far.connection)) context.counters.broken++;
  } finally {
    closeQuietly(far.connection);
    far.ended();
  }
}

async function describeEdge(client: Deno.TcpConn, method: string, target: string, context: EdgeContext): Promise<void> {
  if (method === "GET" && target === EDGE_PATH) {
    context.counters.probes++;
    const body = context.describe();
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    await writeAll(client, new TextEncoder().encode(`${head}Connection: close\r\n\r\n${body}`));
    return closeWriteQuietly(client);
  }
  context.counters.bad_requests++;
  return answer(client, 400, "This is a proxy: set it as HTTPS_PROXY instead of calling it");
}

/** Answers with one sentence and ends the sending side. */
export async function answer(client: Deno.TcpConn, status: 400 | 502, sentence: string): Promise<void> {
  const body = new TextEncoder().encode(`halton-meter: ${sentence}\n`);
  const reason = status === 400 ? "Bad Request" : "Bad Gateway";
  const head = `HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  await writeAll(client, new TextEncoder().encode(head));
  await writeAll(client, body);
  await closeWriteQuietly(client);
  await drained(client);
}

/** Reads what the client still sends for a moment, so that the answer is not lost to a reset (RFC 9112 section 9.6). */
async function drained(client: Deno.TcpConn): Promise<void> {
  const timer = setTimeout(() => closeQuietly(client), LINGER_MS);
  const buffer = acquireBuffer();
  try {
    while (await client.read(buffer) !== null);
    releaseBuffer(buffer);
  } catch {
    // It had its answer, and keeps the connection open or has reset it.
  } finally {
    clearTimeout(timer);
  }
}
