/**
 * The price table: bundled lines, our corrections, the user's overrides, and look-up by model and instant.
 *
 * Loading reads the JSON text and nothing else: lines become numbers when a model is first asked for, and are kept.
 * Prices are list prices; what a service tier does to them is in tiers.ts. How names are compared is in model_match.ts.
 *
 * Imports: domain.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { Provider, RateMatch } from "../domain/exchange.ts";
import { type Correction, CORRECTIONS } from "./corrections.ts";
import { indexNames, type NameIndex, normalizeModel, withoutDate } from "./model_match.ts";
import { type PriceText, type Rate, type RateSource, readRate, type SeedLine, type TierText } from "./rate_line.ts";
import seed from "./seed_rates.json" with { type: "json" };

/** Answers kept before all are dropped: model names come from traffic, so their number has no natural bound. */
const MAX_KEPT = 1000;

/** Day of the bundle: the newest of the seed's publication and of every correction. UTC. */
export const BUNDLE_DATE: string = CORRECTIONS.reduce((day, { read }) => read > day ? read : day, seed.date);

/** `rates_source` of a bundled price. */
export const BUNDLED_SOURCE = `bundled-${BUNDLE_DATE}`;

/** `rates_source` of a price that the user set. */
export const OVERRIDE_SOURCE = "override";

/**
 * A price that the user negotiated or knows better. It replaces the whole bundled line for its period: a bucket that
 * it leaves out has no price. Times are UTC epoch milliseconds, `validUntil` exclusive, null = unbounded.
 */
export interface RateOverride {
  readonly provider: Provider;
  readonly model: string;
  readonly prices: PriceText;
  readonly tiers?: readonly TierText[] | undefined;
  readonly validFrom: number | null;
  readonly validUntil: number | null;
}

/** A price and how it was come by. */
export interface FoundRate {
  readonly rate: Rate;
  readonly match: Exclude<RateMatch, "provider_charge">;
  /** `bundled-YYYY-MM-DD` or `override`. */
  readonly source: string;
}

/** One line of `pricing list`. */
export interface ListedRate extends RateSource {
  readonly source: string;
}

/** Prices by model and instant. */
export interface RateTable {
  /** The price of `model` at an instant (UTC epoch milliseconds), or null when it is not known. Never a neighbour's. */
  find(provider: Provider, model: string, atMs: number): FoundRate | null;
  /** Every line, overrides first, as text. */
  list(): ListedRate[];
}

/**
 * Builds a table of the bundled prices and the given overrides. Of two overrides that hold at the same time the later
 * `validFrom` wins, then the later in the list.
 *
 * @throws {MeterError} `bad_input` if an override cannot be read exactly.
 */
