/**
 * `halton-meter bodies stats`: whether bodies are captured and by whose decision, what is stored, and what redaction took out.
 *
 * Imports: domain, os, store, cli.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { categoryOf, REDACTION_CATEGORIES } from "../domain/redaction_categories.ts";
import { loadConfig } from "../os/config_file.ts";
import { type ConfigSource, readConfigSources } from "../os/config_keys.ts";
import { paths } from "../os/paths.ts";
import { type BodyStats, bodyStats } from "../store/bodies.ts";
import type { Database } from "../store/database.ts";
import { bodyCaptureChoices, type ProjectChoice } from "../store/settings.ts";
import type { MeterContext } from "./app.ts";
import { bytesLabel, countLabel, momentLabel } from "./quantities.ts";
import { withStored } from "./stored.ts";
import { loadPaint, type Paint } from "./table.ts";
import { VERSION } from "./version.ts";

/** Everything that is shown. */
export interface StatsReport {
  readonly settings: Config["bodies"];
  readonly sourceOf: (key: string) => ConfigSource;
  readonly choices: readonly ProjectChoice[];
  readonly stored: BodyStats;
}

/** What is said of files that a command cannot see. */
export const RCFILE_NOTE = "body_capture = off in a .haltonrc turns it off for calls from that folder";

/** Prints the figures. */
export async function bodiesStatsCommand(this: MeterContext, flags: { readonly json: boolean }): Promise<void> {
  const files = paths();
  const { bodies } = await loadConfig(files.config);
  const report = await withStored((db) => statsOf(db, bodies, readConfigSources(files.config)));
  const { stdout } = this.process;
  stdout.write(flags.json ? statsJson(report) : statsText(report, await loadPaint(stdout.colour)));
}

/** Gathers the figures. */
export function statsOf(db: Database, settings: Config["bodies"], sourceOf: StatsReport["sourceOf"]): StatsReport {
  return { settings, sourceOf, choices: bodyCaptureChoices(db), stored: bodyStats(db) };
}

/** Rule → times becomes category → rule → times, in the order of categories; empty categories are left out. */
export function byCategory(
  redactions: Readonly<Record<string, number>>,
): { category: string; times: number; rules: Record<string, number> }[] {
  return REDACTION_CATEGORIES.map((category) => {
    const rules = Object.fromEntries(Object.entries(redactions).filter(([rule]) => categoryOf(rule) === category));
    return { category, rules, times: Object.values(rules).reduce((sum, times) => sum + times, 0) };
  }).filter(({ times }) => times > 0);
}

/** The shape is stable: fields may be added, never renamed or removed. */
export function statsJson({ settings, sourceOf, choices, stored }: StatsReport): string {
  const value = {
    version: VERSION,
    capture: {
      enabled: settings.enabled,
      source: sourceOf("bodies.enabled"),
      projects: choices.map(({ slug, bodyCapture, updatedAt }) => ({
        project: slug,
        body_capture: bodyCapture,
        set_at: new Date(updatedAt).toISOString(),
      })),
    },
    stored: {
      bodies: stored.count,
      requests: stored.requests,
      stored_bytes: stored.storedBytes,
      text_bytes: stored.textBytes,
      truncated: stored.truncated,
      oldest: stored.oldest === null ? null : new Date(stored.oldest).toISOString(),
      newest: stored.newest === null ? null : new Date(stored.newest).toISOString(),
    },
    redactions: {
      by_category: Object.fromEntries(byCategory(stored.redactions).map(({ category, times }) => [category, times])),
      by_rule: stored.redactions,
    },
    limits: {
      retention_days: settings.retentionDays,
      retention_days_source: sourceOf("bodies.retention_days"),
      max_body_bytes: settings.maxBodyBytes,
      max_body_bytes_source: sourceOf("bodies.max_body_bytes"),
      max_total_bytes: settings.maxTotalBytes === 0 ? null : settings.maxTotalBytes,
      max_total_bytes_source: sourceOf("bodies.max_total_bytes"),
    },
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** For people. */
export function statsText(report: StatsReport, paint: Paint): string {
  const { settings, sourceOf, stored } = report;
  const budget = settings.maxTotalBytes === 0 ? "no limit" : bytesLabel(settings.maxTotalBytes);
  const lines = [
    paint.bold(`halton-meter v${VERSION} · bodies`),
    "",
    line("capture", `${settings.enabled ? "on" : "off"} (${sourceOf("bodies.enabled")})`),
    ...report.choices.map(({ slug, bodyCapture }) => line("", `${bodyCapture} for ${slug} (project setting)`)),
    line("", paint.dim(RCFILE_NOTE)),
    line("stored", storedLabel(stored)),
    ...(stored.oldest === null || stored.newest === null
      ? []
      : [line("", `from ${momentLabel(stored.oldest)} to ${momentLabel(stored.newest)}`)]),
    ...(stored.truncated === 0
      ? []
      : [line("", `${countLabel(stored.truncated, "body", "bodies")} cut at the limit for one`)]),
    line("limits", `${bytesLabel(settings.maxBodyBytes)} for one (${sourceOf("bodies.max_body_bytes")})`),
    line("", `${countLabel(settings.retentionDays, "day")} (${sourceOf("bodies.retention_days")})`),
    line("", `${budget} for all together (${sourceOf("bodies.max_total_bytes")})`),
    ...redactionLines(stored.redactions),
  ];
  return `${lines.join("\n")}\n`;
}

function line(name: string, text: string): string {
  return `${name.padEnd(8)}  ${text}`;
}

function storedLabel(stored: BodyStats): string {
  if (stored.count === 0) return "nothing";
  return `${countLabel(stored.count, "body", "bodies")} of ${countLabel(stored.requests, "call")}, ` +
    `${bytesLabel(stored.storedBytes)} on disk, ${bytesLabel(stored.textBytes)} of text`;
}

function redactionLines(redactions: Readonly<Record<string, number>>): string[] {
  const groups = byCategory(redactions);
  if (groups.length === 0) return [line("masked", "nothing")];
  return groups.map(({ category, times, rules }, index) => {
    const named = Object.entries(rules).map(([rule, count]) => `${rule} ${count}`).join(", ");
    return line(index === 0 ? "masked" : "", `${category} ${times}: ${named}`);
  });
}
