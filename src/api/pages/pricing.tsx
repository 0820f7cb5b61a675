/**
 * The prices that calls are priced with, and where each comes from.
 *
 * Imports: hono/jsx, meter, pages.
 *
 * @module
 */

import { ratesOf } from "../present_detail.ts";
import { BUNDLE_DATE, type ListedRate, OVERRIDE_SOURCE } from "../../meter/rates.ts";
import { count, counted, DASH } from "./format.ts";
import { Frame } from "./layout.tsx";
import { withQuery } from "./links.ts";
import { visible } from "./marked.tsx";
import { Empty, TableBox } from "./parts.tsx";
import type { View } from "./view.ts";
import { providerClass, providerName } from "./words.ts";

/** What the address asks for. */
export interface PriceFilters {
  readonly provider: string | undefined;
  readonly q: string | undefined;
  /** `override` = the user's own only; `past` = prices that no longer hold as well. */
  readonly show: string | undefined;
}

/** One row: a model's prices, or those above one of its thresholds. */
interface Row {
  readonly rate: ListedRate;
  /** Prompts of more tokens than this; 0 = all. */
  readonly above: number;
  readonly prices: ListedRate["prices"];
}

/** The page. */
export function PricingPage({ view, filters }: { view: View; filters: PriceFilters }) {
  const all = ratesOf(view.deps.config()).list();
  const rates = all.filter((rate) => isWanted(rate, filters, view.now)).sort(compareRates);
  const overrides = all.filter(({ source }) => source === OVERRIDE_SOURCE).length;
  return (
    <Frame title="Pricing" section="/pricing" version={view.deps.version}>
      <div class="head">
        <h1>Pricing</h1>
        <p class="sub">
          {`USD per million tokens · list prices as read on ${BUNDLE_DATE} · ${
            overrides === 0 ? "no prices of your own" : counted(overrides, "price of your own", "prices of your own")
          }`}
        </p>
      </div>
      <Filters filters={filters} />
      <section class="card flush" aria-label="Prices">
        {rates.length === 0
          ? (
            <Empty title="No price matches" command="halton-meter pricing set anthropic MODEL --input 3 --output 15">
              Take a filter away, or set a price of your own:
            </Empty>
          )
          : <Rates rows={rates.flatMap(rowsOf)} />}
      </section>
      <p class="muted small table-note">
        {`${counted(rates.length, "model")} shown. A price of your own replaces the whole line: `}
        <code>halton-meter pricing set PROVIDER MODEL --input X --output Y</code>
        {". Prices are never fetched over the network; a new version brings new ones."}
      </p>
    </Frame>
  );
}

function isWanted(rate: ListedRate, { provider, q, show }: PriceFilters, now: number): boolean {
  if (provider !== undefined && rate.provider !== provider) return false;
  if (q !== undefined && !rate.id.toLowerCase().includes(q.toLowerCase())) return false;
  if (show === "override") return rate.source === OVERRIDE_SOURCE;
  const until = instantOf(rate.until);
  return show === "past" || until === null || until > now;
}

function rowsOf(rate: ListedRate): Row[] {
  return [
    { rate, above: 0, prices: rate.prices },
    ...(rate.tiers ?? []).map(({ above, prices }) => ({ rate, above, prices })),
  ];
}

function compareRates(a: ListedRate, b: ListedRate): number {
  const own = Number(b.source === OVERRIDE_SOURCE) - Number(a.source === OVERRIDE_SOURCE);
  return own || compare(a.provider, b.provider) || compare(a.id, b.id) ||
    (instantOf(a.from) ?? 0) - (instantOf(b.from) ?? 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function instantOf(value: string | number | null): number | null {
  return typeof value === "string" ? Date.parse(`${value}T00:00:00Z`) : value;
}

/** A UTC day, or an instant where it is not midnight. */
function dayText(value: string | number | null): string {
  const at = instantOf(value);
  return at === null ? DASH : new Date(at).toISOString().replace(/T00:00:00\.000Z$/, "");
}

function Filters({ filters }: { filters: PriceFilters }) {
  const options = ["anthropic", "openai", "gemini", "xai"];
  const shown = [["override", "My own only"], ["past", "Past ones too"]] as const;
  return (
    <form class="filters" method="get" action="/pricing" role="search" aria-label="Prices">
      <div class="field wide">
        <label for="p-q">Model</label>
        <input id="p-q" type="search" name="q" value={filters.q ?? ""} placeholder="Part of a name" />
      </div>
      <div class="field">
        <label for="p-provider">Provider</label>
        <select id="p-provider" name="provider" data-submit>
          <option value="">All</option>
          {options.map((each) => <option value={each} selected={each === filters.provider}>{providerName(each)}
          </option>)}
        </select>
      </div>
      <div class="field">
        <label for="p-show">Prices</label>
        <select id="p-show" name="show" data-submit>
          <option value="">In force</option>
          {shown.map(([value, name]) => <option value={value} selected={value === filters.show}>{name}</option>)}
        </select>
      </div>
      <button type="submit" class="primary">Show</button>
    </form>
  );
}

function Rates({ rows }: { rows: readonly Row[] }) {
  const price = (value: string | undefined, column = "num") => (
    <td class={column}>{value ?? <span class="muted" title="No price known">{DASH}</span>}</td>
  );
  return (
    <TableBox label="Prices by model">
      <table>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col" class="opt">Provider</th>
            <th scope="col" class="num">Input</th>
            <th scope="col" class="num">Output</th>
            <th scope="col" class="num opt">Cache read</th>
            <th scope="col" class="num opt">Write 5 min</th>
            <th scope="col" class="num opt">Write 1 h</th>
            <th scope="col" class="opt2">From</th>
            <th scope="col" class="opt2">Until</th>
            <th scope="col" class="opt">Source</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ rate, above, prices }) => (
            <tr>
              <th scope="row">
                {above === 0
                  ? (
                    <>
                      <span class={`swatch ${providerClass(rate.provider)}`} title={providerName(rate.provider)}></span>
                      <a class="quiet" href={withQuery("/requests", { q: rate.id })}>{visible(rate.id)}</a>
                    </>
                  )
                  : <span class="muted small">{`prompts above ${count(above)} tokens`}</span>}
              </th>
              <td class="opt">{above === 0 ? providerName(rate.provider) : null}</td>
              {price(prices.input)}
              {price(prices.output)}
              {price(prices.cacheRead, "num opt")}
              {price(prices.cacheWrite5m, "num opt")}
              {price(prices.cacheWrite1h, "num opt")}
              <td class="opt2 muted nowrap">{above === 0 ? dayText(rate.from) : ""}</td>
              <td class="opt2 muted nowrap">{above === 0 ? dayText(rate.until) : ""}</td>
              <td class="opt">{above === 0 ? <Source source={rate.source} /> : null}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Source({ source }: { source: string }) {
  return source === OVERRIDE_SOURCE ? <span class="tag warn">your own</span> : <span class="muted">bundled</span>;
}
