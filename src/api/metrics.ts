/**
 * What a Prometheus server scrapes, in text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/): all
 * calls ever by project, provider and model, and the counters of the daemon's roles.
 *
 * Imports: domain, store, ./deps.ts (types).
 *
 * @module
 */

import { formatFraction, PICO_PER_USD } from "../domain/money.ts";
import type { Database } from "../store/database.ts";
import { listProjects } from "../store/project_rows.ts";
import { sumUsage, type UsageCell, usageCells, type UsageSums } from "../store/queries.ts";
import { spentPico, worthPico } from "../store/stats.ts";
import type { ApiDeps, LiveStatus } from "./deps.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: Labels;
  readonly value: string;
}

const EVER = { from: 0, to: Number.MAX_SAFE_INTEGER };

const TOKEN_KINDS = [
  ["input", "inputTokens"],
  ["output", "outputTokens"],
  ["thinking", "thinkingTokens"],
  ["cache_read", "cacheReadTokens"],
  ["cache_write", "cacheWriteTokens"],
] as const;

/** @param status `null` = the daemon did not answer: its own counters are left out. */
export function metricsText(db: Database, status: LiveStatus | null, { version, now }: ApiDeps): string {
  const groups = groupsOf(db);
  const each = (value: (sums: UsageSums) => number | null) =>
    groups.flatMap(({ labels, sums }): Sample[] => {
      const found = value(sums);
      return found === null ? [] : [{ labels, value: String(found) }];
    });
  const dollars = (value: (sums: UsageSums) => bigint | null) =>
    groups.flatMap(({ labels, sums }): Sample[] => {
      const found = value(sums);
      return found === null ? [] : [{ labels, value: formatFraction({ num: found, den: PICO_PER_USD }) }];
    });
  const tokens = TOKEN_KINDS.flatMap(([kind, key]) =>
    groups.flatMap(({ labels, sums }): Sample[] => {
      return sums[key] === null ? [] : [{ labels: { ...labels, kind }, value: String(sums[key]) }];
    })
  );
  return [
    family("halton_meter_info", "gauge", "Version of the daemon", [{ labels: { version }, value: "1" }]),
    family("halton_meter_requests_total", "counter", "Calls, repeated fetches left out", each((s) => s.requests)),
    family("halton_meter_errors_total", "counter", "Calls that failed", each((s) => s.errors)),
    family("halton_meter_incomplete_total", "counter", "Calls whose counts are not final", each((s) => s.incomplete)),
    family("halton_meter_unpriced_total", "counter", "Calls without a known cost", each((s) => s.unpriced)),
    family("halton_meter_tokens_total", "counter", "Tokens that were reported", tokens),
    family("halton_meter_cost_usd_total", "counter", "Billed money; absent where none is known", dollars(spentPico)),
    family(
      "halton_meter_not_billed_cost_usd_total",
      "counter",
      "What calls on no bill would have cost at API prices",
      dollars((sums) => sums.notBilledRequests === 0 ? null : worthPico(sums)),
    ),
    family("halton_meter_last_request_timestamp_seconds", "gauge", "When the latest call was made", lastCall(groups)),
    ...(status === null ? [] : daemonFamilies(status, now())),
  ].join("");
}

function groupsOf(db: Database): { readonly labels: Labels; readonly sums: UsageSums }[] {
  const slugs = new Map(listProjects(db).map(({ id, slug }) => [id, slug]));
  const keyOf = (cell: UsageCell) => JSON.stringify([cell.projectId, cell.provider, cell.model]);
  return [...Map.groupBy(usageCells(db, EVER), keyOf).values()].flatMap((cells) => {
    const [first] = cells;
    if (first === undefined) return [];
    const labels = { project: slugs.get(first.projectId) ?? "", provider: first.provider, model: first.model ?? "" };
    return [{ labels, sums: sumUsage(cells) }];
  });
}

function lastCall(groups: readonly { readonly sums: UsageSums }[]): Sample[] {
  const latest = sumUsage(groups.map(({ sums }) => sums)).lastRequestedAt;
  return latest === null ? [] : [{ labels: {}, value: String(latest / 1000) }];
}

function daemonFamilies(status: LiveStatus, now: number): string[] {
  const roles = Object.entries(status.roles);
  const counters = roles.flatMap(([role, { counters }]) =>
    Object.entries(counters ?? {}).map(([name, value]) => ({ labels: { role, name }, value: String(value) }))
  );
  const up = roles.map(([role, { running }]) => ({ labels: { role }, value: running ? "1" : "0" }));
  const restarts = roles.map(([role, { restarts }]) => ({ labels: { role }, value: String(restarts) }));
  const uptime = [{ labels: {}, value: String((now - status.startedAt) / 1000) }];
  return [
    family("halton_meter_uptime_seconds", "gauge", "Since the daemon was started", uptime),
    family("halton_meter_role_up", "gauge", "Whether a part of the daemon runs", up),
    family("halton_meter_role_restarts_total", "counter", "Starts after a crash", restarts),
    family("halton_meter_role_count", "untyped", "What a part of the daemon counts", counters),
  ];
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`);
  return `${[`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n")}\n`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Backslash, quote and line feed are escaped; lone surrogates would be no UTF-8. */
function escapedLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll(
    /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g,
    "\uFFFD",
  );
}
