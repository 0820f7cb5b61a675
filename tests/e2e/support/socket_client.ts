/**
 * A real WebSocket client that goes through the meter's proxy.
 *
 * @module
 */

import net from "node:net";
import tls from "node:tls";
// @ts-types="./ws.d.ts"
import { WebSocket } from "ws";

/** An open socket. */
export interface SocketClient {
  /** `Sec-WebSocket-Extensions` agreed on. */
  readonly extensions: string;
  readonly received: string[];
  send(message: string): void;
  /** Waits for so many messages in all. */
  messages(count: number): Promise<void>;
  close(): Promise<void>;
  /** Ends the connection without a word. */
  tearDown(): void;
}

/** Opens a socket. @throws with the status when the far end refuses it. */
export async function openWebSocket(
  proxyPort: number,
  url: string,
  options: { readonly caPem: string; readonly headers?: Record<string, string> },
): Promise<SocketClient> {
  const { hostname } = new URL(url);
  const secure = await throughProxy(proxyPort, hostname, options.caPem);
  const socket = new WebSocket(url, {
    createConnection: () => secure,
    headers: options.headers ?? {},
    perMessageDeflate: { threshold: 0 },
  });
  const received: string[] = [];
  let arrived = () => {};
  const closed = Promise.withResolvers<void>();
  socket.on("message", (data) => {
    received.push(new TextDecoder().decode(data));
    arrived();
  });
  socket.on("close", () => closed.resolve());
  await new Promise<void>((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
    socket.on("unexpected-response", (_request, { statusCode }) => {
      secure.destroy();
      reject(new Error(`Refused with ${statusCode}`));
    });
  });
  return {
    extensions: socket.extensions,
    received,
    send: (message) => socket.send(message),
    messages: (count) =>
      new Promise((resolve) => {
        arrived = () => {
          if (received.length >= count) resolve();
        };
        arrived();
      }),
    close: () => {
      socket.close();
      return closed.promise;
    },
    tearDown: () => secure.destroy(),
  };
}

async function throughProxy(proxyPort: number, hostname: string, caPem: string): Promise<tls.TLSSocket> {
  const plain = net.connect(proxyPort, "127.0.0.1");
  await new Promise<void>((resolve, reject) => plain.once("connect", resolve).once("error", reject));
  plain.write(`CONNECT ${hostname}:443 HTTP/1.1\r\nHost: ${hostname}:443\r\n\r\n`);
  const answer = await new Promise<string>((resolve) => plain.once("data", (bytes) => resolve(String(bytes))));
  if (!answer.startsWith("HTTP/1.1 200")) throw new Error(`The proxy answered ${answer}`);
  const secure = tls.connect({ socket: plain, servername: hostname, ca: caPem, ALPNProtocols: ["http/1.1"] });
  await new Promise<void>((resolve, reject) => secure.once("secureConnect", resolve).once("error", reject));
  return secure;
}
