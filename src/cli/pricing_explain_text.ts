/**
 * How an explained cost looks: for people as a bill, for programs as JSON. Amounts are exact, to the pico-dollar.
 *
 * Imports: domain, meter (types), cli.
 *
 * @module
 */

import type { Cost } from "../domain/exchange.ts";
import { formatFraction, PICO_PER_USD } from "../domain/money.ts";
import type { CostLine } from "../meter/cost.ts";
import type { Explanation as Explained } from "../meter/explanation.ts";
import { explanationFields } from "../meter/explanation_fields.ts";
import type { StoredCall, StoredCost } from "../store/stored_calls.ts";
import { type Column, layoutTable, type Paint, showable } from "./table.ts";
import { VERSION } from "./version.ts";

type Explanation = Explained<StoredCall>;

/** What a count is of. */
const UNITS: Readonly<Record<CostLine["unit"], string>> = {
  tokens: "tokens",
  requests: "requests",
  seconds: "s",
  charge: "charge",
};

const COLUMNS: readonly Column<CostLine>[] = [
  { title: "line", align: "left", drop: 0, cell: ({ label }) => label },
  { title: "count", align: "right", drop: 0, cell: ({ count, unit }) => `${grouped(count)} ${UNITS[unit]}` },
  { title: "USD per million", align: "right", drop: 0, cell: ({ pricePerMillion }) => pricePerMillion },
  { title: "factor", align: "right", drop: 0, cell: ({ factor }) => `× ${factor}` },
  { title: "amount", align: "right", drop: 0, cell: ({ pico }) => dollars(pico) },
];

/** The bill, with a final line feed. */
export function renderExplanation(explanation: Explanation, width: number, paint: Paint): string {
  const { call, cost, notes, advice } = explanation;
  const lines = cost?.explain ?? [];
  return [
    paint.bold(`halton-meter v${VERSION} · cost of ${call.id}`),
    `${new Date(call.requestedAt).toISOString()} · project ${showable(call.project)} · ${call.method} ` +
    showable(`${call.host}${call.path}`),
    `model ${call.model === null ? "not named" : showable(call.model)} · ${basis(call.billingBasis)}`,
    "",
    ...(lines.length > 0 ? [...layoutTable(COLUMNS, lines, width, paint), ""] : []),
    ...verdict(explanation),
    ...notes.map(showable),
    ...(advice === null ? [] : [advice.why, ...(advice.todo === null ? [] : [`  ${advice.todo}`])]),
    "",
  ].join("\n");
}

/** The sum, and how the stored cost compares with it. */
function verdict({ call, cost, agrees }: Explanation): string[] {
  const stored = `stored  ${storedText(call.cost)}`;
  if (cost === null) {
    return call.duplicateOf === null
      ? [stored, "An older version recorded this call, without what its price depends on: it cannot be recomputed"]
      : [stored];
  }
  if (agrees) return [`total   ${costText(cost)}`];
  return [
    stored,
    `now     ${costText(cost)}`,
    "Prices changed since this call was recorded; the reports show the stored cost. To bring them up to date:",
    "  halton-meter pricing reprice",
  ];
}

function storedText({ pico, missing, ratesSource, match }: StoredCost): string {
  if (pico === null) return `unpriced (${missing?.replaceAll("_", " ") ?? "not known"})`;
  return ratesSource === null ? `${dollars(pico)}, bills nothing` : `${dollars(pico)} from ${ratesSource}, ${match}`;
}

function costText(cost: Cost): string {
  switch (cost.kind) {
    case "priced":
      return `${dollars(cost.pico)} from ${cost.ratesSource}, ${MATCHES[cost.match]}`;
    case "free":
      return "$0, bills nothing";
    case "unpriced":
      return `unpriced (${cost.reason.replaceAll("_", " ")})`;
  }
}

const MATCHES = {
  exact: "listed under this name",
  alias: "listed under another name",
  pattern: "listed under a similar name",
  provider_charge: "as the provider stated it",
} as const;

function basis(billingBasis: string): string {
  switch (billingBasis) {
    case "subscription":
    case "credits":
      return `under ${billingBasis === "credits" ? "credits" : "a subscription"}: not billed, worth at API prices`;
    case "metered":
      return "billed by use";
    default:
      return "billed by use, as far as known";
  }
}

/** `{version, id, …, stored, recomputed, agrees, lines, notes, advice}`; amounts as exact decimal dollars and as pico-dollars. */
export function renderExplanationJson(explanation: Explanation): string {
  const { call } = explanation;
  const { reading } = call;
  const value = {
    version: VERSION,
    id: call.id,
    requested_at: new Date(call.requestedAt).toISOString(),
    project: call.project,
    provider: reading?.provider ?? null,
    model: call.model,
    billing_basis: call.billingBasis,
    duplicate_of: call.duplicateOf,
    ...explanationFields(explanation, amounts),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function amounts(pico: bigint | null): { readonly cost_usd: string | null; readonly cost_pico: string | null } {
  if (pico === null) return { cost_usd: null, cost_pico: null };
  return { cost_usd: formatFraction({ num: pico, den: PICO_PER_USD }), cost_pico: String(pico) };
}

/** Exact dollars. */
function dollars(pico: bigint): string {
  const text = formatFraction({ num: pico < 0n ? -pico : pico, den: PICO_PER_USD });
  return `${pico < 0n ? "-" : ""}$${text}`;
}

function grouped(value: number): string {
  const [whole = "", places] = String(value).split(".");
  return whole.replace(/\d(?=(?:\d{3})+$)/g, "$&,") + (places === undefined ? "" : `.${places}`);
}
