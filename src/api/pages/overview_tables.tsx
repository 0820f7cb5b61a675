/**
 * The overview's tables: projects and models with the highest cost.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

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
export function TopProjects({ stats }: { stats: Stats }) {
  const rows = stats.byProject.slice(0, TOP);
  const max = Math.max(...rows.map(({ sums }) => Number(sums.costPico ?? 0n)), 0);
  return (
    <section class="card flush w6" aria-labelledby="top-projects">
      <header>
        <h2 id="top-projects">Projects</h2>
        <span class="more">
          <a href="/projects">All {count(stats.byProject.length)}</a>
        </span>
      </header>
      <TableBox label="Projects with the highest cost">
        <table>
          <thead>
            <tr>
              <th scope="col">Project</th>
              <th scope="col" class="opt">
                <span class="sr">Share</span>
              </th>
              <th scope="col" class="num">Calls</th>
              <th scope="col" class="num">Billed</th>
              <NotBilledHead />
            </tr>
          </thead>
          <tbody>
            {rows.map(({ slug, name, sums }) => (
              <tr>
                <th scope="row">
                  <a href={projectPath(slug)}>
                    <Name text={name} />
                  </a>
                </th>
                <td class="bar opt">
                  <Bar value={Number(sums.costPico ?? 0n)} max={max} />
                </td>
                <td class="num">
                  <a href={callsPath({ project: slug })}>{count(sums.requests)}</a>
                </td>
                <td class="num">
                  <Spent sums={sums} />
                </td>
                <td class="num">
                  <Worth sums={sums} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </section>
  );
}

/** The card of models. */
export function TopModels({ view, stats }: { view: View; stats: Stats }) {
  const rows = stats.byModel.slice(0, TOP);
  const max = Math.max(...rows.map(({ sums }) => Number(sums.costPico ?? 0n)), 0);
  const from = dateIn(stats.byDay[0]?.date) ?? view.today;
  return (
    <section class="card flush w6" aria-labelledby="top-models">
      <header>
        <h2 id="top-models">Models</h2>
        <span class="more muted">{count(stats.modelsInUse)} in use</span>
      </header>
      <TableBox label="Models with the highest cost">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" class="opt">
                <span class="sr">Share</span>
              </th>
              <th scope="col" class="opt">Provider</th>
              <th scope="col" class="num">Calls</th>
              <th scope="col" class="num">Billed</th>
              <NotBilledHead />
            </tr>
          </thead>
          <tbody>
            {rows.map(({ provider, model, sums }) => (
              <tr>
                <th scope="row">
                  <Name text={model} />
                </th>
                <td class={`bar opt ${providerClass(provider)}`}>
                  <Bar value={Number(sums.costPico ?? 0n)} max={max} />
                </td>
                <td class="opt">
                  <Provider provider={provider} />
                </td>
                <td class="num">
                  <a href={callsPath({ provider, model: model ?? NO_MODEL, from })}>{count(sums.requests)}</a>
                </td>
                <td class="num">
                  <Spent sums={sums} />
                </td>
                <td class="num">
                  <Worth sums={sums} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </section>
  );
}
