/**
 * Changes of config.toml by this program: price overrides are appended, and those that it appended can be taken out again.
 * Every other byte stays as it is.
 *
 * A block of ours begins with MARK and ends with its last key. A changed text is read and checked as a whole before it
 * replaces the file, and the result has to say exactly what was meant, so that an unforeseen text is refused, not damaged.
 *
 * Imports: domain, ./config_file.ts, ./toml_lines.ts.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import type { PriceOverride } from "../domain/config_tables.ts";
import { MeterError } from "../domain/errors.ts";
import { readConfig } from "./config_file.ts";
import { locateKeys } from "./toml_lines.ts";

/** An override as a person writes it; days as `YYYY-MM-DD`. */
export interface WrittenOverride {
  readonly provider: string;
  readonly model: string;
  /** `input`, `cache_read`, … → plain decimal. */
  readonly prices: Readonly<Record<string, string>>;
  readonly from: string | null;
  readonly until: string | null;
}

/** A changed text, and what it says. */
export interface Edited {
  readonly text: string;
  readonly config: Config;
  /** Overrides added or taken out. */
  readonly changed: number;
  /** Lines, from 1, of overrides of the same model that this program did not write. */
  readonly foreignLines: readonly number[];
}

const MARK = '# Set by "halton-meter pricing set"';
const BLOCK = new RegExp(
  `(?:^|(?<=\\n))(?:\\r?\\n)?${MARK.replaceAll('"', '\\"')}\\r?\\n\\[\\[pricing\\.overrides\\]\\]\\r?\\n` +
    `(?:[a-z0-9_]+ = (?:"(?:[^"\\\\\\n]|\\\\.)*"|\\d{4}-\\d\\d-\\d\\d)\\r?\\n)+`,
  "g",
);
const FILE_MODE = 0o600;

/**
 * Adds an override at the end of a configuration's text.
 *
 * @param path Named in messages; not opened.
 * @throws {MeterError} `bad_config` when the text is not a good configuration before or after.
 */
export function appendOverride(path: string, text: string, override: WrittenOverride): Edited {
  const before = readConfig(path, text);
  const eol = /\r\n/.test(text) ? "\r\n" : "\n";
  const block = [
    MARK,
    "[[pricing.overrides]]",
    `provider = ${JSON.stringify(override.provider)}`,
    `model = ${JSON.stringify(override.model)}`,
    ...Object.entries(override.prices).map(([key, price]) => `${key} = ${JSON.stringify(price)}`),
    ...(override.from === null ? [] : [`from = ${override.from}`]),
    ...(override.until === null ? [] : [`until = ${override.until}`]),
  ];
  const gap = text === "" ? "" : text.endsWith("\n") ? eol : eol + eol;
  const edited = `${text}${gap}${block.join(eol)}${eol}`;
  const config = readAfter(path, text, edited);
  const last = config.pricing.overrides.at(-1);
  if (last === undefined || !isExactly(config, before, [...before.pricing.overrides, last])) {
    throw refusal(path, "the text after the change would not say what was meant");
  }
  return { text: edited, config, changed: 1, foreignLines: [] };
}

/**
 * Takes out the overrides of a model that {@link appendOverride} wrote.
 *
 * @throws {MeterError} as {@link appendOverride}.
 */
export function removeOverrides(path: string, text: string, provider: string, model: string): Edited {
  const before = readConfig(path, text);
  const lineOf = locateKeys(text);
  const isMeant = (override: PriceOverride) => override.provider === provider && override.model === model;
  const meant = before.pricing.overrides.map((override, index) => ({
    override,
    line: lineOf(["pricing", "overrides", index]),
  })).filter(({ override }) => isMeant(override));
  const taken = new Set<number>();
  const edited = text.replace(BLOCK, (block, offset: number) => {
    const header = lineAt(text, offset + block.indexOf("[[pricing"));
    const found = meant.find(({ line }) => line === header);
    if (found === undefined) return block;
    taken.add(found.line);
    return "";
  });
  const config = readOrNull(path, edited);
  const left = meant.filter(({ line }) => !taken.has(line));
  const gone = new Set(meant.filter(({ line }) => taken.has(line)).map(({ override }) => override));
  const kept = before.pricing.overrides.filter((override) => !gone.has(override));
  if (config === null || !isExactly(config, before, kept)) {
    throw refusal(path, "the text after the change would not say what was meant");
  }
  return { text: edited, config, changed: gone.size, foreignLines: left.map(({ line }) => line) };
}

/** The text of a configuration; empty when there is none. Undecodable bytes are refused, so that none is replaced. */
export function readConfigText(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Deno.readFileSync(path));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return "";
    const state = cause instanceof TypeError ? "it is not UTF-8 text" : "it cannot be opened";
    throw new MeterError("bad_config", `Cannot read ${path}: ${state}`, { cause });
  }
}

/**
 * Replaces the file whole, or not at all. A link is followed, and a file that is there keeps its mode; a new one is its
 * owner's alone.
 *
 * @param expected The text that was read before; a file that says something else by now is left alone.
 * @throws {MeterError} `bad_config`, or `failed` when it cannot be written.
 */
export function replaceConfigText(path: string, expected: string, text: string): void {
  if (readConfigText(path) !== expected) {
    throw new MeterError("bad_config", `Cannot change ${path}: another program changed it at the same time`, {
      hint: "Run the command again",
    });
  }
  let temporary: string | null = null;
  try {
    const target = resolved(path);
    temporary = `${target}.${crypto.randomUUID().slice(0, 8)}.tmp`;
    const mode = modeOf(target) ?? FILE_MODE;
    const file = Deno.openSync(temporary, { write: true, createNew: true, mode: FILE_MODE });
    try {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      file.syncSync();
    } finally {
      file.close();
    }
    Deno.chmodSync(temporary, mode);
    Deno.renameSync(temporary, target);
  } catch (cause) {
    if (temporary !== null) removeQuietly(temporary);
    const state = cause instanceof Error ? cause.name : "unknown error";
    throw new MeterError("failed", `Cannot write ${path}: ${state}`, { cause });
  }
}

/** A text that was good before can only be refused for how it goes together with what was added. */
function readAfter(path: string, before: string, after: string): Config {
  try {
    return readConfig(path, after);
  } catch (error) {
    if (!(error instanceof MeterError)) throw error;
    const line = locateKeys(before)(["pricing", "overrides"]);
    throw new MeterError(
      "bad_config",
      `Cannot add a price to ${path}: pricing.overrides in line ${line} is not written as [[pricing.overrides]] tables`,
      { hint: "Add the price there by hand, or write the list as tables", cause: error },
    );
  }
}

function readOrNull(path: string, text: string): Config | null {
  try {
    return readConfig(path, text);
  } catch (error) {
    if (error instanceof MeterError) return null;
    throw error;
  }
}

/** Whether `config` is `before` with these overrides and nothing else changed. */
function isExactly(config: Config, before: Config, overrides: readonly PriceOverride[]): boolean {
  return JSON.stringify(config) === JSON.stringify({ ...before, pricing: { overrides } });
}

function refusal(path: string, state: string): MeterError {
  return new MeterError("bad_config", `Cannot change ${path}: ${state}`, { hint: "Change the file by hand" });
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function resolved(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
}

function modeOf(path: string): number | null {
  try {
    return (Deno.statSync(path).mode ?? FILE_MODE) & 0o777;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was renamed already, or never made.
  }
}