export function createRateTable(overrides: readonly RateOverride[] = []): RateTable {
  const own = overrides.map(readOverride);
  const kept = new Map<string, Bundled | null>();
  let books: Map<Provider, Book> | null = null;

  function bundled(provider: Provider, model: string): Bundled | null {
    const key = `${provider}\n${model}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    books ??= buildBooks();
    const found = lookUp(books.get(provider), model);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(key, found);
    return found;
  }

  return {
    find(provider, model, atMs) {
      const negotiated = findOverride(own, provider, model, atMs);
      const found = bundled(provider, model);
      // Tier factors are kept under the listed id, which the user's name for the model need not be.
      if (negotiated !== null) return { ...negotiated, rate: { ...negotiated.rate, ...idOf(found) } };
      const rate = found?.rates.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
      return found === null || rate === undefined ? null : { rate, match: found.match, source: BUNDLED_SOURCE };
    },
    list() {
      books ??= buildBooks();
      return [
        ...overrides.map((line): ListedRate => ({ ...sourceOf(line), source: OVERRIDE_SOURCE })),
        ...[...books.values()].flatMap(({ lines }) => lines.map((line) => ({ ...line, source: BUNDLED_SOURCE }))),
      ];
    },
  };
}

interface Bundled {
  readonly match: FoundRate["match"];
  /** Newest first. */
  readonly rates: readonly Rate[];
}

/** One provider's bundled lines, corrected. */
interface Book {
  readonly lines: readonly RateSource[];
  readonly names: NameIndex;
}

function idOf(found: Bundled | null): { readonly id?: string } {
  const id = found?.rates[0]?.id;
  return id === undefined ? {} : { id };
}

function lookUp(book: Book | undefined, model: string): Bundled | null {
  const named = book?.names.find(model) ?? null;
  if (book === undefined || named === null) return null;
  const rates = book.lines.filter(({ id }) => id === named.id).map(readRate);
  return { match: named.grade, rates: rates.sort((a, b) => b.fromMs - a.fromMs) };
}

function buildBooks(): Map<Provider, Book> {
  const lines: readonly SeedLine[] = seed.lines;
  const providers: readonly Provider[] = ["anthropic", "gemini", "openai", "xai"];
  return new Map(providers.map((provider) => [
    provider,
    buildBook(
      provider,
      lines.filter((line) => line.provider === provider),
      CORRECTIONS.filter((correction) => correction.provider === provider),
    ),
  ]));
}

function buildBook(provider: Provider, seeds: readonly SeedLine[], corrections: readonly Correction[]): Book {
  const replaced = corrections.filter((correction) => correction.kind === "price");
  const replacedIds = new Set(replaced.map(({ id }) => id));
  const kept = seeds.filter(({ id }) => !replacedIds.has(id));
  const aliases = new Map<string, string>();
  for (const correction of corrections) {
    if (correction.kind === "alias") correction.names.forEach((name) => aliases.set(name, correction.id));
  }
  const added = replaced.map(({ id, from, until, prices, tiers }) => ({ provider, id, from, until, prices, tiers }));
  return {
    lines: [...corrections.reduce(correct, kept.map((line) => periodOf(provider, line, kept))), ...added],
    names: indexNames(provider, [...replaced.map(({ id }) => ({ id, match: { equals: id } })), ...kept], aliases),
  };
}

/** A seed line holds until the next one of the same model begins. */
function periodOf(provider: Provider, line: SeedLine, all: readonly SeedLine[]): RateSource {
  const later = all.filter(({ id, from }) => id === line.id && (from ?? "") > (line.from ?? "")).map(({ from }) =>
    from
  );
  const { id, from, prices, tiers } = line;
  return { provider, id, from, until: later.sort()[0] ?? null, prices, tiers };
}

function correct(lines: RateSource[], correction: Correction): RateSource[] {
  switch (correction.kind) {
    case "amend":
      return lines.map((line) =>
        line.id === correction.id ? mapPrices(line, (p) => ({ ...p, ...correction.prices })) : line
      );
    case "threshold":
      return lines.map((line) => ({ ...line, tiers: line.tiers?.map((tier) => moved(tier, correction)) }));
    case "alias":
    case "price":
      return lines;
  }
}

function moved(tier: TierText, to: { readonly bundled: number; readonly above: number }): TierText {
  return tier.above === to.bundled ? { ...tier, above: to.above } : tier;
}

function mapPrices(line: RateSource, change: (prices: PriceText) => PriceText): RateSource {
  return {
    ...line,
    prices: change(line.prices),
    tiers: line.tiers?.map((tier) => ({ ...tier, prices: change(tier.prices) })),
  };
}

interface OwnRate {
  readonly model: string;
  readonly rate: Rate;
}

function readOverride(line: RateOverride): OwnRate {
  const model = normalizeModel(line.model);
  try {
    if (model === null) throw new RangeError("the model name is empty or too long");
    return { model, rate: readRate({ ...sourceOf(line), id: model }) };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new MeterError("bad_input", `Cannot use the price override for ${line.provider}: ${cause.message}`, {
      hint: "Write prices in USD per million tokens as plain decimals, such as 3.75",
      cause,
    });
  }
}

function sourceOf(line: RateOverride): RateSource {
  const { provider, model, prices, tiers, validFrom, validUntil } = line;
  return { provider, id: model, from: validFrom, until: validUntil, prices, tiers };
}

function findOverride(own: readonly OwnRate[], provider: Provider, model: string, atMs: number): FoundRate | null {
  if (own.length === 0) return null;
  const name = normalizeModel(model);
  if (name === null) return null;
  const undated = withoutDate(provider, name);
  let best: FoundRate | null = null;
  for (const { model: wanted, rate } of own) {
    if (rate.provider !== provider || atMs < rate.fromMs || atMs >= rate.untilMs) continue;
    const match = wanted === name ? "exact" : wanted === undated ? "alias" : null;
    if (match === null || (best?.match === "exact" && match === "alias")) continue;
    const closer = best?.match === "alias" && match === "exact";
    if (best === null || closer || rate.fromMs >= best.rate.fromMs) {
      best = { rate, match, source: OVERRIDE_SOURCE };
    }
  }
  return best;
}
