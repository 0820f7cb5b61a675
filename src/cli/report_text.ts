/**
 * The report for people: a head, a table or two, and a line about what the sums leave out. What is not known is shown
 * as `–`; a sum that leaves unknown values out is marked `≥`.
 *
 * Imports: domain, store (types), ./report.ts, ./report_period.ts, ./table.ts.
 *
 * @module
 */

import { formatUsd, roundHalfEven } from "../domain/money.ts";
import { billedPico, type UsageSums } from "../store/queries.ts";
import { averageLatency, type Report, type ReportLine, type UnpricedLine } from "./report.ts";
import { dayLabel, periodLabel } from "./report_period.ts";
import { type Column, flow, layoutTable, loadPaint, type Paint, type Screen, showable, wrapped } from "./table.ts";

const UNKNOWN = "–";
/** Model names listed per reason before the rest is only counted. */
const MAX_NAMED_MODELS = 3;

const REASONS: Readonly<Record<string, string>> = {
  unknown_model: "unknown model",
  model_not_reported: "model not reported",
  usage_unknown: "usage unknown",
  usage_incomplete: "usage incomplete",
  rate_missing: "no rate",
  tier_unknown: "unknown tier",
  implausible_cost: "implausible cost",
};

/** Text for a terminal or a pipe, with a final line feed. */
export async function renderText(report: Report, version: string, screen: Screen): Promise<string> {
  const paint = await loadPaint(screen.colour);
  const head = paint.bold(`halton-meter v${version} · cost report · ${periodLabel(report.range)}`);
  const body = report.totals.requests === 0 && report.repeatedFetches === 0 ? nothing(report) : [
    ...totals(report, screen.columns),
    ...notes(report, screen.columns, paint),
    ...tables(report, screen.columns, paint),
  ];
  return [head, ...body, ""].join("\n");
}

function nothing(report: Report): string[] {
  if (report.lastRequestedAt === null) {
    return ["", "No call was recorded yet. To meter one, type", "", "  halton-meter run -- claude"];
  }
  const whose = report.project === null ? "" : ` of ${showable(report.project)}`;
  return ["", `No call${whose} in this period. The latest call was on ${dayLabel(report.lastRequestedAt)}.`];
}

function totals(report: Report, width: number): string[] {
  const { totals: sums, previous } = report;
  const tokens = [
    `tokens ${count(sums.inputTokens, sums)} in`,
    ...(sums.cacheReadTokens ? [`${count(sums.cacheReadTokens, sums)} cache read`] : []),
    ...(sums.cacheWriteTokens ? [`${count(sums.cacheWriteTokens, sums)} cache write`] : []),
    `${count(sums.outputTokens, sums)} out`,
  ];
  const versus = previous === null
    ? []
    : previous.totals.requests === 0
    ? [`nothing recorded in ${periodLabel(previous.range)}`]
    : [`${change(sums, previous.totals)} against ${cost(previous.totals)} in ${periodLabel(previous.range)}`];
  return [
    ...flow([
      ...(report.project === null ? [] : [`project ${showable(report.project)}`]),
      plural(sums.requests, "request"),
      ...(report.project === null ? [plural(report.projects, "project")] : []),
      plural(report.models, "model"),
    ], width),
    ...flow(tokens, width),
    ...flow([`total cost ${cost(sums)}`, ...versus], width),
  ];
}

/** What the sums leave out, or what their costs are not. */
function notes(report: Report, width: number, paint: Paint): string[] {
  const { totals: sums } = report;
  const lines: string[] = [];
  const missing = [
    ...(sums.unpriced > 0 ? [`${plural(sums.unpriced, "call")} unpriced (${reasons(report.unpriced)})`] : []),
    ...(sums.incomplete > 0
      ? [sums.unpriced > 0 ? `${grouped(sums.incomplete)} incomplete` : `${plural(sums.incomplete, "call")} incomplete`]
      : []),
  ];
  if (missing.length > 0) lines.push(...wrapped(missing.join(", "), width).map((line) => paint.yellow(line)));
  if (sums.notBilledRequests > 0) {
    lines.push(...wrapped(
      `${plural(sums.notBilledRequests, "call")} under a subscription or credits: ` +
        `worth ${worth(sums)} at API prices, not in the total`,
      width,
    ));
  }
  if (report.repeatedFetches > 0) {
    const fetches = plural(report.repeatedFetches, "repeated fetch", "repeated fetches");
    lines.push(...wrapped(`${fetches} of earlier responses not counted`, width));
  }
  return lines;
}

/** `2 unknown model: foo-1; 1 usage unknown`, the most frequent first. */
function reasons(lines: readonly UnpricedLine[]): string {
  const groups = [...Map.groupBy(lines, ({ reason }) => reason)].map(([reason, members]) => ({
    reason,
    members,
    calls: members.reduce((sum, { requests }) => sum + requests, 0),
  }));
  return groups.sort((a, b) => b.calls - a.calls).map(({ reason, members, calls }) => {
    const label = `${grouped(calls)} ${REASONS[reason] ?? showable(reason.replaceAll("_", " "))}`;
    if (reason !== "unknown_model" && reason !== "rate_missing") return label;
    const models = [...new Set(members.map(({ model }) => model === null ? "unknown" : showable(model)))];
    const more = models.length - MAX_NAMED_MODELS;
    const named = models.slice(0, MAX_NAMED_MODELS).join(", ");
    return `${label}: ${more > 0 ? `${named} and ${more} more` : named}`;
  }).join("; ");
}

