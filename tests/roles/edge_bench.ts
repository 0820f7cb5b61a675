/**
 * An edge with everything around it that a test may replace: ports file, control socket, interceptor and far ends.
 *
 * @module
 */

import { INTERCEPTED_HOSTS, type InterceptedHost } from "../../src/domain/hosts.ts";
import { DIRECT, type UpstreamSettings } from "../../src/domain/upstream.ts";
import { serveControl } from "../../src/roles/control_server.ts";
import { type Edge, type EdgeOptions, startEdge } from "../../src/roles/edge.ts";
import { updatePorts } from "../../src/roles/ports_file.ts";
import { close, pause, receiveUntil, send, type Server, tcpServer, withFolder } from "./tools.ts";

/** A running edge. */
export interface EdgeBench {
  readonly edge: Edge;
  readonly port: number;
  readonly folder: string;
  /** Notices as the supervisor heard them, in order. */
  readonly notices: string[];
  /** Opens a connection to the edge. */
  open(): Promise<Deno.TcpConn>;
  /** Opens a tunnel and reads the answer's head. */
  connect(target: string, more?: string): Promise<{ readonly client: Deno.TcpConn; readonly head: string }>;
  /** Names the interceptor's ports in the ports file. */
  publish(hostPort: number, healthPort: number): void;
}

/** Parts that a test replaces. */
export interface BenchOptions {
  readonly upstream?: Partial<UpstreamSettings>;
  readonly edge?: Partial<EdgeOptions>;
  /** No supervisor listens. */
  readonly deaf?: boolean;
}

/** Starts an edge, runs `body`, and lets go of everything. */
export async function withEdge(options: BenchOptions, body: (bench: EdgeBench) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const notices: string[] = [];
    const control = options.deaf ? null : serveControl(`${folder}/control`, {
      client: (clientPort, edgePort) => void notices.push(`client ${clientPort} ${edgePort}`),
      link: (clientPort, peerPort) => void notices.push(`link ${clientPort} ${peerPort}`),
      run: () => () => {},
      status: () => Promise.resolve(null),
      connections: () => Promise.resolve(null),
      selfTest: () => ({ port: 0, ended: () => {} }),
      releaseEdge: () => ({ answer: Promise.resolve(null), ended: () => {} }),
      takeEdge: () => ({ answer: Promise.resolve(null), ended: () => {} }),
      bindEdge: () => Promise.resolve(null),
      cloud: () => Promise.resolve(null),
      refused: () => void notices.push("refused"),
    });
    const edge = await startEdge(edgeOptions(folder, options));
    const { port } = edge.outcome;
    const opened: Deno.TcpConn[] = [];
    const open = async () => {
      const client = await Deno.connect({ hostname: "127.0.0.1", port });
      opened.push(client);
      return client;
    };
    try {
      await body({
        edge,
        port,
        folder,
        notices,
        open,
        async connect(target, more = "") {
          const client = await open();
          await send(client, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n${more}`);
          return { client, head: await receiveUntil(client, "\r\n\r\n") };
        },
        publish(hostPort, healthPort) {
          const hosts = Object.fromEntries(INTERCEPTED_HOSTS.map((host) => [host, hostPort]));
          const ports = hosts as Record<InterceptedHost, number>;
          const interceptor = { hosts: ports, health: healthPort, selfTest: hostPort, token: "1" };
          updatePorts(`${folder}/ports.json`, { daemon: { pid: Deno.pid, apiPort: null, interceptor, startedAt: 1 } });
        },
      });
    } finally {
      opened.forEach(close);
      edge.release();
      control?.close();
      await pause(10);
    }
  });
}

/** What the bench starts its edge with. */
export function edgeOptions(folder: string, options: BenchOptions = {}): EdgeOptions {
  return {
    port: 0,
    fallbackPorts: [],
    portsFile: `${folder}/ports.json`,
    controlSocket: `${folder}/control`,
    pid: 4242,
    version: "1.2.3",
    installation: "home-1",
    takeOver: false,
    ...options.edge,
    upstream: { ...DIRECT, ...options.upstream },
  };
}

/** Sends back what it gets, until the client ends, and then says goodbye: shows both directions and the half-close. */
export function echoServer(): Server<Deno.TcpConn> {
  return tcpServer(async (connection) => {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      await send(connection, buffer.slice(0, count));
    }
    await send(connection, "bye");
    await connection.closeWrite();
  });
}

/** Answers health probes like a live interceptor. */
export function healthServer(): Server<Deno.TcpConn> {
  return tcpServer(async (connection) => {
    await send(connection, "1");
    connection.close();
  });
}

/** A ClientHello with this server name and these protocols. */
export function clientHello(sni: string | null, alpn: readonly string[] | null): Uint8Array<ArrayBuffer> {
  const short = (value: number) => [value >> 8 & 0xff, value & 0xff];
  const ascii = (text: string) => [...new TextEncoder().encode(text)];
  const vector = (content: readonly number[]) => [...short(content.length), ...content];
  const extensions: number[] = [];
  if (sni !== null) extensions.push(...short(0), ...vector(vector([0, ...vector(ascii(sni))])));
  if (alpn !== null) {
    extensions.push(...short(16), ...vector(vector(alpn.flatMap((name) => [name.length, ...ascii(name)]))));
  }
  const content = [3, 3, ...new Array(32).fill(7), 0, ...vector([0x13, 0x01]), 1, 0, ...vector(extensions)];
  const handshake = [1, 0, ...short(content.length), ...content];
  return Uint8Array.from([22, 3, 1, ...vector(handshake)]);
}
