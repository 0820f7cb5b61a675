/** The parts of `ws` 8 that are used here, as its own documentation describes them. */
import type { Server as HttpServer } from "node:http";

/** Parameters of one extension, each with the list of values that were sent. */
export type ExtensionParameters = Record<string, (string | true)[]>;

export const extension: {
  /** @throws {SyntaxError} If the field value is malformed. */
  parse(header: string): Record<string, ExtensionParameters[]>;
};

export class PerMessageDeflate {
  constructor(options: { isServer: boolean });
  /**
   * @returns The parameters of the one that is accepted, checked and converted.
   * @throws {Error} If a parameter is unknown or out of range.
   */
  accept(configurations: ExtensionParameters[]): Record<string, number | true>;
}

/** What a receiver calls for a compressed frame. */
export interface Inflater {
  decompress(bytes: Uint8Array, last: boolean, done: (error: Error | null, bytes?: Uint8Array) => void): void;
}

/** A writable stream. */
export class Receiver {
  constructor(options: {
    isServer: boolean;
    maxPayload: number;
    maxBufferedChunks?: number;
    maxFragments?: number;
    extensions?: Record<string, Inflater>;
  });
  write(bytes: Uint8Array, done?: () => void): boolean;
  end(): void;
  on(event: "message", listener: (data: Uint8Array, isBinary: boolean) => void): this;
  on(event: "conclude", listener: (code: number, reason: Uint8Array) => void): this;
  on(event: "error", listener: (error: Error & { code?: string }) => void): this;
  on(event: "finish", listener: () => void): this;
}

export class WebSocket {
  constructor(url: string, options?: { perMessageDeflate?: boolean | Record<string, unknown> });
  send(data: string | Uint8Array, options?: { fin?: boolean; binary?: boolean; compress?: boolean }): void;
  ping(data?: string): void;
  close(): void;
  on(event: "message", listener: (data: Uint8Array, isBinary: boolean) => void): this;
  on(event: "open" | "close", listener: () => void): this;
}

export class WebSocketServer {
  constructor(options: { server?: HttpServer; port?: number; perMessageDeflate?: boolean | Record<string, unknown> });
  on(event: "connection", listener: (socket: WebSocket) => void): this;
  close(done?: () => void): void;
}
