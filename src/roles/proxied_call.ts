/**
 * One HTTPS call through a proxy on this machine, by a client that asks nobody for the host's address: the runtime's own `fetch`
 * looks names up although the proxy is to do so.
 *
 * Imports: ./splice.ts.
 *
 * @module
 */

import { closeQuietly, writeAll } from "./splice.ts";

/** A call. The body is sent as JSON. */
export interface ProxiedCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What came back. */
export interface ProxiedAnswer {
  readonly status: number;
  /** After the head, as they crossed the wire. */
  readonly bodyBytes: number;
  /** False when the connection ended before the body did. */
  readonly whole: boolean;
}

/** The proxy's answer to a CONNECT is shorter. */
const MAX_PROXY_HEAD = 1_024;

/**
 * Makes the call and reads its answer to the end of the connection.
 *
 * @throws {Error} When the proxy refuses, the certificate is not trusted, or there is no answer at all.
 */
export async function callThroughProxy(
  call: ProxiedCall,
  proxyPort: number,
  caCertPem: string,
): Promise<ProxiedAnswer> {
  const { host, hostname, pathname, search } = new URL(call.url);
  const plain = await Deno.connect({ hostname: "127.0.0.1", port: proxyPort });
  let open: Deno.Conn = plain;
  try {
    await writeAll(plain, utf8(`CONNECT ${hostname}:443 HTTP/1.1\r\nHost: ${hostname}:443\r\n\r\n`));
    if (!/^HTTP\/1\.1 200 /.test(await readProxyHead(plain))) throw new Error("The proxy refused the call");
    const tls = await Deno.startTls(plain, { hostname, caCerts: [caCertPem], alpnProtocols: ["http/1.1"] });
    open = tls;
    const body = utf8(JSON.stringify(call.body));
    const fields = Object.entries(call.headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const head = `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n${fields}connection: close\r\n` +
      `content-length: ${body.length}\r\n\r\n`;
    await writeAll(tls, utf8(head));
    await writeAll(tls, body);
    return answerIn(await readToEnd(tls));
  } finally {
    closeQuietly(open);
  }
}

/** Reads byte by byte, so that nothing of the tunnel is taken. */
async function readProxyHead(connection: Deno.Conn): Promise<string> {
  const one = new Uint8Array(1);
  let head = "";
  while (!head.endsWith("\r\n\r\n") && head.length < MAX_PROXY_HEAD) {
    if (await connection.read(one) === null) break;
    head += String.fromCharCode(one[0] ?? 0);
  }
  return head;
}

async function readToEnd(connection: Deno.Conn): Promise<string> {
  let text = "";
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(16 * 1024);
  try {
    for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, count));
    }
  } catch {
    // Cut without TLS's farewell; what is there shows that it is not whole.
  }
  return text;
}

/** @throws when there is no head. */
function answerIn(text: string): ProxiedAnswer {
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? [];
  const end = text.indexOf("\r\n\r\n");
  if (status === undefined || end < 0) throw new Error("There was no answer");
  const head = text.slice(0, end);
  const bodyBytes = text.length - end - 4;
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  const chunked = /^transfer-encoding: *chunked/im.test(head);
  const whole = chunked ? text.endsWith("0\r\n\r\n") : length === undefined || Number(length) === bodyBytes;
  return { status: Number(status), bodyBytes, whole };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
