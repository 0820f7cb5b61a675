/**
 * The overview's chart of cost by day and provider, and the same as a table.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

import { type DayProviderUsage, spentPico, type Stats } from "../../store/stats.ts";
import { AreaChart, type DayMark, type Layer } from "./charts/area.tsx";
import { axisMoney, counted, money, shortDay } from "./format.ts";
import { callsPath, withQuery } from "./links.ts";
import { Money, Segments, TableBox } from "./parts.tsx";
import type { View } from "./view.ts";
import { providerClass, providerName } from "./words.ts";

/** Which money the chart shows: what is billed, or everything at API prices. */
export type Basis = "billed" | "all";

/** The card. */
export function Daily({ view, stats, basis }: { view: View; stats: Stats; basis: Basis }) {
  const layers = layersOf(stats, basis);
  const path = (value: Basis) => withQuery("/", { chart: value });
  const days = stats.byDay.map((day): DayMark => ({
    label: shortDay(day.from),
    title: `${shortDay(day.from)}: ${dayMoney(day, basis)}, ${counted(day.requests, "call")}`,
    href: callsPath({ from: day.date, to: day.date }),
  }));
  return (
    <section class="card w8 fill-card" aria-labelledby="daily">
      <header>
        <h2 id="daily">{basis === "billed" ? "Billed by day" : "Cost at API prices by day"}</h2>
        <div class="more no-print">
          <Segments
            label="Money shown"
            items={[
              { name: "Billed", href: path("billed"), current: basis === "billed" },
              { name: "With subscriptions", href: path("all"), current: basis === "all" },
            ]}
          />
        </div>
      </header>
      <AreaChart
        layers={layers.map(({ layer }) => layer)}
        days={days}
        formatTick={(value) => axisMoney(BigInt(Math.round(value)))}
      />
      <ul class="legend">
        {layers.toReversed().map(({ layer, total, provider }) => (
          <li>
            <a class="quiet" href={callsPath({ provider, from: stats.byDay[0]?.date, to: view.today })}>
              <span class={`swatch ${layer.className}`} aria-hidden="true"></span>
              {layer.name} <b>{money(total)}</b>
            </a>
          </li>
        ))}
      </ul>
      <DayTable stats={stats} layers={layers} basis={basis} />
    </section>
  );
}

interface ProviderLayer {
  readonly provider: string;
  readonly layer: Layer;
  readonly total: bigint;
}

/** One layer for each provider, the largest at the bottom. */
function layersOf(stats: Stats, basis: Basis): ProviderLayer[] {
  const places = new Map(stats.byDay.map(({ date }, day) => [date, day]));
  const groups = Map.groupBy(stats.byDayByProvider, ({ provider }) => provider);
  return [...groups].map(([provider, cells]) => {
    const values = new Array<number>(stats.byDay.length).fill(0);
    let total = 0n;
    for (const cell of cells) {
      const pico = picoOf(cell, basis) ?? 0n;
      total += pico;
      const day = places.get(cell.date);
      if (day !== undefined) values[day] = Number(pico);
    }
    return { provider, total, layer: { name: providerName(provider), className: providerClass(provider), values } };
  }).sort((a, b) => a.total === b.total ? 0 : a.total > b.total ? -1 : 1);
}

function picoOf(cell: Parameters<typeof spentPico>[0], basis: Basis): bigint | null {
  return basis === "billed" ? spentPico(cell) : cell.requests === 0 ? 0n : cell.costPico;
}

function dayMoney(cell: Parameters<typeof spentPico>[0], basis: Basis): string {
  const pico = picoOf(cell, basis);
  return pico === null ? "cost unknown" : money(pico);
}

/** The chart's figures for those who cannot see it, or want them exact. */
function DayTable({ stats, layers, basis }: { stats: Stats; layers: readonly ProviderLayer[]; basis: Basis }) {
  const cells = new Map(stats.byDayByProvider.map((cell) => [`${cell.date} ${cell.provider}`, cell]));
  const amount = (cell: DayProviderUsage | undefined) => cell === undefined ? 0n : picoOf(cell, basis);
  return (
    <details>
      <summary>The same as a table</summary>
      <TableBox label="Cost by day and provider">
        <table class="plain-table">
          <thead>
            <tr>
              <th scope="col">Day</th>
              {layers.map(({ layer }) => <th scope="col" class="num">{layer.name}</th>)}
              <th scope="col" class="num">Together</th>
            </tr>
          </thead>
          <tbody>
            {stats.byDay.toReversed().map((day) => (
              <tr>
                <th scope="row">
                  <a href={callsPath({ from: day.date, to: day.date })}>{shortDay(day.from)}</a>
                </th>
                {layers.map(({ provider }) => (
                  <td class="num">
                    <Money pico={amount(cells.get(`${day.date} ${provider}`))} />
                  </td>
                ))}
                <td class="num">
                  <Money pico={picoOf(day, basis)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </details>
  );
}
