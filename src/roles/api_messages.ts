/**
 * What the api asks of other roles: changes of the recorder, over a port of their own, and facts and settings of the supervisor.
 *
 * Imports: domain (types), store (types), ./daemon_status.ts (types).
 *
 * @module
 */

import type { PrivacyFacts } from "../domain/privacy.ts";
import type { ProjectChange } from "../store/project_changes.ts";
import type { DaemonStatus } from "./daemon_status.ts";

/** A change that only the recorder may make. */
export type RecorderCommand = { readonly kind: "project.change"; readonly change: ProjectChange };

/** Api to recorder. */
export interface ApiToRecorder {
  readonly id: number;
  readonly command: RecorderCommand;
}

/** Recorder to api. */
export type RecorderToApi =
  /** Rows were written. */
  | { readonly kind: "written" }
  | { readonly kind: "done"; readonly id: number }
  | RefusedAsk;

/** A foreseen failure, as it crosses to another role. */
export interface RefusedAsk {
  readonly kind: "refused";
  readonly id: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** A price of the user's own, in config.toml. Days as `YYYY-MM-DD`; `prices` `null` = take out. */
export interface PriceAsk {
  readonly provider: string;
  readonly model: string;
  readonly prices: Readonly<Record<string, string>> | null;
  readonly from: string | null;
  readonly until: string | null;
}

/** Api to supervisor. */
export type ApiAsk =
  | { readonly kind: "status" }
  | { readonly kind: "privacy" }
  | { readonly kind: "price"; readonly price: PriceAsk };

/** Supervisor to api. */
export type ApiAnswer =
  | { readonly kind: "status"; readonly id: number; readonly status: DaemonStatus }
  | { readonly kind: "privacy"; readonly id: number; readonly facts: PrivacyFacts }
  | { readonly kind: "price"; readonly id: number; readonly changed: number }
  | RefusedAsk;
