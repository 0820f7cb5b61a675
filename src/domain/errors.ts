/**
 * The failures that this program foresaw. Imports nothing.
 *
 * @module
 */

/** What went wrong, for programs. Each code has at least one caller that branches on it. */
export type ErrorCode =
  | "bad_config"
  | "bad_input"
  | "ca_unusable"
  | "daemon_not_running"
  | "database_newer"
  | "database_unusable"
  | "failed"
  | "port_in_use"
  | "wrong_usage";

/** Optional parts of a {@link MeterError}. */
export interface MeterErrorDetail {
  /** One thing to do next, as an instruction. */
  readonly hint?: string;
  /** For the operator's log; never shown to the user. */
  readonly cause?: unknown;
}

/** A foreseen failure. `message` and `hint` are safe to show: no header, body or key material. */
export class MeterError extends Error {
  override readonly name = "MeterError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, detail: MeterErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint;
  }
}