function tables(report: Report, width: number, paint: Paint): string[] {
  const sections = [
    { title: "by project", lines: report.byProject, name: (line: ReportLine) => line.project ?? "unknown", slow: true },
    { title: "by model", lines: report.byModel, name: (line: ReportLine) => line.model ?? "unknown", slow: false },
    {
      title: "by provider",
      lines: report.byProvider,
      name: (line: ReportLine) => line.provider ?? "unknown",
      slow: false,
    },
    { title: "by day", lines: report.byDay, name: (line: ReportLine) => line.day ?? "unknown", slow: false },
    { title: "by client", lines: report.byClient, name: (line: ReportLine) => line.client ?? "unknown", slow: false },
  ];
  return sections.filter(({ lines }) => lines.length > 0).flatMap(({ title, lines, name, slow }) => {
    const key = title.slice("by ".length);
    const columns: Column<ReportLine>[] = [
      { title: key, align: "left", drop: 0, cell: name },
      ...(key === "model" ? [PROVIDER] : []),
      ...SUM_COLUMNS,
      ...(report.totals.notBilledRequests === 0 ? [] : [WORTH]),
      ...(report.previous === null ? [] : [CHANGE]),
      ...(slow ? LATENCY : []),
    ];
    return ["", paint.bold(title), ...layoutTable(columns, lines, width, paint)];
  });
}

const PROVIDER: Column<ReportLine> = {
  title: "provider",
  align: "left",
  drop: 6,
  cell: ({ provider }) => provider ?? "unknown",
};

const SUM_COLUMNS: readonly Column<ReportLine>[] = [
  { title: "requests", align: "right", drop: 1, cell: ({ sums }) => grouped(sums.requests) },
  { title: "in", align: "right", drop: 3, cell: ({ sums }) => count(sums.inputTokens, sums) },
  { title: "cache read", align: "right", drop: 7, cell: ({ sums }) => count(sums.cacheReadTokens, sums) },
  { title: "cache write", align: "right", drop: 8, cell: ({ sums }) => count(sums.cacheWriteTokens, sums) },
  { title: "out", align: "right", drop: 2, cell: ({ sums }) => count(sums.outputTokens, sums) },
  { title: "cost", align: "right", drop: 0, cell: ({ sums }) => cost(sums) },
];

/** What calls under a subscription or credits would have cost. */
const WORTH: Column<ReportLine> = {
  title: "not billed",
  align: "right",
  drop: 1,
  cell: ({ sums }) => sums.notBilledRequests === 0 ? "" : worth(sums),
};

const CHANGE: Column<ReportLine> = {
  title: "Δ cost",
  align: "right",
  drop: 0,
  cell: ({ sums, previous }) => previous === null ? "new" : change(sums, previous),
};

const LATENCY: readonly Column<ReportLine>[] = [
  { title: "avg latency", align: "right", drop: 5, cell: ({ sums }) => duration(averageLatency(sums)) },
  { title: "p95", align: "right", drop: 4, cell: ({ p95LatencyMs }) => duration(p95LatencyMs) },
];

/** What is billed. */
function cost(sums: UsageSums): string {
  return money(billedPico(sums), sums.unpriced > sums.notBilledUnpriced);
}

/** What calls under a subscription or credits would have cost. */
function worth(sums: UsageSums): string {
  return money(sums.notBilledPico, sums.notBilledUnpriced > 0);
}

function money(pico: bigint | null, atLeast: boolean): string {
  if (pico === null) return UNKNOWN;
  if (pico === 0n) return atLeast ? UNKNOWN : "$0.00";
  const [whole, places] = formatUsd(pico).split(".");
  const text = `${(whole ?? "").replace(/\d(?=(?:\d{3})+$)/g, "$&,")}.${places ?? "00"}`;
  return atLeast ? `≥ ${text}` : text;
}

/** Change of cost in per cent; unknown when either side is, or when there was nothing before. */
function change(now: UsageSums, before: UsageSums): string {
  const [cost, earlier] = [now.requests === 0 ? 0n : billedPico(now), billedPico(before)];
  if (cost === null || earlier === null || earlier === 0n) return UNKNOWN;
  const tenths = Number(roundHalfEven((cost - earlier) * 1_000n, earlier));
  return `${tenths < 0 ? "" : "+"}${(tenths / 10).toFixed(1)}%`;
}

function count(tokens: number | null, sums: UsageSums): string {
  if (tokens === null) return UNKNOWN;
  return sums.tokensUnknown > 0 ? `≥ ${grouped(tokens)}` : grouped(tokens);
}

function grouped(value: number): string {
  return String(value).replace(/\d(?=(?:\d{3})+$)/g, "$&,");
}

function plural(value: number, one: string, many = `${one}s`): string {
  return `${grouped(value)} ${value === 1 ? one : many}`;
}

function duration(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
