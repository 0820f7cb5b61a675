/**
 * The dictionary of sync with a team server: what waits to be sent, what is known of the pairing, and the commands that change
 * it. Types and their invariants only.
 *
 * Imports nothing.
 *
 * @module
 */

/** Why nothing is sent until someone acts. */
export type PauseReason = "paused_manual" | "paused_unauthorised" | "paused_forbidden";

/** What a pairing is about. Times here and below: UTC epoch ms. */
export interface Pairing {
  readonly machineId: string;
  readonly workspaceId: string;
  /** Without closing slash. */
  readonly baseUrl: string;
}

/** The pairing as the database knows it. `seq` counts rows of `requests` in the order in which they were written. */
export interface SyncRecord extends Pairing {
  readonly pairedAt: number;
  /** `null` = paired. */
  readonly disconnectedAt: number | null;
  /** Rows up to this one were recorded before the pairing. */
  readonly fromSeq: number;
  /** Calls that began earlier were under way at the pairing; 0 = the clock went back since, and only `fromSeq` tells. */
  readonly floorAt: number;
  /** Rows up to this one are with the server, or parked. */
  readonly position: number;
  /** The same for rows from before the pairing, as far as sending them was asked for. */
  readonly backfillTo: number;
  readonly backfillPosition: number;
  /** Bodies of rows up to this one are settled. */
  readonly bodyPosition: number;
  readonly pausedReason: PauseReason | null;
  readonly lastSyncAt: number | null;
  /** A sentence of this program, never text of the server. */
  readonly lastError: string | null;
  readonly lastErrorAt: number | null;
  /** Passes that failed since the last good answer. */
  readonly failures: number;
  readonly nextTryAt: number | null;
}

/** Which queue a batch comes from: rows since the pairing, rows that changed after they were sent, rows from before it. */
export type Queue = "new" | "changed" | "backfill";

/** One row of `requests` that waits: its columns by name, as far as a server may learn of any of them. */
export interface PendingRow {
  readonly seq: number;
  readonly id: string;
  readonly revision: number;
  readonly columns: Readonly<Record<string, unknown>>;
}

/** Rows of one queue, ascending. */
export interface PendingRows {
  readonly queue: Queue;
  readonly rows: readonly PendingRow[];
}

/** One captured body, redacted, as it is stored. */
export interface PendingBody {
  readonly direction: "request" | "response";
  readonly contentType: string | null;
  readonly text: string;
  /** Names of the rules that fired, in order of name. */
  readonly rules: readonly string[];
}

/** The bodies of one row that was sent. */
export interface PendingBodies {
  readonly seq: number;
  readonly id: string;
  readonly bodies: readonly PendingBody[];
}

/** What of a row a server refused for good. */
export type ParkedPart = "row" | "request" | "response";

/** A row or body that is left out from now on, and the server's word for why. */
export interface Parked {
  readonly seq: number;
  readonly part: ParkedPart;
  /** Lower-case words with `_`. */
  readonly code: string;
}

/**
 * What a pass has changed. Each is one transaction; every one but `begin` is refused when the pass has lost its lease, so that
 * two passes never move the same position.
 */
export type SyncCommand =
  /** Takes the lease, for this pairing only. */
  | { readonly kind: "begin"; readonly holder: string; readonly pairing: Pairing }
  /** A batch is with the server. `sent`: rows with the revision that was sent. */
  | {
    readonly kind: "sent";
    readonly holder: string;
    readonly queue: Queue;
    readonly sent: readonly { readonly seq: number; readonly revision: number }[];
    readonly parked: readonly Parked[];
  }
  /** Bodies of rows up to `seq` are settled. */
  | { readonly kind: "bodies"; readonly holder: string; readonly seq: number; readonly parked: readonly Parked[] }
  | {
    readonly kind: "failed";
    readonly holder: string;
    readonly error: string;
    /** `null` = the program does not try again by itself. */
    readonly nextTryAt: number | null;
  }
  | { readonly kind: "paused"; readonly holder: string; readonly reason: PauseReason }
  | { readonly kind: "end"; readonly holder: string };

/** Carries a command out; false = refused, since another pass has the lease or the pairing is another one. */
export type SyncKeeper = (command: SyncCommand) => Promise<boolean>;

/** What a pass reads. Every call sees the database as it is then. */
export interface SyncSource {
  record(): SyncRecord | null;
  /** `null` = nothing waits. */
  rows(limit: number): PendingRows | null;
  /** `null` = no body waits. */
  bodies(): PendingBodies | null;
}
