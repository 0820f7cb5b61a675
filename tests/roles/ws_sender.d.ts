/** What `ws` 8 has for sending, as far as these tests use it. */
import type { ExtensionParameters } from "../../src/websocket/ws.d.ts";

export { extension } from "../../src/websocket/ws.d.ts";

export class PerMessageDeflate {
  constructor(options: { isServer: boolean; threshold: number });
  accept(configurations: ExtensionParameters[]): Record<string, number | true>;
  cleanup(): void;
}

interface Sink {
  cork(): void;
  uncork(): void;
  write(data: Uint8Array | string, done?: () => void): boolean;
}

export class Sender {
  constructor(socket: Sink, extensions: Record<string, PerMessageDeflate>);
  send(
    data: string | Uint8Array,
    options: { binary: boolean; compress: boolean; fin: boolean; mask: boolean },
    done: () => void,
  ): void;
  ping(data: string, mask: boolean, done: () => void): void;
  close(code: number, data: string, mask: boolean, done: () => void): void;
}
