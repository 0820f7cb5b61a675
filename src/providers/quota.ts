/**
 * Reads what response heads and events say of a subscription's allowance.
 *
 * Anthropic: `anthropic-ratelimit-unified-<window>-utilization` (a fraction), `-reset` (epoch seconds or ISO 8601),
 * `-status`, for whatever windows there are. Codex: `x-codex-primary-used-percent`, `-window-minutes`,
 * `-reset-after-seconds` or `-reset-at`, the same with `secondary`, both possibly behind the name of a limit. Names that are
 * not known are left alone. Over a socket, where only the first answer has a head, Codex's backend says the same in an event
 * of its own, with the members of a window under `rate_limits.primary` and `rate_limits.secondary`.
 *
 * What an API key may use per minute, such as Realtime's `rate_limits.updated`, is no allowance of a subscription.
 *
 * Imports: domain, ./json.ts.
 *
 * @module
 */

import type { QuotaSample } from "../domain/quota.ts";
import { type JsonObject, nameIn, objectIn, parseObject } from "./json.ts";

const ANTHROPIC = /^anthropic-ratelimit-unified-([a-z0-9_-]{1,32}?)-(utilization|reset|status)$/;
const CODEX =
  /^x-codex-(?:([a-z0-9_-]{1,32}?)-)?(primary|secondary)-(used-percent|window-minutes|reset-after-seconds|reset-at)$/;

/** Hosts that tell, and in which names. */
const NAMES: ReadonlyMap<string, RegExp> = new Map([
  ["api.anthropic.com", ANTHROPIC],
  ["api.openai.com", CODEX],
  ["chatgpt.com", CODEX],
]);

/** Type of the event in which Codex's backend tells of an allowance. */
export const QUOTA_EVENT = "codex.rate_limits";

/** The limit that has no name in heads, as events call it. */
const MAIN_LIMIT = "codex";

/** Members of one window by name. */
type Told = Map<string, string>;

/**
 * One sample per window that a response head tells of; none for other heads.
 *
 * @param host Normalized.
 * @param fields Field names and values in turn.
 * @param at UTC epoch ms.
 */
export function quotaIn(host: string, fields: readonly string[], at: number): QuotaSample[] {
  const names = NAMES.get(host);
  if (names === undefined) return [];
  const windows = new Map<string, Told>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const found = names.exec((fields[i] ?? "").toLowerCase());
    const member = found?.at(-1);
    if (found === null || member === undefined) continue;
    const key = found.slice(1, -1).filter((part) => part !== undefined).join(" ");
    const told = windows.get(key) ?? new Map<string, string>();
    windows.set(key, told.set(member, (fields[i + 1] ?? "").trim()));
  }
  const sampleOf = names === ANTHROPIC ? anthropicSample : codexSample;
  return [...windows].map(([key, told]) => sampleOf(key, told, at)).filter((sample) => sample !== null);
}

/**
 * One sample per window that an event tells of; none for other events.
 *
 * @param host Normalized.
 * @param text The event as JSON.
 * @param at UTC epoch ms.
 */
export function quotaInEvent(host: string, text: string, at: number): QuotaSample[] {
  if (NAMES.get(host) !== CODEX) return [];
  const event = parseObject(text);
  if (event?.["type"] !== QUOTA_EVENT) return [];
  const limits = objectIn(event, "rate_limits");
  const limit = [nameIn(event, "metered_limit_name"), nameIn(event, "limit_name"), nameIn(event, "limit_id")]
    .find((name) => name !== null)?.toLowerCase().replaceAll("_", "-") ?? MAIN_LIMIT;
  if (!/^[a-z0-9.-]{1,32}$/.test(limit)) return [];
  return ["primary", "secondary"].map((window) => {
    const told = objectIn(limits, window);
    return told === null ? null : codexSample(limit === MAIN_LIMIT ? window : `${limit} ${window}`, toldIn(told), at);
  }).filter((sample) => sample !== null);
}

/** The members of a window in an event, under the names that they have in a head. */
function toldIn(window: JsonObject): Told {
  const told: Told = new Map();
  for (const name of ["used_percent", "window_minutes", "reset_after_seconds", "reset_at"]) {
    const value = window[name];
    if (typeof value === "number" || typeof value === "string") told.set(name.replaceAll("_", "-"), String(value));
  }
  return told;
}

function anthropicSample(window: string, told: Told, at: number): QuotaSample | null {
  const used = decimal(told.get("utilization"));
  const status = word(told.get("status"));
  if (used === null && status === null) return null;
  return {
    provider: "anthropic",
    window,
    usedPercent: used === null ? null : used * 100,
    resetsAt: instant(told.get("reset")),
    status,
    sampledAt: at,
  };
}

function codexSample(key: string, told: Told, at: number): QuotaSample | null {
  const used = decimal(told.get("used-percent"));
  if (used === null) return null;
  const minutes = decimal(told.get("window-minutes"));
  const after = decimal(told.get("reset-after-seconds"));
  const [last = key, limit] = key.split(" ").reverse();
  const length = minutes === null || minutes === 0 ? last : lengthOf(minutes);
  return {
    provider: "openai",
    window: limit === undefined ? length : `${limit} ${length}`,
    usedPercent: used,
    resetsAt: instant(told.get("reset-at")) ?? (after === null ? null : at + after * 1_000),
    status: null,
    sampledAt: at,
  };
}

/** `5h`, `7d`, else minutes. */
function lengthOf(minutes: number): string {
  if (minutes % 1_440 === 0) return `${minutes / 1_440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

/** A plain number that is not negative. */
function decimal(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}(?:\.\d{1,20})?$/.test(text) ? Number(text) : null;
}

/** Epoch seconds or ISO 8601. */
function instant(text: string | undefined): number | null {
  if (text === undefined || text.length > 40) return null;
  const ms = /^\d{9,11}$/.test(text) ? Number(text) * 1_000 : /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

function word(text: string | undefined): string | null {
  return text !== undefined && /^[a-z_]{1,32}$/.test(text) ? text : null;
}
