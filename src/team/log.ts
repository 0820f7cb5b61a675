/**
 * The server's log: one JSON line per event. The event type lists every field that may be logged; none of them is content, a
 * name that a person chose, an address or a secret.
 *
 * Imports nothing.
 *
 * @module
 */

/** Everything that may be logged. `route` is a pattern such as `/v1/requests/:id/body`; `reason` an error class. */
export type TeamLogEvent =
  | { event: "server.ready"; port: number; version: string; database: "postgres" | "pglite" }
  | { event: "server.stopping"; reason: string }
  | { event: "server.stopped" }
  | { event: "http.answered"; request: string; method: string; route: string; status: number; duration_ms: number }
  | { event: "http.failed"; request: string; method: string; route: string; reason: string }
  | {
    event: "ingest.stored";
    request: string;
    rows: number;
    accepted: number;
    duplicates: number;
    rejected: number;
    duration_ms: number;
  }
  | { event: "partitions.created"; months: number }
  | { event: "retention.swept"; requests: number; bodies: number; audit_events: number; duration_ms: number }
  | { event: "upkeep.failed"; reason: string }
  | { event: "database.migrated"; from: number; to: number };

/** Takes one event. */
export type TeamLog = (event: TeamLogEvent) => void;

/** A logger that writes lines to `sink`. A sink that throws loses the line: logging never breaks what is logged about. */
export function createTeamLog(sink: (line: string) => void, now: () => Date = () => new Date()): TeamLog {
  return (event) => {
    try {
      sink(JSON.stringify({ timestamp: now().toISOString(), ...event }));
    } catch {
      // The reader of standard error may have left.
    }
  };
}

/** The class of an error, fit for a log: its name and its code, never its message, which may quote a value. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const code = "code" in error ? error.code : undefined;
  return typeof code === "string" && /^\w{1,40}$/.test(code) ? `${error.name} ${code}` : error.name;
}
