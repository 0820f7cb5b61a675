/**
 * A project's report for its client: a period, totals, by model and by day, made to be printed or saved as PDF.
 *
 * Imports: hono/jsx, store, pages.
 *
 * @module
 */

import { addDays, startOfMonth } from "../../domain/days.ts";
import { findProject, type Project } from "../../store/project_rows.ts";
import { type DayUsage, spentPico, type Stats, usageStats, worthPico } from "../../store/stats.ts";
import { count, counted, longDay } from "./format.ts";
import { Frame } from "./layout.tsx";
import { projectPath, reportPath } from "./links.ts";
import { visible } from "./marked.tsx";
import { ModelTable } from "./model_table.tsx";
import { Empty, Money, Name, NotBilledHead, Spent, TableBox, Tokens, Worth } from "./parts.tsx";
import type { View } from "./view.ts";
import { costReason } from "./words.ts";

/** Longest period of a report, in days. */
const MAX_DAYS = 1_100;

/** The page; `null` when no project has that slug. Dates are `YYYY-MM-DD`, both included. */
export function reportPage(view: View, slug: string, from: string | null, to: string | null) {
  const project = findProject(view.db, slug);
  if (project === null) return null;
  const last = to ?? view.today;
  const first = from ?? startOfMonth(last);
  const floor = addDays(last, -MAX_DAYS);
  return (
    <ReportPage view={view} project={project} first={first > last ? last : first < floor ? floor : first} last={last} />
  );
}

function ReportPage({ view, project, first, last }: { view: View; project: Project; first: string; last: string }) {
  const stats = usageStats(view.db, { first, last, timeZone: view.timeZone }, project.id);
  const period = `${longDay(Date.parse(`${first}T12:00:00`))} to ${longDay(Date.parse(`${last}T12:00:00`))}`;
  return (
    <Frame title={`${visible(project.name)}, ${first} to ${last}`} section="/projects" version={view.deps.version}>
      <p class="crumb no-print">
        <a href="/projects">Projects</a> /{" "}
        <a href={projectPath(project.slug)}>
          <Name text={project.name} />
        </a>
      </p>
      <div class="head">
        <h1>
          <Name text={project.name} />
        </h1>
        <p class="sub">{`Use of language models, ${period}`}</p>
      </div>
      <Period view={view} slug={project.slug} first={first} last={last} />
      {stats.totals.requests === 0
        ? (
          <div class="card">
            <Empty title="No call in this period">Choose other days above.</Empty>
          </div>
        )
        : <Figures stats={stats} />}
      <p class="muted small table-note">
        {`Made on ${longDay(view.now)} by halton-meter ${view.deps.version} from ${
          counted(stats.totals.requests, "recorded call")
        }. `}
        {`Days are those of ${view.timeZone}. Prices are the list prices in force at each call, or those agreed on.`}
      </p>
    </Frame>
  );
}

function Period({ view, slug, first, last }: { view: View; slug: string; first: string; last: string }) {
  const month = startOfMonth(view.today);
  const before = startOfMonth(view.today, -1);
  return (
    <form class="filters" method="get" action={reportPath(slug)} aria-label="Period">
      <div class="field">
        <label for="r-from">From</label>
        <input id="r-from" type="date" name="from" value={first} />
      </div>
      <div class="field">
        <label for="r-to">To</label>
        <input id="r-to" type="date" name="to" value={last} />
      </div>
      <button type="submit">Show</button>
      <a class="button" href={reportPath(slug, month, view.today)}>This month</a>
      <a class="button" href={reportPath(slug, before, addDays(month, -1))}>Month before</a>
      <button type="button" class="primary" data-print hidden>Print or save as PDF</button>
    </form>
  );
}

function Figures({ stats }: { stats: Stats }) {
  const { totals } = stats;
  return (
    <div class="grid">
      <section class="card" aria-label="Totals">
        <dl class="figures">
          <div>
            <dt>Billed</dt>
            <dd class="big">
              <Spent sums={totals} />
            </dd>
          </div>
          {totals.notBilledRequests === 0 ? null : (
            <div>
              <dt>Under subscriptions, worth</dt>
              <dd class="big">
                <Worth sums={totals} />
              </dd>
            </div>
          )}
          <div>
            <dt>Calls</dt>
            <dd class="big">{count(totals.requests)}</dd>
          </div>
          <div>
            <dt>Tokens in and out</dt>
            <dd class="big">
              <Tokens value={tokensIn(stats)} /> / <Tokens value={totals.outputTokens} />
            </dd>
          </div>
        </dl>
        {stats.missing.length === 0 ? null : (
          <footer>
            {`Not in these sums, since no cost is known: ${
              stats.missing.map(({ reason, model, requests }) =>
                `${counted(requests, "call")} of ${visible(model ?? "a model that was not named")} (${
                  costReason(reason).label
                })`
              ).join("; ")
            }.`}
          </footer>
        )}
      </section>
      <section class="card flush" aria-labelledby="r-models">
        <h2 id="r-models">By model</h2>
        <ModelTable models={stats.byModel} totals={totals} />
      </section>
      <section class="card flush" aria-labelledby="r-days">
        <h2 id="r-days">By day</h2>
        <Days days={stats.byDay.filter(({ requests }) => requests > 0)} stats={stats} />
      </section>
    </div>
  );
}

/** Plain and cached input together; `null` when nothing was reported. */
function tokensIn({ totals }: Stats): number | null {
  const known = [totals.inputTokens, totals.cacheReadTokens, totals.cacheWriteTokens].filter((each) => each !== null);
  return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
}

function Days({ days, stats }: { days: readonly DayUsage[]; stats: Stats }) {
  const notBilled = stats.totals.notBilledRequests > 0;
  return (
    <TableBox label="Calls and cost by day">
      <table>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col" class="num">Calls</th>
            <th scope="col" class="num opt">Unpriced</th>
            <th scope="col" class="num">Billed</th>
            {notBilled ? <NotBilledHead /> : null}
          </tr>
        </thead>
        <tbody>
          {days.map((day) => (
            <tr>
              <th scope="row">{longDay(day.from)}</th>
              <td class="num">{count(day.requests)}</td>
              <td class="num opt">{count(day.unpriced)}</td>
              <td class="num">
                <Money pico={spentPico(day)} />
              </td>
              {notBilled
                ? (
                  <td class="num">
                    <Money pico={worthPico(day)} />
                  </td>
                )
                : null}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Together</th>
            <td class="num">{count(stats.totals.requests)}</td>
            <td class="num opt">{count(stats.totals.unpriced)}</td>
            <td class="num">
              <Spent sums={stats.totals} />
            </td>
            {notBilled
              ? (
                <td class="num">
                  <Worth sums={stats.totals} />
                </td>
              )
              : null}
          </tr>
        </tfoot>
      </table>
    </TableBox>
  );
}
