/** What `ws` 8 has for clients and servers, as far as these tests use it. */
import type { Server } from "node:https";
import type { Duplex } from "node:stream";

export interface Deflate {
  threshold?: number;
  serverNoContextTakeover?: boolean;
  clientNoContextTakeover?: boolean;
}

export class WebSocket {
  constructor(url: string, options: {
    createConnection?: () => Duplex;
    headers?: Record<string, string>;
    perMessageDeflate?: boolean | Deflate;
  });
  readonly extensions: string;
  send(data: string): void;
  close(): void;
  terminate(): void;
  on(event: "message", listener: (data: Uint8Array, isBinary: boolean) => void): this;
  on(event: "open", listener: () => void): this;
  on(event: "close", listener: (code: number) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "unexpected-response", listener: (request: unknown, response: { statusCode?: number }) => void): this;
}

export class WebSocketServer {
  constructor(options: { server: Server; perMessageDeflate: boolean | Deflate });
  readonly clients: Set<WebSocket>;
  on(event: "connection", listener: (socket: WebSocket) => void): this;
  close(done: () => void): void;
}
