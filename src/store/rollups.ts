/**
 * Keeps `usage_spans`, `usage_slots`, `usage_hours` and `usage_clients` equal to what `requests` adds up to. All are functions
 * of `requests`: folding new rows in batch by batch and rebuilding from all rows give the same content.
 *
 * Imports: node:sqlite (types), ./transaction.ts.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inTransaction } from "./transaction.ts";

/** Lengths of the two kinds of rows in `usage_spans` and `usage_clients`, ms. All start at multiples of their length since the epoch. */
export const DAY_SPAN = 86_400_000;
export const HOUR_SPAN = 3_600_000;
/** A third length in `usage_spans`, 16 days, so that sums of all time read few rows. */
export const WIDE_SPAN = 1_382_400_000;
/** Length of a row's time in `usage_slots`, ms. */
export const SLOT_SPAN = 900_000;

/** Whether a row's tokens were spent. A token count tells what a call would take, and takes nothing itself. */
const SPENT = "request_kind <> 'count_tokens'";

/** Whether no single call of a row's kind is on a bill. */
export const NOT_BILLED = "billing_basis IN ('subscription', 'credits')";

/** The measures of `usage_spans` over a group of `requests` rows. Read by queries.ts for the rims of a range as well. */
export const REQUEST_MEASURES = `
  count(*) AS requests,
  sum(status <> 'success') AS errors,
  sum(tokens_complete = 0) AS incomplete,
  sum(usage_unknown IS NOT NULL) AS tokens_unknown,
  sum(iif(${SPENT}, input_tokens, NULL)) AS input_tokens,
  sum(iif(${SPENT}, output_tokens, NULL)) AS output_tokens,
  sum(iif(${SPENT}, thinking_tokens, NULL)) AS thinking_tokens,
  sum(iif(${SPENT}, cache_read_tokens, NULL)) AS cache_read_tokens,
  sum(iif(${SPENT}, cache_write_tokens, NULL)) AS cache_write_tokens,
  sum(cost_pico) AS cost_pico,
  sum(latency_ms) AS latency_ms,
  count(latency_ms) AS latency_count,
  max(requested_at) AS last_requested_at`;

/** What tells one row of `usage_spans` from another beside its time, as expressions over `requests`. */
export const REQUEST_DIMENSIONS = `
  project_id, provider, coalesce(model, '') AS model, coalesce(cost_missing, '') AS cost_missing, billing_basis`;

/** The measures of `usage_clients`, which does not tell why a cost is missing. */
export const CLIENT_MEASURES = `${REQUEST_MEASURES},
  sum(cost_pico IS NULL) AS unpriced`;

const COUNTS = ["requests", "errors", "incomplete", "tokens_unknown", "latency_count"];
const SUMS = [
  "input_tokens",
  "output_tokens",
  "thinking_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "cost_pico",
  "latency_ms",
];

/** Adds what is known on either side, and stays NULL when neither side knows. */
function addKnown(column: string): string {
  return `${column} = coalesce(${column} + excluded.${column}, ${column}, excluded.${column})`;
}

/** Which rows are folded, and how long the spans are that they are folded into. */
function foldSpans(lengths: readonly number[], where: string): string {
  return `
INSERT INTO usage_spans (span, starts_at, project_id, provider, model, cost_missing, billing_basis,
  requests, errors, incomplete, tokens_unknown, input_tokens, output_tokens, thinking_tokens, cache_read_tokens,
  cache_write_tokens, cost_pico, latency_ms, latency_count, last_requested_at)
SELECT span, requested_at / span * span AS starts_at, ${REQUEST_DIMENSIONS}, ${REQUEST_MEASURES}
FROM requests, (${lengths.map((length) => `SELECT ${length} AS span`).join(" UNION ALL ")})
WHERE ${where} AND duplicate_of IS NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT DO UPDATE SET
  ${COUNTS.map((column) => `${column} = ${column} + excluded.${column}`).join(", ")},
  ${SUMS.map(addKnown).join(", ")},
  last_requested_at = max(last_requested_at, excluded.last_requested_at)`;
}

