/**
 * Checks of the configuration's tables: upload rules, upstream addresses, prices, redaction rules, and unknown keys.
 *
 * Imports: ./config_checks.ts, ./exchange.ts, ./hosts.ts, ./pattern_cost.ts, ./redaction_categories.ts, ./slug.ts,
 * ./upstream.ts.
 *
 * @module
 */

import {
  boolean,
  type Check,
  describeValue,
  enumeration,
  isTable,
  ownValue,
  type Place,
  report,
  type Table,
  text,
  within,
} from "./config_checks.ts";
import type { Provider } from "./exchange.ts";
import { INTERCEPTED_HOSTS, isIntercepted } from "./hosts.ts";
import { judgePattern } from "./pattern_cost.ts";
import { builtInRuleNames } from "./redaction_categories.ts";
import { isSlug } from "./slug.ts";
import { type Address, parseAddress } from "./upstream.ts";

/** Which fields of a row a paired server gets. */
export type UploadPreset = "minimal" | "standard" | "full";

/** Fields that a rule sets whatever the preset says; null = as the preset says. */
export interface UploadFields {
  readonly sourceWorkdir: boolean | null;
  readonly promptHash: boolean | null;
  readonly hostname: boolean | null;
}

/** What is sent for one project; null = as for all projects. */
export interface UploadRule {
  readonly preset: UploadPreset | null;
  readonly fields: UploadFields;
}

/** USD per million tokens as plain decimals; absent = no price, which differs from `"0"`. */
export interface OverridePrices {
  readonly input: string;
  readonly output: string;
  readonly cacheRead?: string;
  readonly cacheWrite5m?: string;
  readonly cacheWrite1h?: string;
}

/** A negotiated price, in the shape that the price table takes. */
export interface PriceOverride {
  readonly provider: Provider;
  readonly model: string;
  readonly prices: OverridePrices;
  /** First instant, UTC epoch milliseconds; null = always was. */
  readonly validFrom: number | null;
  /** First instant at which it no longer holds; null = open. */
  readonly validUntil: number | null;
}

/** A user's redaction rule. */
export interface RedactionRule {
  readonly name: string;
  /** A regular expression that compiles with flag `u`, does not match the empty string and is cheap on any text. */
  readonly pattern: string;
}

export const uploadPreset: Check<UploadPreset> = enumeration(["minimal", "standard", "full"]);

const PROVIDERS = ["anthropic", "openai", "gemini", "xai"] as const satisfies readonly Provider[];
const UPLOAD_FIELDS = ["source_workdir", "prompt_hash", "hostname"];
const PRICE_KEYS = [
  "provider",
  "model",
  "input",
  "output",
  "cache_read",
  "cache_write_5m",
  "cache_write_1h",
  "from",
  "until",
];

/** Reports every key of `table` that is not `known`. `elsewhere` are full paths of keys that belong to other tables. */
export function checkKnownKeys(
  table: Table,
  known: readonly string[],
  place: Place,
  elsewhere: readonly string[] = [],
): void {
  for (const key of Object.keys(table)) {
    if (known.includes(key)) continue;
    const suggestion = nearest(key, known) ?? elsewhere.find((path) => path.endsWith(`.${key}`)) ?? null;
    report(within(place, key), "an unknown key", `one of ${known.join(", ")}`, suggestion);
  }
}

/** `cloud.upload.per_project`: slug → rule. */
export const uploadRules: Check<Readonly<Record<string, UploadRule>>> = (value, place) => {
  return readMap(value, place, "a project's slug", (key) => isSlug(key) ? key : null, uploadRule);
};

/** `upstream.map`: intercepted host → `host:port`. */
export const hostMap: Check<Readonly<Record<string, Address>>> = (value, place) => {
  const hosts = `${INTERCEPTED_HOSTS.join(" or ")}, in quotes`;
  return readMap(value, place, hosts, (key) => isIntercepted(key) ? key : null, text("host:port", parseAddress));
};

/** One table of `pricing.overrides`. */
export const priceOverride: Check<PriceOverride> = (value, place) => {
  if (!isTable(value)) return report(place, describeValue(value), "a table");
  checkKnownKeys(value, PRICE_KEYS, place);
  const need = <T>(key: string, check: Check<T>) => check(ownValue(value, key), within(place, key));
  const provider = need("provider", enumeration(PROVIDERS));
  const model = need("model", text("a model id", (id) => /^[!-~]{1,120}$/.test(id) ? id : null));
  const input = need("input", price);
  const output = need("output", price);
  const cacheRead = optional(value, "cache_read", price, place);
  const cacheWrite5m = optional(value, "cache_write_5m", price, place);
  const cacheWrite1h = optional(value, "cache_write_1h", price, place);
  const validFrom = optional(value, "from", instant, place);
  const validUntil = optional(value, "until", instant, place);
  if (validFrom !== null && validUntil !== null && validUntil <= validFrom) {
    report(within(place, "until"), "a time that is not after from", "a later one");
  }
  if (provider === undefined || model === undefined || input === undefined || output === undefined) return undefined;
  const prices: OverridePrices = {
    input,
    output,
    ...(cacheRead === null ? {} : { cacheRead }),
    ...(cacheWrite5m === null ? {} : { cacheWrite5m }),
    ...(cacheWrite1h === null ? {} : { cacheWrite1h }),
  };
  return { provider, model, prices, validFrom, validUntil };
};

