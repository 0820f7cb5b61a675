/**
 * The log: one JSON line per event. The event type lists every field that may be logged, so that a prompt, a header or a
 * key cannot reach a log file by accident. Token counts and event names only. Imports nothing.
 *
 * @module
 */

/** Everything that may be logged. A `reason` is an error class or a sentence of this program, never text off the wire. */
export type LogEvent =
  | { event: "daemon.startup.ready"; pid: number; edge_port: number; version: string }
  | { event: "daemon.startup.failed"; reason: string }
  | { event: "daemon.exit"; reason: string }
  | { event: "daemon.heartbeat"; intercepted: number; recorded: number; swallowed: number }
  | { event: "daemon.permissions.tightened"; path: string }
  | { event: "daemon.config.changed" }
  | { event: "daemon.config.invalid"; reason: string }
  | { event: "daemon.control.refused"; reason: string }
  | { event: "daemon.ports.failed"; reason: string }
  | { event: "role.started"; role: string }
  | { event: "role.crashed"; role: string; reason: string; restart_in_ms: number }
  | { event: "leaf.issued"; host: string; not_after: string }
  | { event: "edge.startup.ready"; pid: number; port: number }
  | { event: "edge.startup.failed"; reason: string }
  | { event: "edge.port.taken"; port: number; fallback: number }
  | { event: "edge.exit"; reason: string }
  | { event: "edge.socket.failed"; reason: string }
  | { event: "edge.ports.failed"; reason: string }
  | { event: "edge.tunnel.failed"; host: string; reason: string }
  | { event: "intercept.start"; host: string; connection: number }
  | { event: "intercept.upstream.failed"; host: string; reason: string }
  | { event: "intercept.copy.opaque"; host: string; reason: string }
  | { event: "intercept.copy.dropped"; bytes: number; level: string }
  | {
    event: "intercept.complete";
    id: string;
    provider: string;
    model: string | null;
    http_status: number | null;
    input_tokens: number | null;
    output_tokens: number | null;
    duration_ms: number | null;
  }
  | { event: "attribution.resolved"; slug: string; winning_layer: string }
  | { event: "attribution.failed"; reason: string }
  | { event: "recorder.write.failed"; reason: string; queued: number }
  | { event: "recorder.exchange.failed"; reason: string }
  | { event: "bodies.swept"; cause: string; bodies: number; bytes: number; duration_ms: number }
  | { event: "bodies.sweep.failed"; reason: string }
  | { event: "cloud.sync.sent"; rows: number; bodies: number; parked: number }
  | { event: "cloud.sync.failed"; reason: string }
  | { event: "cloud.sync.paused"; reason: string }
  | { event: "log.lines.lost"; lines: number };

/** Where lines go. */
export type LogSink = (line: string) => void;

/** One line, time first, without line break. */
export function formatLogLine(event: LogEvent, now: Date): string {
  return JSON.stringify({ timestamp: now.toISOString(), ...event });
}

/** A logger over `sink`. A sink that throws loses the line: logging never breaks what is logged about. */
export function createLog(sink: LogSink, now: () => Date): (event: LogEvent) => void {
  return (event) => {
    try {
      sink(formatLogLine(event, now()));
    } catch {
      // The disk may be full; the caller has counted what matters.
    }
  };
}

/** The class of an error, fit for a log: its name and, for system errors, its code; never its message. */
export function errorLabel(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? `${error.name} ${code}` : error.name;
}