/** Columns of `usage_slots` and `usage_hours` beside their keys, and what they hold of a group of `requests` rows. */
const COST_COLUMNS = "requests, unpriced, cost_pico, not_billed_requests, not_billed_unpriced, not_billed_pico";
const COST_MEASURES = `count(*), sum(cost_pico IS NULL), sum(cost_pico), sum(${NOT_BILLED}),
  sum(${NOT_BILLED} AND cost_pico IS NULL), sum(iif(${NOT_BILLED}, cost_pico, NULL))`;
const ADD_COSTS = `requests = requests + excluded.requests, unpriced = unpriced + excluded.unpriced,
  ${addKnown("cost_pico")}, not_billed_requests = not_billed_requests + excluded.not_billed_requests,
  not_billed_unpriced = not_billed_unpriced + excluded.not_billed_unpriced, ${addKnown("not_billed_pico")}`;

function foldSlots(where: string): string {
  return `
INSERT INTO usage_slots (project_id, starts_at, provider, ${COST_COLUMNS})
SELECT iif(everyone, 0, project_id) AS owner, requested_at / ${SLOT_SPAN} * ${SLOT_SPAN} AS starts_at, provider,
  ${COST_MEASURES}
FROM requests, (SELECT 0 AS everyone UNION ALL SELECT 1)
WHERE ${where} AND duplicate_of IS NULL
GROUP BY 1, 2, 3
ON CONFLICT DO UPDATE SET ${ADD_COSTS}`;
}

function foldHours(where: string): string {
  return `
INSERT INTO usage_hours (starts_at, provider, ${COST_COLUMNS})
SELECT requested_at / ${HOUR_SPAN} * ${HOUR_SPAN} AS starts_at, provider, ${COST_MEASURES}
FROM requests WHERE ${where} AND duplicate_of IS NULL
GROUP BY 1, 2
ON CONFLICT DO UPDATE SET ${ADD_COSTS}`;
}

/** Columns of {@link CLIENT_MEASURES}, in their order. */
const CLIENT_COLUMNS = `requests, errors, incomplete, tokens_unknown, input_tokens, output_tokens, thinking_tokens,
  cache_read_tokens, cache_write_tokens, cost_pico, latency_ms, latency_count, last_requested_at, unpriced`;

function foldClients(lengths: readonly number[], where: string): string {
  return `
INSERT INTO usage_clients (span, project_id, starts_at, client, not_billed, ${CLIENT_COLUMNS})
SELECT span, iif(everyone, 0, project_id) AS owner, requested_at / span * span AS starts_at, coalesce(client_name, ''),
  ${NOT_BILLED}, ${CLIENT_MEASURES}
FROM requests, (SELECT 0 AS everyone UNION ALL SELECT 1),
  (${lengths.map((length) => `SELECT ${length} AS span`).join(" UNION ALL ")})
WHERE ${where} AND duplicate_of IS NULL
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT DO UPDATE SET
  ${[...COUNTS, "unpriced"].map((column) => `${column} = ${column} + excluded.${column}`).join(", ")},
  ${SUMS.map(addKnown).join(", ")},
  last_requested_at = max(last_requested_at, excluded.last_requested_at)`;
}

const FOLD_DAY = `
INSERT INTO usage_spans (span, starts_at, project_id, provider, model, cost_missing, billing_basis,
  ${[...COUNTS, ...SUMS].join(", ")}, last_requested_at)
SELECT ${DAY_SPAN}, :day, project_id, provider, model, cost_missing, billing_basis,
  ${[...COUNTS, ...SUMS].map((column) => `sum(${column})`).join(", ")}, max(last_requested_at)
FROM usage_spans WHERE span = ${HOUR_SPAN} AND starts_at >= :day AND starts_at < :day + ${DAY_SPAN}
GROUP BY project_id, provider, model, cost_missing, billing_basis`;

const FOLD_WIDE = `
INSERT INTO usage_spans (span, starts_at, project_id, provider, model, cost_missing, billing_basis,
  ${[...COUNTS, ...SUMS].join(", ")}, last_requested_at)
SELECT ${WIDE_SPAN}, :wide, project_id, provider, model, cost_missing, billing_basis,
  ${[...COUNTS, ...SUMS].map((column) => `sum(${column})`).join(", ")}, max(last_requested_at)
FROM usage_spans WHERE span = ${DAY_SPAN} AND starts_at >= :wide AND starts_at < :wide + ${WIDE_SPAN}
GROUP BY project_id, provider, model, cost_missing, billing_basis`;

