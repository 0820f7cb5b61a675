/**
 * `halton-meter cloud privacy show` and `cloud privacy set`: what the paired server may learn.
 *
 * Imports: domain, os, store, sync, cli.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import type { UploadPreset } from "../domain/config_tables.ts";
import { MeterError } from "../domain/errors.ts";
import { isSlug } from "../domain/slug.ts";
import type { CloudChange } from "../os/config_cloud.ts";
import { noteBodySync, notePrivacy } from "../store/cloud_record.ts";
import { findProject } from "../store/project_rows.ts";
import { allowedFor, OPTIONAL_FIELDS, type OptionalField, PRESETS } from "../sync/privacy.ts";
import type { MeterContext } from "./app.ts";
import { openCloudSession, tellDaemon, withDatabase, writeCloudSettings } from "./cloud_session.ts";
import { lines } from "./cloud_status.ts";
import { VERSION } from "./version.ts";

/** A change, and how the audit trail names it. */
export interface PrivacyChange extends CloudChange {
  readonly setting: string;
  readonly said: string;
  /** A slug; `null` = it holds for all projects without a rule. */
  readonly project: string | null;
}

const FIELDS = Object.entries(OPTIONAL_FIELDS) as readonly [OptionalField, string][];

/** Prints the policy that holds. */
export async function privacyShowCommand(this: MeterContext, flags: { readonly json: boolean }): Promise<void> {
  const { config: { cloud } } = await openCloudSession();
  this.process.stdout.write(flags.json ? renderJson(cloud) : renderText(cloud));
}

/** Changes one setting of it. */
export async function privacySetCommand(
  this: MeterContext,
  _flags: Record<never, never>,
  ...words: string[]
): Promise<void> {
  const change = privacyChange(words);
  const session = await openCloudSession();
  const { paths } = session;
  // Before the setting: bodies that are there already are not shared by turning this on.
  if (change.setting === "body-sync") withDatabase(paths, (db) => noteBodySync(db, change.value === true));
  await writeCloudSettings(paths, [change]);
  const unknown = withDatabase(paths, (db) => {
    notePrivacy(db, change.setting, change.said, Date.now());
    return change.project !== null && findProject(db, change.project) === null;
  });
  await tellDaemon(paths);
  this.process.stdout.write(`${change.setting} is ${change.said}. It holds for what is sent from now on\n`);
  if (unknown) {
    this.process.stderr.write(
      `No call of project ${change.project} was recorded yet; see: halton-meter project list\n`,
    );
  }
  if (change.setting === "body-sync" && change.value === true) {
    this.process.stdout.write(
      "Redacted prompts and responses of calls recorded from now on are sent to the paired server,\n" +
        "which keeps them only if its workspace is set to.\n",
    );
  }
}

/**
 * Reads `preset P`, `FIELD on|off|default`, `body-sync on|off`, each but the last also after `project SLUG`.
 *
 * @throws {MeterError} `wrong_usage`
 */
export function privacyChange(words: readonly string[]): PrivacyChange {
  if (words[0] === "project") {
    const [, slug = "", ...rest] = words;
    if (!isSlug(slug)) throw wrong(`${JSON.stringify(slug)} is not a project's slug`);
    const change = uploadChange(rest, true);
    return {
      ...change,
      key: ["upload", "per_project", slug, ...change.key.slice(1)],
      setting: `project ${slug} ${change.setting}`,
      project: slug,
    };
  }
  const [name, value, ...more] = words;
  if (name !== "body-sync" && name !== "body_sync") return uploadChange(words, false);
  if (more.length > 0 || (value !== "on" && value !== "off")) throw wrong("body-sync is on or off");
  return { key: ["body_sync"], value: value === "on", setting: "body-sync", said: value, project: null };
}

function uploadChange([name = "", value = "", ...more]: readonly string[], mayBeDefault: boolean): PrivacyChange {
  if (more.length > 0) throw wrong("there are too many words");
  if (name === "preset") {
    const known = Object.hasOwn(PRESETS, value) || (mayBeDefault && value === "default");
    if (!known) throw wrong(`a preset is one of ${Object.keys(PRESETS).join(", ")}${mayBeDefault ? ", default" : ""}`);
    const preset = value === "default" ? null : value;
    return { key: ["upload", "preset"], value: preset, setting: "preset", said: value, project: null };
  }
  const field = FIELDS.find(([, wire]) => wire === name.replaceAll("-", "_"))?.[1];
  if (field === undefined) throw wrong(`there is no setting ${JSON.stringify(name)}`);
  if (!["on", "off", "default"].includes(value)) throw wrong(`${field} is on, off or default`);
  return {
    key: ["upload", "fields", field],
    value: value === "default" ? null : value === "on",
    setting: field,
    said: value,
    project: null,
  };
}

function wrong(state: string): MeterError {
  return new MeterError("wrong_usage", `Cannot set the policy: ${state}`, {
    hint: "Give preset minimal|standard|full, hostname|prompt_hash|source_workdir on|off|default, or body-sync on|off",
  });
}

function renderText(cloud: Config["cloud"]): string {
  const { upload } = cloud;
  const slugs = slugsWithRule(upload);
  const rows: [string, string][] = [["Preset", upload.preset]];
  const allowed = allowedFor(upload, null);
  for (const [field, wire] of FIELDS.toReversed()) {
    rows.push([
      wire,
      `${allowed[field] ? "sent" : "not sent"}${upload.fields[field] === null ? "" : " (set by itself)"}`,
    ]);
  }
  rows.push(["Body sync", cloud.bodySync ? "on: redacted prompts and responses are sent" : "off"]);
  rows.push(["Per-project rules", `${slugs.length} active${slugs.length === 0 ? "" : ` (${slugs.join(", ")})`}`]);
  for (const slug of slugs) {
    const own = allowedFor(upload, slug);
    const preset: UploadPreset | null = upload.perProject[slug]?.preset ?? null;
    const fields = FIELDS.map(([field, wire]) => `${wire} ${own[field] ? "sent" : "not sent"}`).join(", ");
    rows.push([`  ${slug}`, `${preset === null ? "" : `${preset}: `}${fields}`]);
  }
  return `${lines(rows)}${ALWAYS}\n`;
}

/** A rule that says nothing any more, since all of it was set to default, is none. */
function slugsWithRule({ perProject }: Config["cloud"]["upload"]): string[] {
  return Object.entries(perProject).filter(([, { preset, fields }]) =>
    preset !== null || Object.values(fields).some((field) => field !== null)
  ).map(([slug]) => slug);
}

/** Every field that no policy leaves out, in a person's words. */
const ALWAYS =
  "Always sent: time, provider, host, method, path, model, kind of call, status and error class, token counts,\n" +
  "cost and what it is computed from (tier, speed, region), latency, project, name of the client program, a machine id.\n" +
  "Never: headers, keys, queries of addresses; and no prompt or response while body sync is off";

function renderJson({ upload, bodySync, promptHash }: Config["cloud"]): string {
  const named = (project: string | null) => {
    const allowed = allowedFor(upload, project);
    return Object.fromEntries(FIELDS.map(([field, wire]) => [wire, allowed[field]]));
  };
  const rules = slugsWithRule(upload).map((
    slug,
  ) => [slug, { preset: upload.perProject[slug]?.preset ?? null, ...named(slug) }]);
  const value = {
    version: VERSION,
    preset: upload.preset,
    ...named(null),
    prompt_hash_kind: promptHash,
    body_sync: bodySync,
    per_project: Object.fromEntries(rules),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
