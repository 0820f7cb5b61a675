/**
 * One intercepted connection: both TLS handshakes side by side, two pumps, and a copy for the reader.
 *
 * The client's bytes go to the provider and back untouched. When the provider cannot be reached the client gets a 502 that
 * says so, since its handshake with us is already done and a bare hang-up would explain nothing.
 *
 * Imports: domain, http1/connection.ts, roles/dial.ts, roles/splice.ts, roles/intercepted_copy.ts.
 *
 * @module
 */

import type { InterceptedHost } from "../domain/hosts.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import { Http1Connection } from "../http1/connection.ts";
import type { Destinations } from "./destinations.ts";
import { dial, DialError, reasonOf } from "./dial.ts";
import type { InterceptedCopy } from "./intercepted_copy.ts";
import type { ConnectionSide } from "./messages.ts";
import { acquireBuffer, closeQuietly, closeWriteQuietly, pump, releaseBuffer, writeAll } from "./splice.ts";
import type { AcceptedClient } from "./tls_listener.ts";

/** How a connection ended. */
export type ConnectionOutcome = "done" | "broken" | "unreachable" | "no_handshake";

/** How long the rest of a request is read after a 502, so that the answer is not lost to a reset (RFC 9112 §9.6). */
const LINGER_MS = 2_000;

/** A TLS connection to a provider. */
interface ProviderConnection {
  readonly tls: Deno.TlsConn;
  /** To be called when it was closed. */
  readonly ended: () => void;
}

/** Where connections to providers go, on whose word, and where they are counted. */
export interface ProviderRoute {
  readonly upstream: UpstreamSettings;
  readonly destinations: Destinations;
  readonly allowed: "provider" | "self-test";
}

/** Opens the TLS connection to a provider, its certificate verified. @throws {DialError} */
async function dialProvider(host: InterceptedHost, route: ProviderRoute): Promise<ProviderConnection> {
  const { upstream, destinations, allowed } = route;
  const { connection: tcp, ended } = await dial({ host, port: 443 }, upstream, destinations, allowed);
  let tls: Deno.TlsConn | null = null;
  try {
    const caCerts = [...upstream.caCerts];
    tls = await Deno.startTls(tcp, { hostname: host, caCerts, alpnProtocols: ["http/1.1"] });
    await tls.handshake();
    return { tls, ended };
  } catch (cause) {
    closeQuietly(tls ?? tcp); // The first has taken the place of the second.
    ended(true);
    throw new DialError("tls", `Cannot set up TLS with ${host}: ${reasonOf(cause)}`, cause);
  }
}

/** Serves one accepted connection to its end. Never throws. */
export async function serveIntercepted(
  client: AcceptedClient,
  host: InterceptedHost,
  route: ProviderRoute,
  copy: InterceptedCopy,
  onUnreachable: (error: DialError) => void,
): Promise<ConnectionOutcome> {
  const reader = new Http1Connection(copy);
  const provider = dialProvider(host, route);
  provider.catch(() => {}); // Awaited below; a client that leaves first must not turn it into an unhandled rejection.
  try {
    await client.handshake();
  } catch {
    discard(client, provider);
    return finish("no_handshake", reader, copy);
  }
  let connected: ProviderConnection;
  try {
    connected = await provider;
  } catch (error) {
    const failure = error instanceof DialError ? error : new DialError("connect", `Cannot reach ${host}`, error);
    onUnreachable(failure);
    await answerUnreachable(client, reader, copy, failure);
    return finish("unreachable", reader, copy);
  }
  const orderly = await relay(client, connected.tls, reader, copy);
  connected.ended();
  return finish(orderly ? "done" : "broken", reader, copy);
}

/** Both pumps, each feeding the reader; true when both directions ended in an orderly way. */
async function relay(
  client: AcceptedClient,
  provider: Deno.TlsConn,
  reader: Http1Connection,
  copy: InterceptedCopy,
): Promise<boolean> {
  let orderly = true;
  const abort = (side: ConnectionSide) => {
    copy.left(side);
    orderly = false;
    client.abort();
    closeQuietly(provider);
  };
  const up = pump(client, provider, (bytes) => reader.fromClient(bytes)).then(() => {
    copy.left("client");
    reader.clientEnd();
  });
  const down = pump(provider, client, (bytes) => reader.fromServer(bytes)).then(() => {
    copy.left("provider");
    reader.serverEnd();
  });
  await Promise.all([up.catch(() => abort("client")), down.catch(() => abort("provider"))]);
  closeQuietly(client);
  closeQuietly(provider);
  return orderly;
}

function finish(outcome: ConnectionOutcome, reader: Http1Connection, copy: InterceptedCopy): ConnectionOutcome {
  reader.clientEnd();
  reader.serverEnd(false); // Says nothing where the end was already told as an orderly one.
  reader.close();
  copy.close();
  return outcome;
}

function discard(client: AcceptedClient, provider: Promise<ProviderConnection>): void {
  closeQuietly(client);
  provider.then(({ tls, ended }) => {
    closeQuietly(tls);
    ended();
  }, () => {});
}

/** Waits for the request that cannot be served and answers it. */
async function answerUnreachable(
  client: AcceptedClient,
  reader: Http1Connection,
  copy: InterceptedCopy,
  failure: DialError,
): Promise<void> {
  const buffer = acquireBuffer();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    while (copy.requests === 0 && !copy.gaveUp) {
      const count = await client.read(buffer);
      if (count === null) return;
      reader.fromClient(buffer.subarray(0, count));
    }
    copy.unreachable(/timed out/.test(failure.message));
    await writeAll(client, badGateway(failure.message));
    await closeWriteQuietly(client);
    timer = setTimeout(() => closeQuietly(client), LINGER_MS);
    while (await client.read(buffer) !== null);
    releaseBuffer(buffer);
  } catch {
    // The client left; there is nobody to tell.
  } finally {
    clearTimeout(timer);
    closeQuietly(client);
  }
}

function badGateway(sentence: string): Uint8Array {
  const body = JSON.stringify({ error: { type: "bad_gateway", message: `halton-meter: ${sentence}` } });
  return new TextEncoder().encode(
    "HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\n" +
      `Content-Length: ${new TextEncoder().encode(body).length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
