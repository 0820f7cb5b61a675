/**
 * The report for programs: JSON and CSV. Costs are exact decimal strings; what is not known is `null` or an empty field.
 * The shapes are stable: fields may be added, never renamed or removed.
 *
 * Imports: domain, store (types), ./report.ts.
 *
 * @module
 */

import { formatFraction, PICO_PER_USD, picoToMillicents } from "../domain/money.ts";
import { billedPico, type TimeRange, type UsageSums } from "../store/queries.ts";
import { averageLatency, isShown, type Report, type ReportBy, type ReportLine } from "./report.ts";

type Field = string | number | null;

/**
 * `{version, from, to, project, totals, by_project?, by_model?, by_provider?, by_day?, by_client?, unpriced, not_billed,
 * repeated_fetches, previous?}` as indented JSON with a final line feed. `from` and `to` are ISO 8601 UTC, `to` exclusive. Every group of sums
 * has the fields of {@link sumFields}.
 */
export function renderJson(report: Report, version: string): string {
  const lines = (named: readonly ReportLine[], keys: (line: ReportLine) => Record<string, Field>) =>
    named.map((line) => ({
      ...keys(line),
      ...sumFields(line.sums),
      ...(report.previous !== null && { previous: line.previous === null ? null : sumFields(line.previous) }),
    }));
  const shows = (by: ReportBy) => isShown(report.by, by);
  const value = {
    version,
    ...instants(report.range),
    project: report.project,
    totals: { ...sumFields(report.totals), projects: report.projects, models: report.models },
    ...(shows("project") && {
      by_project: lines(report.byProject, (line) => ({ project: line.project, p95_latency_ms: line.p95LatencyMs })),
    }),
    ...(shows("model") && {
      by_model: lines(report.byModel, (line) => ({ provider: line.provider, model: line.model })),
    }),
    ...(shows("provider") && { by_provider: lines(report.byProvider, (line) => ({ provider: line.provider })) }),
    ...(shows("day") && { by_day: lines(report.byDay, (line) => ({ day: line.day })) }),
    ...(shows("client") && { by_client: lines(report.byClient, (line) => ({ client: line.client })) }),
    unpriced: report.unpriced,
    not_billed: {
      requests: report.totals.notBilledRequests,
      unpriced: report.totals.notBilledUnpriced,
      ...costFields(report.totals.notBilledPico),
    },
    repeated_fetches: report.repeatedFetches,
    ...(report.previous !== null && {
      previous: { ...instants(report.previous.range), totals: sumFields(report.previous.totals) },
    }),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * RFC 4180, with a header line. Lines by project and model, unless the report is by one key; then by that key.
 * The keys come first, then the fields of {@link sumFields}, then, by project, `p95_latency_ms`.
 */
export function renderCsv(report: Report): string {
  const keys: readonly ReportBy[] = report.by === null
    ? ["project", "provider", "model"]
    : report.by === "model"
    ? ["provider", "model"]
    : [report.by];
  const lines = {
    none: report.rows,
    project: report.byProject,
    model: report.byModel,
    provider: report.byProvider,
    day: report.byDay,
    client: report.byClient,
  }[report.by ?? "none"];
  const byProject = report.by === "project";
  const header = [...keys, ...Object.keys(sumFields(report.totals)), ...(byProject ? ["p95_latency_ms"] : [])];
  const rows = lines.map((line) => [
    ...keys.map((key) => line[key]),
    ...Object.values(sumFields(line.sums)),
    ...(byProject ? [line.p95LatencyMs] : []),
  ]);
  return [header, ...rows].map((fields) => `${fields.map(csvField).join(",")}\r\n`).join("");
}

/**
 * The fields of every group of sums, in order. `cost_usd` is what is billed; it leaves out the `unpriced` calls, and those
 * under a subscription or credits, which `not_billed_cost_usd` shows at API prices.
 */
function sumFields(sums: UsageSums): Record<string, Field> {
  return {
    requests: sums.requests,
    errors: sums.errors,
    incomplete: sums.incomplete,
    tokens_unknown: sums.tokensUnknown,
    unpriced: sums.unpriced,
    input_tokens: sums.inputTokens,
    output_tokens: sums.outputTokens,
    thinking_tokens: sums.thinkingTokens,
    cache_read_tokens: sums.cacheReadTokens,
    cache_write_tokens: sums.cacheWriteTokens,
    ...costFields(billedPico(sums)),
    avg_latency_ms: averageLatency(sums),
    not_billed_requests: sums.notBilledRequests,
    not_billed_cost_usd: costFields(sums.notBilledPico).cost_usd,
    not_billed_cost_usd_minor_units: costFields(sums.notBilledPico).cost_usd_minor_units,
  };
}

/** Exact dollars as text, and millicents rounded once from the exact sum. */
function costFields(costPico: bigint | null): Record<"cost_usd" | "cost_usd_minor_units", Field> {
  return {
    cost_usd: costPico === null ? null : formatFraction({ num: costPico, den: PICO_PER_USD }),
    cost_usd_minor_units: costPico === null ? null : Number(picoToMillicents(costPico)),
  };
}

function instants(range: TimeRange): Record<"from" | "to", string> {
  return { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() };
}

function csvField(field: Field): string {
  const text = field === null ? "" : String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
