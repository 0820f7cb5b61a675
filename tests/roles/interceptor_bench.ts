/**
 * A running interceptor between raw TLS ends, and everything that it told the recorder.
 *
 * @module
 */

import type { InterceptedHost } from "../../src/domain/hosts.ts";
import { DIRECT, type UpstreamSettings } from "../../src/domain/upstream.ts";
import type { LogEvent } from "../../src/log.ts";
import { type Interceptor, startInterceptor } from "../../src/roles/interceptor.ts";
import type { CopyBatch, CopyRecord, Leaf } from "../../src/roles/messages.ts";
import { close, concat, eventually, pause, pki, type Server, text, tlsServer } from "./tools.ts";

export const HOST: InterceptedHost = "api.anthropic.com";

/** A running interceptor. */
export interface InterceptorBench {
  readonly interceptor: Interceptor;
  readonly provider: Server<Deno.TlsConn>;
  readonly batches: CopyBatch[];
  readonly events: LogEvent[];
  /** A client's TLS connection, as the edge would hand it on. */
  open(host?: InterceptedHost): Promise<Deno.TlsConn>;
  records(): CopyRecord[];
  /** What was copied of one part, joined. */
  copied(part: string, exchange?: number): string;
  /** Waits for the end of every connection. */
  allClosed(): Promise<void>;
}

/** Parts that a test replaces. */
export interface InterceptorBenchOptions {
  readonly leaf?: Leaf;
  readonly upstream?: Partial<UpstreamSettings>;
}

/** Starts an interceptor whose provider is `provide`, runs `body`, and lets go of everything. */
export async function withInterceptor(
  provide: (connection: Deno.TlsConn) => Promise<void>,
  body: (bench: InterceptorBench) => Promise<void>,
  options: InterceptorBenchOptions = {},
): Promise<void> {
  const meter = await pki("meter");
  const theirs = await pki("provider");
  const provider = tlsServer(options.leaf ?? theirs.issued.leaves[HOST], provide);
  const { port1, port2 } = new MessageChannel();
  const batches: CopyBatch[] = [];
  const events: LogEvent[] = [];
  port2.onmessage = (event: MessageEvent<CopyBatch>) => {
    batches.push(event.data);
    port2.postMessage({ kind: "ack", weight: event.data.weight });
  };
  const interceptor = await startInterceptor({
    leaves: meter.issued.leaves,
    upstream: {
      ...DIRECT,
      map: { [HOST]: { host: "127.0.0.1", port: provider.port } },
      caCerts: [theirs.caCertPem],
      ...options.upstream,
    },
    recorder: port1,
    log: (event) => events.push(event),
  });
  const opened: Deno.TlsConn[] = [];
  const records = () => batches.flatMap((batch) => [...batch.records]);
  try {
    await body({
      interceptor,
      provider,
      batches,
      events,
      records,
      async open(host = HOST) {
        const port = interceptor.ports.hosts[host];
        const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
        const tls = await Deno.startTls(tcp, {
          hostname: host,
          caCerts: [meter.caCertPem],
          alpnProtocols: ["http/1.1"],
        });
        opened.push(tls);
        return tls;
      },
      copied: (part, exchange = 0) => text(copiedBytes(batches, part, exchange)),
      async allClosed() {
        await eventually(() => interceptor.counters()["open"] === 0, "the end of every connection");
        await eventually(() => {
          const { destinations } = interceptor.destinations();
          const sum = (of: "connections" | "open") => destinations.reduce((total, one) => total + one[of], 0);
          return sum("open") === 0 && sum("connections") === interceptor.counters()["connections"];
        }, "one connection to a provider for each of a client, and none of them open");
        await pause(15); // Past the last flush.
        const announced = () => records().filter(({ t }) => t === "open").length;
        await eventually(() => records().filter(({ t }) => t === "close").length === announced(), "the last records");
      },
    });
  } finally {
    opened.forEach(close);
    provider.stop();
    await interceptor.drain();
    port1.close();
    port2.close();
  }
}

function copiedBytes(batches: readonly CopyBatch[], part: string, exchange: number): Uint8Array {
  return concat(
    batches.flatMap(({ records, slab }) =>
      records.flatMap((record) =>
        record.t === "bytes" && record.part === part && record.x === exchange
          ? [slab.slice(record.start, record.start + record.length)]
          : []
      )
    ),
  );
}

/** A whole request. */
export function request(method: string, target: string, body: string | Uint8Array = "", fields = ""): Uint8Array {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const head = `${method} ${target} HTTP/1.1\r\nHost: ${HOST}\r\n${fields}Content-Length: ${bytes.length}\r\n\r\n`;
  return concat([new TextEncoder().encode(head), bytes]);
}

/** A whole response. */
export function response(status: number, body: string | Uint8Array = "", fields = ""): Uint8Array {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const head = `HTTP/1.1 ${status} X\r\n${fields}Content-Length: ${bytes.length}\r\n\r\n`;
  return concat([new TextEncoder().encode(head), bytes]);
}
