/**
 * One project: what it cost, by model and by client, its latest calls, and its settings.
 *
 * Imports: hono/jsx, domain, store, pages.
 *
 * @module
 */

import type { PropsWithChildren } from "hono/jsx";
import { startOfMonth } from "../../domain/days.ts";
import { type ClientCell, latencyP95, usageByClient } from "../../store/queries.ts";
import { oneProjectStats, type ProjectStats } from "../../store/project_stats.ts";
import { requestPage } from "../../store/request_pages.ts";
import {
  compareSums,
  lastDays,
  periodBefore,
  spentPico,
  type Stats,
  usageStats,
  usageTotals,
} from "../../store/stats.ts";
import { CallsTable } from "./calls_table.tsx";
import { Spark } from "./charts/bars.tsx";
import { count, counted, DASH, duration, longDay, percent } from "./format.ts";
import { Frame } from "./layout.tsx";
import { type CallFilters, callsPath, NO_MODEL, projectPath, reportPath } from "./links.ts";
import { visible } from "./marked.tsx";
import { ModelTable } from "./model_table.tsx";
import { Change, Empty, Money, Name, Segments, Spent, TableBox, Worth } from "./parts.tsx";
import { everyDay, type View } from "./view.ts";

const OFFERED = [7, 30, 90] as const;

/** Periods that the page offers, in days. */
export const PROJECT_DAYS: readonly number[] = OFFERED;

/** The page; `null` when no project has that slug. */
export function projectPage(view: View, slug: string, days: number) {
  const found = oneProjectStats(view.db, slug, view.now, view.timeZone);
  return found === null ? null : <ProjectPage view={view} found={found} days={days} />;
}

function ProjectPage({ view, found, days }: { view: View; found: ProjectStats; days: number }) {
  const { project } = found;
  const period = lastDays(days, view.now, view.timeZone);
  const stats = everyDay(usageStats(view.db, period, project.id), view, days);
  const clients = usageByClient(view.db, stats.range, project.id).toSorted((a, b) => compareSums(a.sums, b.sums));
  const within = { from: stats.byDay[0]?.date, to: view.today };
  const before = periodBefore(period);
  const previous = before === null ? null : usageTotals(view.db, before, project.id);
  return (
    <Frame title={visible(project.name)} section="/projects" version={view.deps.version}>
      <p class="crumb">
        <a href="/projects">Projects</a>
      </p>
      <div class="head">
        <h1>
          <Name text={project.name} />
        </h1>
        {project.archivedAt === null ? null : <span class="tag">archived</span>}
        <p class="sub">{`since ${longDay(project.createdAt)}`}</p>
        <div class="tools">
          <Segments
            label="Period"
            items={OFFERED.map((each) => ({
              name: `${each} days`,
              href: projectPath(project.slug, each),
              current: each === days,
            }))}
          />
          <a class="button" href={reportPath(project.slug, startOfMonth(view.today), view.today)}>Client report</a>
        </div>
      </div>
      <div class="grid" id="project" data-live>
        <Summary view={view} slug={project.slug} projectId={project.id} stats={stats} previous={previous} days={days} />
        <section class="card flush w9" aria-labelledby="models">
          <h2 id="models">Models</h2>
          {stats.byModel.length === 0
            ? <Empty title="No call in this period">Choose a longer one above.</Empty>
            : (
              <ModelTable
                models={stats.byModel}
                totals={stats.totals}
                linkOf={({ provider, model }) =>
                  callsPath({ project: project.slug, provider, model: model ?? NO_MODEL, ...within })}
              />
            )}
        </section>
        <section class="card flush w3" aria-labelledby="clients">
          <h2 id="clients">Clients</h2>
          {clients.length === 0
            ? <Empty title="No client in this period">Programs that call show up here.</Empty>
            : <Clients clients={clients} filters={{ project: project.slug, ...within }} />}
        </section>
        <Latest view={view} slug={project.slug} projectId={project.id} />
      </div>
      <Settings view={view} found={found} />
    </Frame>
  );
}