/** All owners in tables whose key begins with one: everyone together and each project. */
const OWNERS = "(SELECT 0 UNION ALL SELECT id FROM projects)";

const FOLD_CLIENT_DAY = `
INSERT INTO usage_clients (span, project_id, starts_at, client, not_billed,
  ${[...COUNTS, ...SUMS].join(", ")}, unpriced, last_requested_at)
SELECT ${DAY_SPAN}, project_id, :day, client, not_billed,
  ${[...COUNTS, ...SUMS].map((column) => `sum(${column})`).join(", ")}, sum(unpriced), max(last_requested_at)
FROM usage_clients
WHERE span = ${HOUR_SPAN} AND project_id IN ${OWNERS} AND starts_at >= :day AND starts_at < :day + ${DAY_SPAN}
GROUP BY project_id, client, not_billed`;

/** All rows of `usage_slots` of one hour. */
const DELETE_SLOTS = `
DELETE FROM usage_slots WHERE project_id IN ${OWNERS}
  AND starts_at >= :hour AND starts_at < :hour + ${HOUR_SPAN}`;

/** Folds the rows after a position into the roll-ups. Call inside the transaction that wrote them. */
export function prepareFold(db: DatabaseSync): (afterSeq: number) => void {
  const statements: readonly StatementSync[] = [
    db.prepare(foldSpans([HOUR_SPAN, DAY_SPAN, WIDE_SPAN], "seq > ?")),
    db.prepare(foldSlots("seq > ?")),
    db.prepare(foldHours("seq > ?")),
    db.prepare(foldClients([HOUR_SPAN, DAY_SPAN], "seq > ?")),
  ];
  return (afterSeq) => {
    for (const statement of statements) statement.run(afterSeq);
  };
}

/** Makes the roll-ups anew from all rows, for when rows were changed after they were written, as re-pricing does. */
export function rebuildRollups(db: DatabaseSync): void {
  inTransaction(db, () => {
    db.exec("DELETE FROM usage_spans");
    db.exec("DELETE FROM usage_slots");
    db.exec("DELETE FROM usage_hours");
    db.exec("DELETE FROM usage_clients");
    prepareFold(db)(0);
  });
}

/**
 * Makes the roll-ups of one hour, of its day and of the 16 days around it, anew from the rows of that hour and the hours around it. Call inside the
 * transaction that changed the rows.
 *
 * @returns A function of the hour's begin, UTC epoch ms, a multiple of {@link HOUR_SPAN}.
 */
export function prepareRebuildHour(db: DatabaseSync): (hour: number) => void {
  const within = `requested_at >= ? AND requested_at < ? + ${HOUR_SPAN}`;
  const deletions = [
    db.prepare("DELETE FROM usage_spans WHERE span = ? AND starts_at = ?"),
    db.prepare(`DELETE FROM usage_clients WHERE span = ? AND project_id IN ${OWNERS} AND starts_at = ?`),
  ];
  const deleteSlots = db.prepare(DELETE_SLOTS);
  const deleteHour = db.prepare("DELETE FROM usage_hours WHERE starts_at = ?");
  const folds = [
    foldSpans([HOUR_SPAN], within),
    foldSlots(within),
    foldHours(within),
    foldClients([HOUR_SPAN], within),
  ];
  const foldHour = folds.map((sql) => db.prepare(sql));
  const foldDay = [FOLD_DAY, FOLD_CLIENT_DAY].map((sql) => db.prepare(sql));
  const deleteWide = db.prepare(`DELETE FROM usage_spans WHERE span = ${WIDE_SPAN} AND starts_at = ?`);
  const foldWide = db.prepare(FOLD_WIDE);
  return (hour) => {
    const day = Math.floor(hour / DAY_SPAN) * DAY_SPAN;
    for (const deletion of deletions) {
      deletion.run(HOUR_SPAN, hour);
      deletion.run(DAY_SPAN, day);
    }
    deleteSlots.run({ hour });
    deleteHour.run(hour);
    for (const fold of foldHour) fold.run(hour, hour);
    for (const fold of foldDay) fold.run({ day });
    const wide = Math.floor(hour / WIDE_SPAN) * WIDE_SPAN;
    deleteWide.run(wide);
    foldWide.run({ wide });
  };
}
