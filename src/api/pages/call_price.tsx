/**
 * How the price of one call came about: every line of the bill with its factors, and how the sum compares with what is stored.
 *
 * Imports: hono/jsx, meter (types), pages.
 *
 * @module
 */

import type { CostLine } from "../../meter/cost.ts";
import type { Explanation } from "../../meter/explanation.ts";
import { count, exactMoney } from "./format.ts";
import { TableBox } from "./parts.tsx";
import { costReason } from "./words.ts";
import { visible } from "./marked.tsx";

const UNITS: Readonly<Record<CostLine["unit"], string>> = {
  tokens: "tokens",
  requests: "requests",
  seconds: "s",
  charge: "charge",
};

const MATCHES: Readonly<Record<string, string>> = {
  exact: "listed under this name",
  alias: "listed under another name of the model",
  pattern: "listed under a similar name",
  provider_charge: "as the provider itself stated it",
};

/** The card. */
export function CallPrice({ explanation }: { explanation: Explanation }) {
  const { call, cost, agrees, notes, advice } = explanation;
  const lines = cost?.explain ?? [];
  return (
    <section class="card w7" aria-labelledby="price">
      <header>
        <h2 id="price">Why it costs this</h2>
        {cost?.kind === "priced"
          ? <span class="more muted">{`${visible(cost.ratesSource)}, ${MATCHES[cost.match] ?? cost.match}`}</span>
          : null}
      </header>
      {lines.length === 0 ? null : <Bill lines={lines} total={cost?.kind === "priced" ? cost.pico : null} />}
      {cost?.kind === "free" ? <p>Calls of this kind cost nothing.</p> : null}
      {cost === null && call.duplicateOf === null
        ? (
          <p class="muted">
            An older version recorded this call, without what its price depends on: it cannot be explained.
          </p>
        )
        : null}
      {notes.map((note) => <p class="muted small">{note}</p>)}
      {call.cost.pico === null && advice === null ? <p>{costReason(call.cost.missing).why}</p> : null}
      {advice === null ? null : <p>{visible(advice.why)}.</p>}
      {advice?.todo === null || advice?.todo === undefined
        ? null
        : <pre class="command" tabindex={0} role="group" aria-label="What to do">{visible(advice.todo)}</pre>}
      {agrees ? null : <Differs stored={call.cost.pico} />}
    </section>
  );
}

/** Seconds come in fractions, which a price depends on. */
function quantity(size: number, unit: CostLine["unit"]): string {
  const text = Number.isInteger(size) ? count(size) : String(size);
  return unit === "tokens" ? text : `${text} ${UNITS[unit]}`;
}

function Bill({ lines, total }: { lines: readonly CostLine[]; total: bigint | null }) {
  // Narrow screens do without a column that says nothing.
  const factorClass = lines.every(({ factor }) => factor === "1") ? "num opt" : "num";
  return (
    <TableBox label="Lines of the price">
      <table class="plain-table">
        <thead>
          <tr>
            <th scope="col">For</th>
            <th scope="col" class="num">Count</th>
            <th scope="col" class="num">USD per million</th>
            <th scope="col" class={factorClass}>Factor</th>
            <th scope="col" class="num">Amount</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ label, count: size, unit, pricePerMillion, factor, pico }) => (
            <tr>
              <th scope="row">{label}</th>
              <td class="num">{quantity(size, unit)}</td>
              <td class="num">{pricePerMillion}</td>
              <td class={factorClass}>{factor === "1" ? <span class="muted">× 1</span> : `× ${factor}`}</td>
              <td class="num">{exactMoney(pico)}</td>
            </tr>
          ))}
        </tbody>
        {total === null ? null : (
          <tfoot>
            <tr>
              <th scope="row">Together</th>
              <td></td>
              <td></td>
              <td class={factorClass}></td>
              <td class="num">{exactMoney(total)}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </TableBox>
  );
}

function Differs({ stored }: { stored: bigint | null }) {
  return (
    <p class="notice">
      {`Prices changed since: the sums hold ${
        stored === null ? "no cost" : exactMoney(stored)
      } for this call. To bring them up to date: `}
      <code>halton-meter pricing reprice</code>
    </p>
  );
}
