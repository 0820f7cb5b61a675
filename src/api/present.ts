/**
 * From what the store knows to the shapes of the API.
 *
 * Imports: domain, meter (types), store, ./schemas_*.ts (types), zod (types).
 *
 * @module
 */

import type { z } from "@hono/zod-openapi";
import { formatFraction, PICO_PER_USD, picoToMillicents } from "../domain/money.ts";
import type { RecordedRequest } from "../store/listing.ts";
import type { ProjectStats } from "../store/project_stats.ts";
import type { BilledParts, UsageSums } from "../store/queries.ts";
import { spentPico, type Stats, type StatsPeriod, worthPico } from "../store/stats.ts";
import type { Request } from "./schemas_calls.ts";
import type { Project, Stats as StatsShape } from "./schemas_usage.ts";

/** Rounded once, half to even. A cost beyond 2^53 millicents would be ninety billion dollars. */
export function millicents(pico: bigint | null): number | null {
  return pico === null ? null : Number(picoToMillicents(pico));
}

/** Exact decimal dollars. */
export function usdText(pico: bigint | null): string | null {
  return pico === null ? null : formatFraction({ num: pico, den: PICO_PER_USD });
}

export function instant(at: number): string {
  return new Date(at).toISOString();
}

export function instantOrNull(at: number | null): string | null {
  return at === null ? null : instant(at);
}

/** Cache reads of all prompt tokens that were read from a cache or processed anew. */
export function cacheHitRate({ requests, inputTokens, cacheReadTokens }: UsageSums): number | null {
  if (requests === 0 || (inputTokens === null && cacheReadTokens === null)) return null;
  const [input, read] = [inputTokens ?? 0, cacheReadTokens ?? 0];
  return input + read === 0 ? null : read / (input + read);
}

function beside(sums: BilledParts) {
  return {
    unpriced_requests: sums.unpriced,
    not_billed_requests: sums.notBilledRequests,
    not_billed_cost_usd_minor_units: millicents(worthPico(sums)),
  };
}

function money(sums: BilledParts) {
  return { requests: sums.requests, cost_usd_minor_units: millicents(spentPico(sums)), ...beside(sums) };
}

/** No calls used no tokens; calls that reported none used nobody knows how many. */
function tokens(sums: UsageSums, count: number | null): number | null {
  return sums.requests === 0 ? 0 : count;
}

export function presentStats(stats: Stats, period: StatsPeriod): z.infer<typeof StatsShape> {
  const { totals } = stats;
  return {
    summary: {
      total_requests: totals.requests,
      total_input_tokens: tokens(totals, totals.inputTokens),
      total_output_tokens: tokens(totals, totals.outputTokens),
      total_thinking_tokens: tokens(totals, totals.thinkingTokens),
      total_cache_read_tokens: tokens(totals, totals.cacheReadTokens),
      total_cache_write_tokens: tokens(totals, totals.cacheWriteTokens),
      total_cost_usd_minor_units: millicents(spentPico(totals)),
      cache_hit_rate: cacheHitRate(totals),
      active_projects: stats.activeProjects,
      models_in_use: stats.modelsInUse,
      last_request_at: instantOrNull(totals.lastRequestedAt),
      total_errors: totals.errors,
      incomplete_requests: totals.incomplete,
      tokens_unknown_requests: totals.tokensUnknown,
      average_latency_ms: totals.latencyCount === 0 ? null : totals.latencyMs / totals.latencyCount,
      ...beside(totals),
    },
    by_day: stats.byDay.map((day) => ({ date: day.date, ...money(day) })),
    by_day_by_provider: stats.byDayByProvider.map((day) => ({ date: day.date, provider: day.provider, ...money(day) })),
    by_provider: stats.byProvider.map(({ provider, sums }) => ({ provider, ...money(sums) })),
    by_model: stats.byModel.map(({ provider, model, sums }) => ({
      provider,
      model,
      ...money(sums),
      input_tokens: sums.inputTokens,
      output_tokens: sums.outputTokens,
      cache_read_tokens: sums.cacheReadTokens,
      cache_write_tokens: sums.cacheWriteTokens,
    })),
    since: period.first ?? stats.byDay[0]?.date ?? period.last,
    until: period.last,
    tz: period.timeZone,
  };
}

export function presentProject(found: ProjectStats): z.infer<typeof Project> {
  const { project, thisMonth, previousMonth, allTime } = found;
  return {
    id: project.publicId,
    name: project.name,
    slug: project.slug,
    created_at: instant(project.createdAt),
    archived_at: instantOrNull(project.archivedAt),
    body_capture: found.bodyCapture,
    stats: {
      requests_this_month: thisMonth.requests,
      cost_usd_this_month_minor_units: millicents(spentPico(thisMonth)),
      previous_month_cost_usd_minor_units: millicents(spentPico(previousMonth)),
      all_time_cost_usd_minor_units: millicents(spentPico(allTime)),
      all_time_requests: allTime.requests,
      last_active_at: instantOrNull(allTime.lastRequestedAt),
      primary_model: found.primaryModel,
      primary_provider: found.primaryProvider,
      top_model: found.topModel,
      top_provider: found.topProvider,
      not_billed_cost_usd_this_month_minor_units: millicents(worthPico(thisMonth)),
      all_time_not_billed_cost_usd_minor_units: millicents(worthPico(allTime)),
      all_time_unpriced_requests: allTime.unpriced,
    },
  };
}

/** Bases under which no single call is on a bill. */
const NOT_BILLED = ["subscription", "credits"];

export function presentRequest(request: RecordedRequest): z.infer<typeof Request> {
  const notBilled = NOT_BILLED.includes(request.billingBasis);
  const repeated = request.duplicateOf !== null;
  // A repeated fetch has no cost of its own, and stays without one.
  const billed = notBilled && !repeated ? 0n : request.costPico;
  const worth = notBilled || repeated ? request.costPico : 0n;
  return {
    id: request.id,
    provider: request.provider,
    model: request.model,
    mode: request.mode,
    input_tokens: request.inputTokens,
    output_tokens: request.outputTokens,
    thinking_tokens: request.thinkingTokens,
    cache_read_tokens: request.cacheReadTokens,
    cache_write_tokens: request.cacheWriteTokens,
    cost_usd_minor_units: millicents(billed),
    latency_ms: request.latencyMs,
    tokens_complete: request.tokensComplete,
    requested_at: instant(request.requestedAt),
    status: request.status === "success" ? "success" : "error",
    project: request.project,
    requested_model: request.requestedModel,
    request_kind: request.requestKind,
    host: request.host,
    method: request.method,
    path: request.path,
    cost_usd: usdText(billed),
    not_billed_cost_usd_minor_units: millicents(worth),
    cost_missing: request.costMissing,
    billing_basis: request.billingBasis,
    rates_source: request.ratesSource,
    served_tier: request.servedTier,
    duplicate_of: request.duplicateOf,
    client_name: request.clientName,
    client_version: request.clientVersion,
    http_status: request.httpStatus,
    error_class: request.errorClass,
    provider_error_code: request.providerErrorCode,
    ttft_ms: request.ttftMs,
    usage_unknown: request.usageUnknown,
  };
}
