/**
 * `halton-meter project list` and `project show`: projects, and which setting holds for each and why.
 *
 * Imports: domain, os, store, cli.
 *
 * @module
 */

import { loadConfig } from "../os/config_file.ts";
import { type ConfigSource, readConfigSources } from "../os/config_keys.ts";
import { paths } from "../os/paths.ts";
import type { Database } from "../store/database.ts";
import { listProjects, type Project, type ProjectActivity, projectActivity } from "../store/project_rows.ts";
import { bodyCaptureChoices } from "../store/settings.ts";
import type { MeterContext } from "./app.ts";
import { RCFILE_NOTE } from "./bodies_stats.ts";
import { PIPE_COLUMNS } from "./output.ts";
import { countLabel, momentLabel } from "./quantities.ts";
import { requireProject, withStored } from "./stored.ts";
import { type Column, layoutTable, loadPaint, showable, showableJson } from "./table.ts";

/** Whether bodies of a project are stored, and who decided. Files in the folders of callers are not known here. */
export interface BodyCaptureInForce {
  readonly on: boolean;
  readonly source: "project setting" | ConfigSource;
}

/** One project as shown. */
export interface ProjectView {
  readonly project: Project;
  /** `null` = no call yet. */
  readonly activity: ProjectActivity | null;
  readonly bodyCapture: BodyCaptureInForce;
}

const COLUMNS: readonly Column<ProjectView>[] = [
  { title: "project", align: "left", drop: 0, cell: ({ project }) => project.slug },
  { title: "calls", align: "right", drop: 1, cell: ({ activity }) => String(activity?.calls ?? 0) },
  { title: "last call", align: "left", drop: 2, cell: ({ activity }) => lastCallLabel(activity) },
  { title: "body capture", align: "left", drop: 0, cell: ({ bodyCapture }) => captureLabel(bodyCapture) },
];

/** Prints every project. */
export async function projectListCommand(this: MeterContext, flags: { readonly json: boolean }): Promise<void> {
  const daemonWide = await daemonWideCapture();
  const views = await withStored((db) => viewsOf(db, listProjects(db), daemonWide));
  const { stdout } = this.process;
  if (flags.json) return stdout.write(`${showableJson(views.map(viewJson), 2)}\n`);
  if (views.length === 0) return stdout.write("No project has made a call yet\n");
  const lines = layoutTable(COLUMNS, views, stdout.columns ?? PIPE_COLUMNS, await loadPaint(stdout.colour));
  stdout.write(`${lines.join("\n")}\n`);
}

/** Prints one project. */
export async function projectShowCommand(
  this: MeterContext,
  flags: { readonly json: boolean },
  slug: string,
): Promise<void> {
  const daemonWide = await daemonWideCapture();
  const views = await withStored((db) => viewsOf(db, [requireProject(db, slug)], daemonWide));
  const { stdout } = this.process;
  for (const view of views) {
    if (flags.json) stdout.write(`${showableJson(viewJson(view), 2)}\n`);
    else {
      const paint = await loadPaint(stdout.colour);
      stdout.write(
        `${paint.bold(showable(view.project.slug))}\n` +
          `calls         ${countLabel(view.activity?.calls ?? 0, "call")}, the last ${lastCallLabel(view.activity)}\n` +
          `created       ${momentLabel(view.project.createdAt)}\n` +
          `body capture  ${captureLabel(view.bodyCapture)}\n              ${paint.dim(RCFILE_NOTE)}\n`,
      );
    }
  }
}

/** Puts together what is known of projects. */
export function viewsOf(
  db: Database,
  projects: readonly Project[],
  daemonWide: BodyCaptureInForce,
): ProjectView[] {
  const choices = new Map(bodyCaptureChoices(db).map(({ slug, bodyCapture }) => [slug, bodyCapture]));
  const activity = projectActivity(db);
  return projects.map((project) => {
    const choice = choices.get(project.slug);
    return {
      project,
      activity: activity.get(project.id) ?? null,
      bodyCapture: choice === undefined ? daemonWide : { on: choice === "on", source: "project setting" },
    };
  });
}

async function daemonWideCapture(): Promise<BodyCaptureInForce> {
  const { config } = paths();
  const { bodies } = await loadConfig(config);
  return { on: bodies.enabled, source: readConfigSources(config)("bodies.enabled") };
}

/** The shape is stable: fields may be added, never renamed or removed. */
function viewJson({ project, activity, bodyCapture }: ProjectView) {
  return {
    slug: project.slug,
    id: project.publicId,
    name: project.name,
    created_at: new Date(project.createdAt).toISOString(),
    archived_at: project.archivedAt === null ? null : new Date(project.archivedAt).toISOString(),
    calls: activity?.calls ?? 0,
    last_call_at: activity === null ? null : new Date(activity.lastCallAt).toISOString(),
    settings: { body_capture: { value: bodyCapture.on ? "on" : "off", source: bodyCapture.source } },
  };
}

function captureLabel({ on, source }: BodyCaptureInForce): string {
  return `${on ? "on" : "off"} (${source})`;
}

function lastCallLabel(activity: ProjectActivity | null): string {
  return activity === null ? "never" : momentLabel(activity.lastCallAt);
}
