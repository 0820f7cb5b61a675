/**
 * A client that does each step by itself: CONNECT, TLS, one request, and reads as the bytes come.
 *
 * @module
 */

import { concat, indexOfBytes, text, utf8 } from "./bytes.ts";

/** A connection through the proxy before TLS. */
export interface Tunnel {
  readonly connection: Deno.TcpConn;
  /** Status of the proxy's answer. */
  readonly status: number;
  /** The whole answer; head only when it was a 200. */
  readonly answer: string;
}

/** Sends a CONNECT and reads the answer. */
export async function openTunnel(proxyPort: number, target: string): Promise<Tunnel> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: proxyPort });
  connection.setNoDelay(true);
  await connection.write(utf8(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
  const answer = await readHead(connection);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
  if (status === 200) return { connection, status, answer };
  return { connection, status, answer: answer + text(await readToEnd(connection)) };
}

/** How the TLS part is set up. */
export interface TlsOptions {
  /** Name in the ClientHello, and expected in the certificate. */
  readonly name: string;
  readonly caCerts: readonly string[];
  readonly alpn?: readonly string[];
}

/** A CONNECT and a TLS handshake. @throws when either fails. */
export async function openTls(proxyPort: number, target: string, options: TlsOptions): Promise<Deno.TlsConn> {
  const { connection, status, answer } = await openTunnel(proxyPort, target);
  if (status !== 200) {
    connection.close();
    throw new Error(`The proxy answered ${answer}`);
  }
  try {
    const tls = await Deno.startTls(connection, {
      hostname: options.name,
      caCerts: [...options.caCerts],
      alpnProtocols: [...options.alpn ?? ["http/1.1"]],
    });
    await tls.handshake();
    return tls;
  } catch (error) {
    try {
      connection.close();
    } catch {
      // TLS has taken it over.
    }
    throw error;
  }
}

/** A POST of JSON with the given fields. */
export function postRequest(host: string, path: string, body: unknown, fields: Record<string, string> = {}) {
  const bytes = utf8(JSON.stringify(body));
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return concat([
    utf8(
      `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: raw/1\r\n${lines}content-type: application/json\r\n` +
        `Content-Length: ${bytes.length}\r\n\r\n`,
    ),
    bytes,
  ]);
}

/** A streamed Messages call. */
export function messagesRequest(extra: Record<string, unknown> = {}, fields: Record<string, string> = {}) {
  const messages = [{ role: "user", content: "Hello" }];
  const body = { model: "claude-opus-5", max_tokens: 64, stream: true, messages, ...extra };
  return postRequest("api.anthropic.com", "/v1/messages", body, { "x-api-key": "k", ...fields });
}

/** What a connection can do. */
export interface Connection {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes all of it. */
export async function writeAll(connection: Connection, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

/** Everything until the far end ends its side. */
export async function readToEnd(connection: Connection): Promise<Uint8Array<ArrayBuffer>> {
  return (await readAsItComes(connection)).bytes;
}

/** Everything until the far end ends its side, and how it ended: `null` = in order, else the name of the error. */
export async function readAsItComes(connection: Connection): Promise<{
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly error: string | null;
}> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) return { bytes: concat(parts), error: null };
      parts.push(buffer.slice(0, count));
    }
  } catch (error) {
    return { bytes: concat(parts), error: error instanceof Error ? error.name : "unknown" };
  }
}

/** Reads until `end` has come. @throws when the far end leaves before. */
export async function readUntil(connection: Connection, end: string): Promise<string> {
  const wanted = utf8(end);
  const buffer = new Uint8Array(65_536);
  let bytes: Uint8Array<ArrayBuffer> = new Uint8Array();
  while (indexOfBytes(bytes, wanted) < 0) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error(`The far end left before ${JSON.stringify(end)}: ${text(bytes)}`);
    bytes = concat([bytes, buffer.slice(0, count)]);
  }
  return text(bytes);
}

/** One call with a chunked answer over a new connection, to its end. @returns head and body as they came. */
export async function oneCall(proxyPort: number, caCerts: readonly string[], request = messagesRequest()) {
  const tls = await openTls(proxyPort, "api.anthropic.com:443", { name: "api.anthropic.com", caCerts });
  try {
    await writeAll(tls, request);
    return await readUntil(tls, "\r\n0\r\n\r\n");
  } finally {
    tls.close();
  }
}

/** Reads byte by byte, so that nothing of the tunnel is taken. */
async function readHead(connection: Connection): Promise<string> {
  const one = new Uint8Array(1);
  let head = "";
  while (!head.endsWith("\r\n\r\n")) {
    if (await connection.read(one) === null) break;
    head += String.fromCharCode(one[0] ?? 0);
  }
  return head;
}
