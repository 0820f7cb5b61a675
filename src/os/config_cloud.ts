/**
 * Changes of `[cloud]` in config.toml by this program: single keys are set or taken out, every other byte stays as it is.
 *
 * Works on lines, and trusts itself with nothing: the text after a change is read and checked as a whole and has to say exactly
 * what was meant, or the change is refused and the file stays. So a text that is written in an unforeseen way, such as with
 * inline tables, is never damaged.
 *
 * Imports: domain, ./config_file.ts.
 *
 * @module
 */

import { parse, stringify } from "smol-toml";
import { parseConfig } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import { readConfig } from "./config_file.ts";

/** A key below `cloud` as its names, and its value; `null` = take it out. */
export interface CloudChange {
  readonly key: readonly string[];
  readonly value: string | boolean | null;
}

/** One line that begins a table, or sets a key to something that ends in the line. */
interface Line {
  readonly text: string;
  /** Of a header: its names. Of a key: names of its table and its own. */
  readonly path: readonly string[] | null;
  readonly kind: "header" | "key" | "other";
}

/**
 * Makes the changes, in order.
 *
 * @param path Named in messages; not opened.
 * @throws {MeterError} `bad_config` when the text is not a good configuration before, or cannot be changed line by line.
 */
export function changeCloud(path: string, text: string, changes: readonly CloudChange[]): string {
  readConfig(path, text);
  const wanted = changes.reduce<unknown>(
    (raw, change) => withChange(raw, ["cloud", ...change.key], change.value),
    parse(text),
  );
  const { config: meant } = parseConfig(wanted);
  if (meant === null) throw refusal(path, "the setting would not pass its own check");
  const edited = changes.reduce((before, change) => edit(before, change), text);
  let config: unknown;
  try {
    config = readConfig(path, edited);
  } catch {
    config = null;
  }
  if (JSON.stringify(config) === JSON.stringify(meant)) return edited;
  throw refusal(path, "[cloud] is written in a way that cannot be changed line by line");
}

function edit(text: string, { key, value }: CloudChange): string {
  const eol = /\r\n/.test(text) ? "\r\n" : "\n";
  const lines = linesOf(text);
  const full = ["cloud", ...key];
  const at = lines.findIndex((line) => line.kind === "key" && same(line.path, full));
  if (at >= 0) {
    const line = lines[at]?.text ?? "";
    const changed = value === null
      ? []
      : [line.replace(VALUE, (_all, before, _old, after) => before + toml(value) + after)];
    return joined(lines.map(({ text }) => text).toSpliced(at, 1, ...changed));
  }
  if (value === null) return text;
  const table = full.slice(0, -1);
  const added = `${keyText(full.slice(-1))} = ${toml(value)}${eol}`;
  const header = lines.findIndex((line) => line.kind === "header" && same(line.path, table));
  const texts = lines.map(({ text }) => text);
  if (header >= 0) {
    const ended = (texts[header] ?? "").endsWith("\n") ? texts : texts.with(header, texts[header] + eol);
    return joined(ended.toSpliced(header + 1, 0, added));
  }
  const gap = text === "" ? "" : text.endsWith("\n") ? eol : eol + eol;
  return `${text}${gap}[${keyText(table)}]${eol}${added}`;
}

const HEADER = /^\s*\[((?:[^\[\]"'#]|"(?:[^"\\]|\\.)*"|'[^']*')+)\]\s*(?:#.*)?$/;
/** Up to the value, the value, and what follows it. */
const VALUE =
  /^(\s*(?:[A-Za-z0-9_.-]|"(?:[^"\\]|\\.)*"|'[^']*'|[ \t])+=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|true|false)([ \t]*(?:#[^\r\n]*)?\r?\n?)$/;

function linesOf(text: string): Line[] {
  let table: readonly string[] = [];
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line): Line => {
    const header = HEADER.exec(line.trimEnd())?.[1];
    if (header !== undefined) {
      table = namesIn(header) ?? ["?"];
      return { text: line, path: table, kind: "header" };
    }
    if (/^\s*\[/.test(line)) table = ["?"]; // A list of tables, or the inside of a list: no key of ours.
    const found = VALUE.exec(line)?.[1];
    const names = found === undefined ? null : namesIn(found.replace(/=\s*$/, ""));
    return names === null
      ? { text: line, path: null, kind: "other" }
      : { text: line, path: [...table, ...names], kind: "key" };
  });
}

/** The names of a dotted key; `null` for what is none. */
function namesIn(dotted: string): string[] | null {
  const parts = dotted.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+/g) ?? [];
  if (dotted.replace(/"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+|[ \t.]/g, "") !== "") return null;
  return parts.map((part) => /^["']/.test(part) ? part.slice(1, -1) : part);
}

/** A key as TOML writes it; names of ours need no escapes beyond JSON's. */
function keyText(names: readonly string[]): string {
  return names.map((name) => /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)).join(".");
}

function toml(value: string | boolean): string {
  return stringify({ value }).replace(/^value = /, "").trimEnd();
}

function withChange(raw: unknown, path: readonly string[], value: string | boolean | null): unknown {
  const [name, ...rest] = path;
  const table: Record<string, unknown> = typeof raw === "object" && raw !== null ? { ...raw } : {};
  if (name === undefined) return raw;
  if (rest.length > 0) {
    // What is not there need not be taken out.
    if (value !== null || Object.hasOwn(table, name)) table[name] = withChange(table[name], rest, value);
  } else if (value === null) delete table[name];
  else table[name] = value;
  return table;
}

function same(a: readonly string[] | null, b: readonly string[]): boolean {
  return a !== null && a.length === b.length && a.every((name, index) => name === b[index]);
}

function joined(lines: readonly string[]): string {
  return lines.join("");
}

function refusal(path: string, state: string): MeterError {
  return new MeterError("bad_config", `Cannot change ${path}: ${state}`, { hint: "Change the file by hand" });
}
