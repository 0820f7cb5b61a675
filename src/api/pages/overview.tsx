/**
 * The overview: what was spent, on what, and what needs a look.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

import { spentPico, type Stats } from "../../store/stats.ts";
import { Spark } from "./charts/bars.tsx";
import { ago, counted } from "./format.ts";
import { Frame } from "./layout.tsx";
import { callsPath } from "./links.ts";
import { Attention, Cache, Quota } from "./overview_cards.tsx";
import { type Basis, Daily } from "./overview_chart.tsx";
import { type Overview, readOverview, type Spend } from "./overview_data.ts";
import { TopModels, TopProjects } from "./overview_tables.tsx";
import { Change, NothingRecorded, Spent, Worth } from "./parts.tsx";
import type { View } from "./view.ts";

/** The page. `chart` comes from the address. */
export function OverviewPage({ view, chart }: { view: View; chart: string | undefined }) {
  const overview = readOverview(view);
  const { deps, now } = view;
  const last = overview.lastCallAt;
  return (
    <Frame title="Overview" section="/" version={deps.version}>
      <div id="overview" data-live>
        <div class="head">
          <h1>Overview</h1>
          <p class="sub">{last === null ? "No call yet" : `Last call ${ago(last, now)}`}</p>
        </div>
        {last === null
          ? (
            <div class="card">
              <NothingRecorded />
            </div>
          )
          : <Body view={view} overview={overview} chart={chart} />}
      </div>
    </Frame>
  );
}

function Body({ view, overview, chart }: { view: View; overview: Overview; chart: string | undefined }) {
  const { stats } = overview;
  const billed = spentPico(stats.totals);
  const basis: Basis = chart === "all" || (chart !== "billed" && billed === 0n) ? "all" : "billed";
  return (
    <div class="grid">
      {overview.spend.map((spend) => <SpendCard view={view} spend={spend} stats={stats} />)}
      <Daily view={view} stats={stats} basis={basis} />
      <div class="w4 stack">
        <Attention view={view} stats={stats} />
        <Quota samples={overview.quota} now={view.now} />
        <Cache cache={overview.cache} />
      </div>
      <TopProjects view={view} stats={stats} />
      <TopModels view={view} stats={stats} />
    </div>
  );
}

function SpendCard({ view, spend, stats }: { view: View; spend: Spend; stats: Stats }) {
  const { days, current, before } = spend;
  const from = stats.byDay.at(-days)?.date ?? view.today;
  const name = days === 1 ? "Today" : `${days} days`;
  const previous = days === 1 ? "same time yesterday" : `${days} days before`;
  const values = stats.byDay.map((each) => Number(spentPico(each) ?? 0n));
  return (
    <section class="card w4 third" aria-labelledby={`spend-${days}`}>
      <h2 id={`spend-${days}`}>{name}</h2>
      <p class="big">
        <a href={callsPath({ from, to: view.today })}>
          <Spent sums={current} />
        </a>
      </p>
      <p class="delta">
        <Change now={spentPico(current)} before={spentPico(before)} name={previous} />
      </p>
      <Spark values={values} marked={days} />
      <p class="delta split">
        <span>{counted(current.requests, "call")}</span>
        {current.notBilledRequests === 0
          ? null
          : (
            <span title="What calls under a subscription would have cost at API prices; on no bill">
              {"Subscription use worth "}
              <Worth sums={current} />
            </span>
          )}
      </p>
    </section>
  );
}
