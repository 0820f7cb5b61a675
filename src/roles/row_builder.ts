/**
 * From what an adapter read and what the relay saw to one row.
 *
 * Imports: domain, meter, providers/errors.ts, redact.
 *
 * @module
 */

import type {
  Attribution,
  Cost,
  ErrorClass,
  ExchangeRow,
  Reading,
  TokenUsage,
  UsagePart,
  UsageUnknown,
} from "../domain/exchange.ts";
import { billingBasisOf } from "../meter/billing.ts";
import { clientNameOf } from "../meter/client_name.ts";
import type { RequestFacts } from "../providers/adapter.ts";
import { classifyError } from "../providers/errors.ts";
import { createRedactor, type Redactor } from "../redact/redactor.ts";
import type { ConnectionSide } from "./messages.ts";

/** What the relay saw of one exchange. Times: UTC epoch ms with fraction. */
export interface Observed {
  readonly facts: RequestFacts;
  readonly httpStatus: number | null;
  readonly requestedAt: number;
  readonly firstByteAt: number | null;
  readonly endedAt: number | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly promptHash: string | null;
  /** Set when the provider could not be reached. */
  readonly transport: "network" | "timeout" | null;
  /** Who left a call that was cut; null when it ended as it should, or nobody knows. */
  readonly cutBy: ConnectionSide | null;
  /** Set when the copy, not the call, failed. */
  readonly copyFailure: Extract<UsageUnknown, "unreadable" | "dropped"> | null;
}

/** What is kept of names that others chose. */
export type RowRedactor = Pick<Redactor, "target" | "name" | "namesIn" | "line">;

/** Builds the row of one reading. Every text of it that a client or a provider chose is redacted. */
export function buildRow(
  id: string,
  reading: Reading,
  cost: Cost,
  seen: Observed,
  owner: Attribution,
  redactor: RowRedactor = createRedactor([]),
): ExchangeRow {
  const { facts } = seen;
  const name = (text: string | null) => text === null ? null : redactor.name(text);
  // Before it is read, since that changes the case by which a secret is known.
  const client = clientNameOf(redactor.line(facts.headers.get("user-agent") ?? ""));
  const errorClass = errorClassOf(reading, seen);
  const [first, ...others] = reading.parts;
  return {
    id,
    attribution: owner,
    provider: reading.provider,
    host: facts.host,
    method: facts.method,
    path: redactor.target(facts.target),
    requestedModel: name(reading.requestedModel),
    model: name(reading.servedModel ?? reading.requestedModel),
    mode: reading.mode,
    requestKind: reading.kind,
    usage: sumOf(first, others),
    extraParts: others.length === 0 ? null : redactor.namesIn(JSON.stringify(others)),
    responseUsage: others.length === 0 ? null : JSON.stringify(first.usage),
    modalities: first.modalities === undefined ? null : JSON.stringify(first.modalities),
    extraUsage: Object.keys(reading.extra).length === 0 ? null : JSON.stringify(reading.extra),
    rawUsage: reading.rawUsage === null ? null : redactor.namesIn(reading.rawUsage),
    providerCostPico: reading.providerCostPico,
    responseComplete: reading.complete,
    billable: reading.billable,
    cost,
    billingBasis: reading.paidWithCredits === true
      ? "credits"
      : billingBasisOf(facts.host, facts.target, facts.headers),
    requestedTier: name(reading.requestedTier),
    servedTier: name(reading.servedTier),
    speed: name(reading.speed),
    inferenceGeo: name(reading.inferenceGeo),
    responseId: name(reading.responseId),
    clientName: client.name,
    clientVersion: client.version,
    status: errorClass === null ? "success" : "error",
    httpStatus: seen.httpStatus,
    errorClass,
    providerErrorCode: name(reading.error?.code ?? null),
    providerErrorType: name(reading.error?.type ?? null),
    requestedAt: Math.floor(seen.requestedAt),
    ttftMs: seen.firstByteAt === null ? null : seen.firstByteAt - seen.requestedAt,
    latencyMs: seen.endedAt === null ? null : seen.endedAt - seen.requestedAt,
    tokensComplete: nothingIsMissing(reading, seen, errorClass),
    usageUnknown: seen.copyFailure !== null && reading.usageUnknown !== null ? seen.copyFailure : reading.usageUnknown,
    usageInconsistent: reading.inconsistent,
    requestBytes: seen.requestBytes,
    responseBytes: seen.responseBytes,
    promptHash: seen.promptHash,
  };
}

/**
 * Null for a call that succeeded. A client that leaves in the middle of an answer has what it wanted; one that leaves
 * before has waited too long. A provider that leaves has failed.
 */
function errorClassOf(reading: Reading, seen: Observed): ErrorClass | null {
  const failed = reading.error !== null || seen.transport !== null ||
    (seen.httpStatus !== null && seen.httpStatus >= 400);
  if (!failed && seen.httpStatus === null) return seen.cutBy === "client" ? "timeout" : "network";
  if (!failed) return seen.cutBy === "provider" && !reading.complete ? "network" : null;
  return classifyError(reading.provider, seen.httpStatus, reading.error, seen.transport);
}

/** Whether the counts are final. A call that failed before its answer began has none to wait for. */
function nothingIsMissing(reading: Reading, seen: Observed, errorClass: ErrorClass | null): boolean {
  if (reading.usageUnknown === null || seen.transport !== null) return true;
  return errorClass !== null && reading.usageUnknown !== "cut";
}

/** Adds the parts billed beside the response. A count that is unknown in one of them is unknown in the sum. */
function sumOf(first: UsagePart, others: readonly UsagePart[]): TokenUsage {
  return others.reduce<TokenUsage>((sum, { usage }) => ({
    input: plus(sum.input, usage.input),
    cacheRead: plus(sum.cacheRead, usage.cacheRead),
    cacheWrite5m: plus(sum.cacheWrite5m, usage.cacheWrite5m),
    cacheWrite1h: plus(sum.cacheWrite1h, usage.cacheWrite1h),
    output: plus(sum.output, usage.output),
    thinking: plus(sum.thinking, usage.thinking),
  }), first.usage);
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
