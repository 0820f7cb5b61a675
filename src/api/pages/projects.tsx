/**
 * All projects, with what they cost.
 *
 * Imports: hono/jsx, store, pages.
 *
 * @module
 */

import { type ProjectStats, projectStats } from "../../store/project_stats.ts";
import { ago, count, counted, DASH } from "./format.ts";
import { Frame } from "./layout.tsx";
import { callsPath, projectPath } from "./links.ts";
import { Empty, Name, NotBilledHead, Spent, TableBox, Worth } from "./parts.tsx";
import type { View } from "./view.ts";

/** The page. */
export function ProjectsPage({ view }: { view: View }) {
  const all = projectStats(view.db, view.now, view.timeZone)
    .sort((a, b) => (b.allTime.lastRequestedAt ?? 0) - (a.allTime.lastRequestedAt ?? 0));
  const [active, archived] = [true, false].map((open) =>
    all.filter(({ project }) => (project.archivedAt === null) === open)
  );
  return (
    <Frame title="Projects" section="/projects" version={view.deps.version}>
      <div id="projects" data-live>
        <div class="head">
          <h1>Projects</h1>
          <p class="sub">{counted(all.length, "project")}, the latest used first</p>
        </div>
        <section class="card flush" aria-label="Projects">
          {active === undefined || active.length === 0
            ? (
              <Empty title="No project yet" command="halton-meter run --project my-client -- claude">
                A project is named after the folder that a call comes from, or as you say.
              </Empty>
            )
            : <ProjectTable view={view} rows={active} />}
        </section>
        {archived === undefined || archived.length === 0 ? null : (
          <details>
            <summary>{counted(archived.length, "archived project")}</summary>
            <div class="card flush">
              <ProjectTable view={view} rows={archived} />
            </div>
          </details>
        )}
      </div>
    </Frame>
  );
}

function ProjectTable({ view, rows }: { view: View; rows: readonly ProjectStats[] }) {
  const capture = view.deps.config().bodies.enabled;
  return (
    <TableBox label="Projects and their cost">
      <table>
        <thead>
          <tr>
            <th scope="col">Project</th>
            <th scope="col" class="opt2">Most used</th>
            <th scope="col" class="num">This month</th>
            <NotBilledHead column="num opt" />
            <th scope="col" class="num opt">Month before</th>
            <th scope="col" class="num opt">Ever</th>
            <th scope="col" class="num">Calls</th>
            <th scope="col" class="opt2">Bodies</th>
            <th scope="col" class="opt">Last call</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ project, bodyCapture, thisMonth, previousMonth, allTime, primaryModel }) => (
            <tr>
              <th scope="row">
                <a href={projectPath(project.slug)}>
                  <Name text={project.name} />
                </a>
              </th>
              <td class="opt2 muted">
                <Name text={primaryModel} none={DASH} />
              </td>
              <td class="num">
                <Spent sums={thisMonth} />
              </td>
              <td class="num opt">
                <Worth sums={thisMonth} />
              </td>
              <td class="num opt">
                <Spent sums={previousMonth} />
              </td>
              <td class="num opt">
                <Spent sums={allTime} />
              </td>
              <td class="num">
                <a href={callsPath({ project: project.slug })}>{count(allTime.requests)}</a>
              </td>
              <td class="opt2 muted">{bodyCapture ?? (capture ? "on" : "off")}</td>
              <td class="opt muted nowrap">
                {allTime.lastRequestedAt === null ? DASH : ago(allTime.lastRequestedAt, view.now)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}
