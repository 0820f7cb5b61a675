/**
 * What may be said to the supervisor over its unix socket (mode 0600): one JSON object per line, answers likewise.
 *
 * Imports: domain.
 *
 * @module
 */

/** From an edge, before its connection to the interceptor carries bytes: who calls. */
export interface ClientMessage {
  readonly t: "client";
  readonly clientPort: number;
  readonly edgePort: number;
}

/** From an edge: `peerPort` is what the interceptor sees of that client's connection. */
export interface LinkMessage {
  readonly t: "link";
  readonly clientPort: number;
  readonly peerPort: number;
}

/** From `run`: calls of that process and of its descendants belong to `project`, as long as this connection is open. */
export interface RunMessage {
  readonly t: "run";
  readonly pid: number;
  readonly project: string;
}

/**
 * A self-test's stand-in provider is about to listen on 127.0.0.1 at `daemon.internal_port`; it has the root `caCertPem`.
 * Holds as long as this connection is open.
 */
export interface SelfTestMessage {
  readonly t: "self-test";
  readonly caCertPem: string;
}

/** Any command of a user's own programs. */
export type ControlMessage =
  | ClientMessage
  | LinkMessage
  | RunMessage
  | { readonly t: "status" }
  /** Where this process has connected to; a process `edge` answers it too, at its own socket. */
  | { readonly t: "connections" }
  /** The pairing with a server was made, ended, paused or resumed. */
  | { readonly t: "cloud" }
  | SelfTestMessage
  /** An edge process asks a daemon that serves the proxy port itself to hold it, until this connection is closed. */
  | { readonly t: "release-edge" }
  /** An edge process that leaves asks the daemon to get ready to serve its port. */
  | { readonly t: "take-edge" }
  /** Then: it has let go. `held`: the port is to be bound beside it. */
  | { readonly t: "bind-edge"; readonly held: boolean };

/** Longer lines are refused; the longest real one carries a certificate. */
export const MAX_CONTROL_LINE = 4096;

/** Checks one line; null when it is none of the above. */
export function parseControlMessage(line: string): ControlMessage | null {
  let value: unknown;
  if (line.length > MAX_CONTROL_LINE) return null;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const message = value as Record<string, unknown>;
  switch (message["t"]) {
    case "client": {
      const { clientPort, edgePort } = message;
      return isPort(clientPort) && isPort(edgePort) ? { t: "client", clientPort, edgePort } : null;
    }
    case "link": {
      const { clientPort, peerPort } = message;
      return isPort(clientPort) && isPort(peerPort) ? { t: "link", clientPort, peerPort } : null;
    }
    case "run": {
      const { pid, project } = message;
      if (typeof pid !== "number" || !Number.isInteger(pid) || pid <= 1 || typeof project !== "string") return null;
      return { t: "run", pid, project };
    }
    case "self-test": {
      const { caCertPem } = message;
      return typeof caCertPem === "string" && caCertPem.startsWith("-----BEGIN CERTIFICATE-----")
        ? { t: "self-test", caCertPem }
        : null;
    }
    case "status":
    case "connections":
    case "cloud":
    case "release-edge":
    case "take-edge":
      return { t: message["t"] };
    case "bind-edge":
      return typeof message["held"] === "boolean" ? { t: "bind-edge", held: message["held"] } : null;
    default:
      return null;
  }
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= 65535;
}

/** Cuts a byte stream into lines; the beginning of a line over the limit is the last one given. */
export async function* controlLines(
  connection: { read(into: Uint8Array): Promise<number | null> },
  limit: number = MAX_CONTROL_LINE,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(MAX_CONTROL_LINE);
  let pending = "";
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return;
    pending += decoder.decode(buffer.subarray(0, count), { stream: true });
    for (let end = pending.indexOf("\n"); end >= 0; end = pending.indexOf("\n")) {
      yield pending.slice(0, end);
      pending = pending.slice(end + 1);
    }
    if (pending.length > limit) {
      yield pending;
      return;
    }
  }
}