/** `redaction.rules`: tables of name and pattern, names distinct. */
export const redactionRules: Check<readonly RedactionRule[]> = (value, place) => {
  if (!Array.isArray(value)) return report(place, describeValue(value), "a list");
  const rules: RedactionRule[] = [];
  for (const [index, item] of value.entries()) {
    const at = within(place, index);
    const rule = redactionRule(item, at);
    if (rule === undefined) continue;
    if (rules.some((other) => other.name === rule.name)) report(within(at, "name"), "a repeated name", "another name");
    rules.push(rule);
  }
  return rules;
};

function redactionRule(value: unknown, place: Place): RedactionRule | undefined {
  if (!isTable(value)) return report(place, describeValue(value), "a table");
  checkKnownKeys(value, ["name", "pattern"], place);
  const name = ruleName(ownValue(value, "name"), within(place, "name"));
  const pattern = rulePattern(ownValue(value, "pattern"), within(place, "pattern"), name ?? "without a name");
  return name === undefined || pattern === undefined ? undefined : { name, pattern };
}

const TAKEN_NAMES = new Set(builtInRuleNames());

const ruleName = text("a name such as internal-token that no built-in rule has", (name) => {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && name.length <= 64 && !TAKEN_NAMES.has(name) ? name : null;
});

function rulePattern(value: unknown, place: Place, name: string): string | undefined {
  const pattern = text("a regular expression that matches at least one character", compiling)(value, place);
  if (pattern === undefined) return undefined;
  const judged = judgePattern(pattern);
  if (judged.ok) return pattern;
  return report(place, `${judged.reason} in rule ${name}`, "a pattern that is cheap on any text");
}

function compiling(pattern: string): string | null {
  try {
    return pattern.length <= 1000 && !new RegExp(pattern, "u").test("") ? pattern : null;
  } catch {
    return null;
  }
}

function uploadRule(value: unknown, place: Place): UploadRule | undefined {
  if (!isTable(value)) return report(place, describeValue(value), "a table");
  checkKnownKeys(value, ["preset", "fields"], place);
  const preset = optional(value, "preset", uploadPreset, place);
  const fields = optional(value, "fields", uploadFields, place);
  return { preset, fields: fields ?? { sourceWorkdir: null, promptHash: null, hostname: null } };
}

const uploadFields: Check<UploadFields> = (value, place) => {
  if (!isTable(value)) return report(place, describeValue(value), "a table");
  checkKnownKeys(value, UPLOAD_FIELDS, place);
  return {
    sourceWorkdir: optional(value, "source_workdir", boolean, place),
    promptHash: optional(value, "prompt_hash", boolean, place),
    hostname: optional(value, "hostname", boolean, place),
  };
};

/** A plain decimal. Six places, since the meter's money is whole in 1e-12 USD per token. */
const price: Check<string> = (value, place) => {
  const wanted = "USD per million tokens, 0 or more, with at most 6 decimals";
  // The shortest decimal that reads as this number is what was written, unless it has over 15 digits.
  const written = typeof value === "number" ? String(value) : value;
  if (typeof written === "string" && /^\d{1,6}(?:\.\d{1,6})?$/.test(written)) return written;
  return report(place, typeof value === "string" ? "another string" : describeValue(value), wanted);
};

/** A date (its midnight in UTC), or a date and time with its distance from UTC. */
const instant: Check<number> = (value, place) => {
  // A TOML date prints as it was written, so that one without time can be told from one with.
  const written = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value;
  const shape = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?$/i;
  const time = typeof written === "string" && shape.test(written) ? Date.parse(written.replace(" ", "T")) : NaN;
  if (Number.isNaN(time) || typeof written !== "string" || !isCalendarDay(written.slice(0, 10))) {
    return report(place, describeValue(value), "a date such as 2026-01-31");
  }
  return time;
};

/** False for 31 February, which `Date.parse` takes for 3 March. */
function isCalendarDay(day: string): boolean {
  return new Date(Date.parse(day)).toISOString().startsWith(day);
}

function optional<T>(table: Table, key: string, check: Check<T>, place: Place): T | null {
  const value = ownValue(table, key);
  return value === undefined ? null : check(value, within(place, key)) ?? null;
}

function readMap<T>(
  value: unknown,
  place: Place,
  wantedKey: string,
  readKey: (key: string) => string | null,
  check: Check<T>,
): Readonly<Record<string, T>> | undefined {
  if (!isTable(value)) return report(place, describeValue(value), "a table");
  const entries: [string, T][] = [];
  for (const [written, item] of Object.entries(value)) {
    const at = within(place, written);
    const key = readKey(written);
    if (key === null) {
      report(at, "an unknown key", wantedKey);
      continue;
    }
    const read = check(item, at);
    if (read !== undefined) entries.push([key, read]);
  }
  return Object.fromEntries(entries);
}

/** The known key that `key` was probably meant to be: at most `limit` letters differ, by default a third of them. */
export function nearest(
  key: string,
  known: readonly string[],
  limit = Math.max(1, Math.floor(key.length / 3)),
): string | null {
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(key, candidate) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate ?? null;
}

/** Levenshtein distance. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
