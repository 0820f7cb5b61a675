/**
 * `halton-meter pricing list`: every price that calls are priced with, as bundled, corrected and overridden. Reads the
 * configuration and nothing else: no daemon, no database.
 *
 * Imports: domain, meter, os, cli.
 *
 * @module
 */

import type { Provider } from "../domain/exchange.ts";
import { dayOf, rateFields } from "../meter/explanation_fields.ts";
import type { TierText } from "../meter/rate_line.ts";
import { BUNDLE_DATE, BUNDLED_SOURCE, createRateTable, type ListedRate, OVERRIDE_SOURCE } from "../meter/rates.ts";
import { loadConfig } from "../os/config_file.ts";
import { paths } from "../os/paths.ts";
import type { MeterContext } from "./app.ts";
import { PIPE_COLUMNS } from "./output.ts";
import { type Column, layoutTable, loadPaint, type Paint, showable } from "./table.ts";
import { VERSION } from "./version.ts";

/** Flags of the command. */
export interface ListFlags {
  readonly provider?: Provider;
  readonly model?: string;
  readonly json: boolean;
}

/** Prints the list. */
export async function pricingListCommand(this: MeterContext, flags: ListFlags): Promise<void> {
  const { overrides } = (await loadConfig(paths().config)).pricing;
  const listed = createRateTable(overrides).list().filter((rate) => isWanted(rate, flags)).sort(compareRates);
  const { stdout } = this.process;
  if (flags.json) return stdout.write(renderRatesJson(listed, overrides.length));
  const paint = await loadPaint(stdout.colour);
  stdout.write(renderRates(listed, overrides.length, stdout.columns ?? PIPE_COLUMNS, paint));
}

function isWanted(rate: ListedRate, { provider, model }: ListFlags): boolean {
  return (provider === undefined || rate.provider === provider) &&
    (model === undefined || rate.id.toLowerCase().includes(model.toLowerCase()));
}

/** By provider and model; a model's overrides first, then the earliest period first. */
function compareRates(a: ListedRate, b: ListedRate): number {
  return compare(a.provider, b.provider) || compare(a.id, b.id) ||
    Number(b.source === OVERRIDE_SOURCE) - Number(a.source === OVERRIDE_SOURCE) ||
    compare(dayOf(a.from) ?? "", dayOf(b.from) ?? "");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * `{version, bundle_date, overrides, rates: [{provider, model, source, valid_from, valid_until, prices, tiers}]}`. Prices
 * are decimal text in USD: per million tokens, but `web_search` per thousand, `audio_hour` per hour. Absent = no price.
 */
export function renderRatesJson(rates: readonly ListedRate[], overrides: number): string {
  const value = {
    version: VERSION,
    bundle_date: BUNDLE_DATE,
    overrides,
    rates: rates.map(rateFields),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** One line of the table: a model's prices, or those above one of its thresholds. */
interface ListLine {
  readonly rate: ListedRate;
  readonly tier: TierText | null;
}

/** A table, and a footer that names the bundle and the overrides. */
export function renderRates(rates: readonly ListedRate[], overrides: number, width: number, paint: Paint): string {
  const lines = rates.flatMap((rate): ListLine[] => [
    { rate, tier: null },
    ...(rate.tiers ?? []).map((tier) => ({ rate, tier })),
  ]);
  const table = lines.length === 0 ? ["No price matches"] : layoutTable(COLUMNS, lines, width, paint);
  const others = lines.some(({ rate }) => OTHER_PRICES.some((key) => rate.prices[key] !== undefined));
  return [
    paint.bold(`halton-meter v${VERSION} · prices · USD per million tokens`),
    "",
    ...table,
    "",
    `${BUNDLED_SOURCE}: list prices as read on ${BUNDLE_DATE}`,
    overrides === 0
      ? "No overrides; set one with `halton-meter pricing set PROVIDER MODEL --input X --output Y`"
      : `${overrides} ${overrides === 1 ? "override" : "overrides"} in config.toml`,
    ...(others ? ["Prices of audio, images, video and searches: --json"] : []),
    "",
  ].join("\n");
}

const OTHER_PRICES = ["inputAudio", "inputImage", "inputVideo", "outputAudio", "outputImage", "outputVideo"] as const;

const COLUMNS: readonly Column<ListLine>[] = [
  { title: "model", align: "left", drop: 0, cell: ({ rate, tier }) => tier === null ? showable(rate.id) : "" },
  { title: "provider", align: "left", drop: 4, cell: ({ rate, tier }) => tier === null ? rate.provider : "" },
  {
    title: "prompt",
    align: "right",
    drop: 5,
    cell: ({ tier }) => tier === null ? "" : `> ${String(tier.above).replace(/\d(?=(?:\d{3})+$)/g, "$&,")}`,
  },
  price("input", "input", 0),
  price("output", "output", 0),
  price("cache read", "cacheRead", 1),
  price("write 5m", "cacheWrite5m", 2),
  price("write 1h", "cacheWrite1h", 3),
  { title: "from", align: "left", drop: 6, cell: ({ rate, tier }) => tier === null ? dayOf(rate.from) ?? "" : "" },
  { title: "until", align: "left", drop: 7, cell: ({ rate, tier }) => tier === null ? dayOf(rate.until) ?? "" : "" },
  { title: "source", align: "left", drop: 8, cell: ({ rate, tier }) => tier === null ? sourceWord(rate) : "" },
];

function price(title: string, key: keyof ListedRate["prices"], drop: number): Column<ListLine> {
  return { title, align: "right", drop, cell: ({ rate, tier }) => (tier ?? rate).prices[key] ?? "–" };
}

/** The footer names the bundle. */
function sourceWord({ source }: ListedRate): string {
  return source === BUNDLED_SOURCE ? "bundled" : source;
}
