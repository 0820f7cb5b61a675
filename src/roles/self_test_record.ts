/**
 * What the recorder notes of a call of the meter to itself: everything that a row would say, in the audit trail instead, so
 * that no report ever counts it.
 *
 * Imports: domain (types).
 *
 * @module
 */

import type { BodyRow, ExchangeRow } from "../domain/exchange.ts";

/** The audit event. */
export const SELF_TEST_EVENT = "self_test.recorded";

/** Details of the audit event. Tokens are null where the answer's usage was not read. */
export type SelfTestDetails = {
  readonly path: string;
  readonly model: string | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  /** Pico-dollars in decimal; null = not priced. */
  readonly cost_pico: string | null;
  readonly http_status: number | null;
  readonly tokens_complete: boolean;
  readonly project: string;
  readonly layer: string;
  /** Bodies that would be stored, and how many secrets were masked in them. */
  readonly bodies: number;
  readonly redactions: number;
};

/** Sums a row up. */
export function selfTestDetails(row: ExchangeRow, bodies: readonly BodyRow[]): SelfTestDetails {
  const counts = bodies.flatMap(({ redactions }) => Object.values(redactions));
  return {
    path: row.path,
    model: row.model,
    input_tokens: row.usage.input,
    output_tokens: row.usage.output,
    cost_pico: row.cost.kind === "priced" ? String(row.cost.pico) : row.cost.kind === "free" ? "0" : null,
    http_status: row.httpStatus,
    tokens_complete: row.tokensComplete,
    project: row.attribution.slug,
    layer: row.attribution.layer,
    bodies: bodies.length,
    redactions: counts.reduce((sum, count) => sum + count, 0),
  };
}
