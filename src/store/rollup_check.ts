/**
 * Whether the roll-ups still say what the rows add up to. Reads only, so that the recorder goes on meanwhile; what is wrong is put
 * right by {@link rebuildRollups}.
 *
 * Compared are counts, tokens and money by time and project. Sums of latencies are left out: they are floating-point, and depend on
 * the order in which rows came.
 *
 * Imports: ./database.ts (types), ./rollups.ts.
 *
 * @module
 */

import type { Database } from "./database.ts";
import { DAY_SPAN, HOUR_SPAN, NOT_BILLED, REQUEST_MEASURES, SLOT_SPAN, WIDE_SPAN } from "./rollups.ts";

/** A time for which a roll-up says something else than the rows. */
export interface RollupFault {
  readonly table: "usage_spans" | "usage_slots" | "usage_hours" | "usage_clients";
  /** Length of the time, ms. */
  readonly span: number;
  /** UTC epoch ms. */
  readonly startsAt: number;
  /** `null` = all projects together. */
  readonly projectId: number | null;
}

/** Faults that are listed of each roll-up. */
const MAX_FAULTS = 20;

const COMPARED = "requests, errors, incomplete, tokens_unknown, input_tokens, output_tokens, thinking_tokens, " +
  "cache_read_tokens, cache_write_tokens, cost_pico, last_requested_at";

const SUMMED = COMPARED.split(", ").map((column) => `${column === "last_requested_at" ? "max" : "sum"}(${column})`)
  .join(
    ", ",
  );

const SLOT_TRUTH = `count(*), sum(cost_pico IS NULL), sum(cost_pico), sum(${NOT_BILLED}),
  sum(${NOT_BILLED} AND cost_pico IS NULL), sum(iif(${NOT_BILLED}, cost_pico, NULL))`;
const SLOT_KEPT = `sum(requests), sum(unpriced), sum(cost_pico), sum(not_billed_requests), sum(not_billed_unpriced),
  sum(not_billed_pico)`;

/** What is wrong; empty when all is well. */
export function verifyRollups(db: Database): RollupFault[] {
  const faults: RollupFault[] = [];
  const look = (table: RollupFault["table"], span: number, everyone: boolean, truth: string, kept: string) => {
    // Written out: a bound number may be taken for a floating-point one, which does not divide into whole spans.
    const rows = db.prepare(differences(truth, kept).replaceAll(":span", String(span))).all();
    faults.push(...rows.map((row) => ({
      table,
      span,
      startsAt: Number(row["start"]),
      projectId: everyone ? null : Number(row["owner"]),
    })));
  };
  for (const span of [HOUR_SPAN, DAY_SPAN, WIDE_SPAN]) {
    look("usage_spans", span, false, measured("project_id"), keptSpans());
  }
  look("usage_hours", HOUR_SPAN, true, counted("0"), keptHours());
  for (const everyone of [false, true]) {
    const owner = everyone ? "0" : "project_id";
    look("usage_slots", SLOT_SPAN, everyone, counted(owner), keptSlots(everyone));
    for (const span of [HOUR_SPAN, DAY_SPAN]) {
      look("usage_clients", span, everyone, measured(owner), keptClients(everyone));
    }
  }
  return faults;
}

function measured(owner: string): string {
  return `SELECT start, owner, ${COMPARED} FROM (
    SELECT requested_at / :span * :span AS start, ${owner} AS owner, ${REQUEST_MEASURES} FROM requests
    WHERE duplicate_of IS NULL GROUP BY 1, 2)`;
}

function counted(owner: string): string {
  return `SELECT requested_at / :span * :span AS start, ${owner} AS owner, ${SLOT_TRUTH} FROM requests
    WHERE duplicate_of IS NULL GROUP BY 1, 2`;
}

function keptSpans(): string {
  return `SELECT starts_at AS start, project_id AS owner, ${SUMMED} FROM usage_spans WHERE span = :span GROUP BY 1, 2`;
}

function keptClients(everyone: boolean): string {
  return `SELECT starts_at AS start, project_id AS owner, ${SUMMED} FROM usage_clients
    WHERE span = :span AND (project_id = 0) = ${everyone ? 1 : 0} GROUP BY 1, 2`;
}

function keptSlots(everyone: boolean): string {
  return `SELECT starts_at AS start, project_id AS owner, ${SLOT_KEPT} FROM usage_slots
    WHERE :span > 0 AND (project_id = 0) = ${everyone ? 1 : 0} GROUP BY 1, 2`;
}

function keptHours(): string {
  return `SELECT starts_at AS start, 0 AS owner, ${SLOT_KEPT} FROM usage_hours WHERE :span > 0 GROUP BY 1, 2`;
}

function differences(truth: string, kept: string): string {
  return `WITH truth AS (${truth}), kept AS (${kept})
    SELECT start, owner FROM (SELECT * FROM truth EXCEPT SELECT * FROM kept)
    UNION SELECT start, owner FROM (SELECT * FROM kept EXCEPT SELECT * FROM truth)
    ORDER BY 1, 2 LIMIT ${MAX_FAULTS}`;
}
