/**
 * `halton-meter pricing set` and `pricing unset`: prices of the user's own, in config.toml. A running daemon takes them up
 * by itself; calls that are recorded already are priced again by `pricing reprice`.
 *
 * Imports: domain, os, store, cli.
 *
 * @module
 */

import { parseConfig } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import {
  appendOverride,
  type Edited,
  readConfigText,
  removeOverrides,
  replaceConfigText,
  type WrittenOverride,
} from "../os/config_edit.ts";
import { ensureHome, paths } from "../os/paths.ts";
import { openForWriting } from "../store/database.ts";
import { audit, type AuditDetails } from "../store/settings.ts";
import type { MeterContext } from "./app.ts";

/** Flags of `pricing set`, as typed. */
export interface SetFlags {
  readonly input: string;
  readonly output: string;
  readonly "cache-read"?: string;
  readonly "cache-write-5m"?: string;
  readonly "cache-write-1h"?: string;
  readonly from?: string;
  readonly until?: string;
}

/** Adds an override. */
export function pricingSetCommand(this: MeterContext, flags: SetFlags, provider: string, model: string): void {
  const override = overrideOf(flags, provider, model);
  const path = change((path, text) => appendOverride(path, text, override), "pricing.override_set", {
    provider,
    model,
    ...override.prices,
    from: override.from,
    until: override.until,
  });
  this.process.stdout.write(
    `Set the price of ${provider} ${model} in ${path}\n` +
      "A running daemon uses it within a second. For calls that are recorded already:\n  halton-meter pricing reprice\n",
  );
}

/** Takes out every override of a model that `pricing set` added. */
export function pricingUnsetCommand(
  this: MeterContext,
  _flags: Record<never, never>,
  provider: string,
  model: string,
): void {
  let removed = 0;
  let foreign: readonly number[] = [];
  const path = change(
    (path, text) => {
      const edited = removeOverrides(path, text, provider, model);
      ({ changed: removed, foreignLines: foreign } = edited);
      if (removed === 0) throw nothingToRemove(path, provider, model, foreign);
      return edited;
    },
    "pricing.override_unset",
    { provider, model },
  );
  this.process.stdout.write(
    `Took ${removed} ${removed === 1 ? "price" : "prices"} of ${provider} ${model} out of ${path}\n` +
      (foreign.length === 0 ? "" : `Written by hand and still there: ${linesText(foreign)}\n`) +
      "For calls that are recorded already:\n  halton-meter pricing reprice\n",
  );
}

/** Edits the file, replaces it, and notes it in the audit trail. @returns the file's path. */
function change(
  edit: (path: string, text: string) => Edited,
  event: string,
  details: AuditDetails,
): string {
  const files = paths();
  ensureHome(files);
  const text = readConfigText(files.config);
  const edited = edit(files.config, text);
  // Opened first: what cannot be noted is not done.
  const db = openForWriting(files.database, { now: Date.now() });
  try {
    replaceConfigText(files.config, text, edited.text);
    audit(db, event, details, Date.now());
  } finally {
    db.close();
  }
  return files.config;
}

/** Checks what was typed by the rules of the configuration. @throws {MeterError} `wrong_usage`. */
export function overrideOf(flags: SetFlags, provider: string, model: string): WrittenOverride {
  const prices = Object.fromEntries(
    Object.entries({
      input: flags.input,
      output: flags.output,
      cache_read: flags["cache-read"],
      cache_write_5m: flags["cache-write-5m"],
      cache_write_1h: flags["cache-write-1h"],
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const days = { from: flags.from, until: flags.until };
  for (const [name, day] of Object.entries(days)) {
    if (day !== undefined && !/^\d{4}-\d\d-\d\d$/.test(day)) {
      throw unreadable(`--${name}`, "a date such as 2026-01-31");
    }
  }
  const raw = { provider, model, ...prices, ...defined(days) };
  const { problems } = parseConfig({ pricing: { overrides: [raw] } });
  const [problem] = problems ?? [];
  if (problem !== undefined) throw unreadable(argumentNamed(String(problem.path.at(-1))), problem.wanted);
  return { provider, model, prices, from: flags.from ?? null, until: flags.until ?? null };
}

function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function argumentNamed(key: string): string {
  return key === "provider" || key === "model" ? key.toUpperCase() : `--${key.replaceAll("_", "-")}`;
}

function unreadable(argument: string, wanted: string): MeterError {
  return new MeterError("wrong_usage", `Cannot set a price: ${argument} is not what is wanted`, {
    hint: `Give ${argument} ${wanted}`,
  });
}

function nothingToRemove(path: string, provider: string, model: string, lines: readonly number[]): MeterError {
  return lines.length === 0
    ? new MeterError("bad_input", `Cannot unset the price of ${provider} ${model}: ${path} has none`, {
      hint: "Run `halton-meter pricing list` to see the overrides",
    })
    : new MeterError("bad_input", `Cannot unset the price of ${provider} ${model}: it was written by hand`, {
      hint: `Delete the [[pricing.overrides]] table in ${linesText(lines)} of ${path}`,
    });
}

function linesText(lines: readonly number[]): string {
  return `${lines.length === 1 ? "line" : "lines"} ${lines.join(", ")}`;
}