function Summary({ view, slug, projectId, stats, previous, days }: {
  view: View;
  slug: string;
  projectId: number;
  stats: Stats;
  previous: ReturnType<typeof usageTotals> | null;
  days: number;
}) {
  const { totals } = stats;
  const p95 = latencyP95(view.db, stats.range, projectId, totals.latencyCount);
  const within = { project: slug, from: stats.byDay[0]?.date, to: view.today };
  return (
    <section class="card" aria-label="Summary">
      <dl class="figures">
        <div>
          <dt>Billed</dt>
          <dd class="big">
            <a href={callsPath(within)}>
              <Spent sums={totals} />
            </a>
          </dd>
          <dd class="delta">
            {previous === null
              ? null
              : <Change now={spentPico(totals)} before={spentPico(previous)} name={`${days} days before`} />}
          </dd>
        </div>
        <Figure term="Under subscriptions, worth">
          <Worth sums={totals} />
        </Figure>
        <Figure term="Calls">{count(totals.requests)}</Figure>
        <Figure term="Failed">
          <a href={callsPath({ ...within, status: "error" })}>{count(totals.errors)}</a>
        </Figure>
        <Figure term="Unpriced">
          <a href={callsPath({ ...within, show: "unpriced" })}>{count(totals.unpriced)}</a>
        </Figure>
        <Figure term="Incomplete">
          <a href={callsPath({ ...within, show: "incomplete" })}>{count(totals.incomplete)}</a>
        </Figure>
        <Figure term="95 of 100 calls within">{p95 === null ? DASH : duration(p95)}</Figure>
      </dl>
      <Spark values={stats.byDay.map((day) => Number(day.costPico ?? 0n))} marked={1} />
    </section>
  );
}

function Figure({ term, children }: PropsWithChildren<{ term: string }>) {
  return (
    <div>
      <dt>{term}</dt>
      <dd class="mid">{children}</dd>
    </div>
  );
}

function Clients({ clients, filters }: { clients: readonly ClientCell[]; filters: CallFilters }) {
  const all = clients.reduce((sum, { sums }) => sum + sums.requests, 0);
  return (
    <TableBox label="Calls by client">
      <table>
        <thead>
          <tr>
            <th scope="col">Client</th>
            <th scope="col" class="num">Calls</th>
            <th scope="col" class="num">At API prices</th>
          </tr>
        </thead>
        <tbody>
          {clients.map(({ client, sums }) => (
            <tr>
              <th scope="row">
                <Name text={client} none="not told" />
              </th>
              <td class="num" title={`${percent(sums.requests, all)} of all calls`}>
                {client === null
                  ? count(sums.requests)
                  : <a href={callsPath({ ...filters, q: client })}>{count(sums.requests)}</a>}
              </td>
              <td class="num">
                <Money pico={sums.costPico} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Latest({ view, slug, projectId }: { view: View; slug: string; projectId: number }) {
  const { items } = requestPage(view.db, { projectId }, 20);
  return (
    <section class="card flush" aria-labelledby="latest">
      <header>
        <h2 id="latest">Latest calls</h2>
        <span class="more">
          <a href={callsPath({ project: slug })}>All calls</a>
        </span>
      </header>
      {items.length === 0
        ? <Empty title="No call yet">This project has settings, and has called nothing so far.</Empty>
        : <CallsTable calls={items} now={view.now} project={false} />}
    </section>
  );
}

function Settings({ view, found }: { view: View; found: ProjectStats }) {
  const { project, bodyCapture } = found;
  const daemonWide = view.deps.config().bodies.enabled;
  const inForce = bodyCapture ?? (daemonWide ? "on" : "off");
  const choices = [
    ["on", "On"],
    ["off", "Off"],
    ["", `As configured (${daemonWide ? "on" : "off"})`],
  ] as const;
  return (
    <section class="card no-print after-grid" aria-labelledby="settings" id="settings-card" data-live>
      <h2 id="settings">Settings</h2>
      <form data-patch={`/v1/projects/${encodeURIComponent(project.slug)}`} data-field="body_capture">
        <p id="capture-label">
          {"Bodies of calls are "}
          <b>{inForce === "on" ? "stored, redacted" : "not stored"}</b>
          {bodyCapture === null ? ", as config.toml says for all projects." : ", as chosen for this project."}
        </p>
        <p class="muted small">
          The choice holds from the next call on. What is stored already stays until it is purged or
          {` ${counted(view.deps.config().bodies.retentionDays, "day")} old.`}
        </p>
        <div class="seg needs-script" role="group" aria-labelledby="capture-label">
          {choices.map(([value, label]) => (
            <button type="submit" value={value} aria-pressed={(bodyCapture ?? "") === value ? "true" : "false"}>
              {label}
            </button>
          ))}
        </div>
        <p class="small" role="status" data-answer></p>
        <noscript>
          <pre class="command">{`halton-meter project set ${project.slug} body-capture off`}</pre>
        </noscript>
      </form>
    </section>
  );
}
