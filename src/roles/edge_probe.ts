/**
 * Asks a port on loopback whether an edge of ours serves it, or anybody.
 *
 * Imports: roles/splice.ts.
 *
 * @module
 */

import type { Counters } from "./messages.ts";
import { closeQuietly, writeAll } from "./splice.ts";

/** Where an edge says that it is one. */
export const EDGE_PATH = "/.halton-meter/edge";

/** A live edge answers a question within this. */
const PROBE_MS = 500;

/** An edge that answered. */
export interface LiveEdge {
  readonly pid: number;
  readonly version: string;
  /** Whether its port can be bound beside it. */
  readonly shared: boolean;
  readonly counters: Counters;
}

/**
 * The edge at a port: its process, as told by itself. Null when the port is free, another program's, or that of an edge of
 * another installation: calls through that one are none of ours.
 */
export async function edgeAt(port: number, installation: string): Promise<LiveEdge | null> {
  let connection: Deno.TcpConn | null = null;
  const timer = setTimeout(() => connection !== null && closeQuietly(connection), PROBE_MS);
  try {
    connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const request = `GET ${EDGE_PATH} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
    await writeAll(connection, new TextEncoder().encode(request));
    const answer: unknown = JSON.parse((await readAll(connection)).split("\r\n\r\n")[1] ?? "");
    if (typeof answer !== "object" || answer === null) return null;
    const { halton_meter_edge: version, pid, shared, counters, ...told } = answer as Record<string, unknown>;
    if (typeof version !== "string" || typeof pid !== "number" || told["installation"] !== installation) return null;
    const found = typeof counters === "object" ? counters as Counters ?? {} : {};
    return { pid, version, counters: found, shared: shared === true };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    if (connection !== null) closeQuietly(connection);
  }
}

/** Whether nobody has the port. */
export function portIsFree(port: number): boolean {
  try {
    closeQuietly(Deno.listen({ hostname: "127.0.0.1", port }));
    return true;
  } catch {
    return false;
  }
}

async function readAll(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(4096);
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < 16_384) {
    const count = await connection.read(buffer);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return text;
}
