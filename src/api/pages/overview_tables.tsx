/**
 * The overview's tables: projects and models with the highest cost.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

import type { Child } from "hono/jsx";
import type { UsageSums } from "../../store/queries.ts";
import type { Stats } from "../../store/stats.ts";
import { Bar } from "./charts/bars.tsx";
import { count } from "./format.ts";
import { callsPath, NO_MODEL, projectPath } from "./links.ts";
import { Name, NotBilledHead, Provider, Spent, TableBox, Worth } from "./parts.tsx";
import { dateIn, type View } from "./view.ts";
import { providerClass } from "./words.ts";

/** Rows of each table. */
const TOP = 6;

/** The card of projects. */
export function TopProjects({ view, stats }: { view: View; stats: Stats }) {
  const rows = stats.byProject.map(({ slug, name, sums }): TopRow => ({
    name: (
      <a href={projectPath(slug)}>
        <Name text={name} />
      </a>
    ),
    provider: null,
    calls: callsPath({ project: slug, ...daysOf(view, stats) }),
    sums,
  }));
  const more = (
    <span class="more">
      <a href="/projects">All {count(stats.byProject.length)}</a>
    </span>
  );
  return <TopCard id="top-projects" title="Projects" of="Project" more={more} rows={rows} />;
}

/** The card of models. */
export function TopModels({ view, stats }: { view: View; stats: Stats }) {
  const rows = stats.byModel.map(({ provider, model, sums }): TopRow => ({
    name: <Name text={model} />,
    provider,
    calls: callsPath({ provider, model: model ?? NO_MODEL, ...daysOf(view, stats) }),
    sums,
  }));
  const more = <span class="more muted">{count(stats.modelsInUse)} in use</span>;
  return <TopCard id="top-models" title="Models" of="Model" more={more} rows={rows} byProvider />;
}

/** The days of the sums, as filters of the list of calls. */
function daysOf(view: View, stats: Stats): { readonly from: string; readonly to: string } {
  return { from: dateIn(stats.byDay[0]?.date) ?? view.today, to: view.today };
}

interface TopRow {
  readonly name: Child;
  /** Shown, and the bar's colour, where rows differ in it. */
  readonly provider: Parameters<typeof Provider>[0]["provider"] | null;
  /** Where the calls behind the row are. */
  readonly calls: string;
  readonly sums: UsageSums;
}

interface TopCardProps {
  readonly id: string;
  readonly title: string;
  /** What a row is. */
  readonly of: string;
  readonly more: Child;
  readonly rows: readonly TopRow[];
  readonly byProvider?: boolean;
}

function TopCard({ id, title, of, more, rows, byProvider = false }: TopCardProps) {
  const shown = rows.slice(0, TOP);
  const max = Math.max(...shown.map(({ sums }) => Number(sums.costPico ?? 0n)), 0);
  return (
    <section class="card flush w6" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {more}
      </header>
      <TableBox label={`${title} with the highest cost`}>
        <table>
          <thead>
            <tr>
              <th scope="col">{of}</th>
              <th scope="col" class="opt">
                <span class="sr">Share</span>
              </th>
              {byProvider && <th scope="col" class="opt">Provider</th>}
              <th scope="col" class="num">Calls</th>
              <th scope="col" class="num">Billed</th>
              <NotBilledHead />
            </tr>
          </thead>
          <tbody>{shown.map((row) => <TopLine row={row} max={max} />)}</tbody>
        </table>
      </TableBox>
    </section>
  );
}

function TopLine({ row: { name, provider, calls, sums }, max }: { row: TopRow; max: number }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class={provider === null ? "bar opt" : `bar opt ${providerClass(provider)}`}>
        <Bar value={Number(sums.costPico ?? 0n)} max={max} />
      </td>
      {provider !== null && (
        <td class="opt">
          <Provider provider={provider} />
        </td>
      )}
      <td class="num">
        <a href={calls}>{count(sums.requests)}</a>
      </td>
      <td class="num">
        <Spent sums={sums} />
      </td>
      <td class="num">
        <Worth sums={sums} />
      </td>
    </tr>
  );
}
