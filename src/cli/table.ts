/**
 * Text tables that fit a terminal: columns are dropped, then names cut, until the width is kept. Pure: colour is a pair of
 * functions given from outside.
 *
 * Text from outside, such as a model's name, is shown with control characters replaced, so that a response cannot steer the
 * terminal.
 *
 * Imports: cli-table3, string-width, picocolors (only when colour is wanted).
 *
 * @module
 */

import Table from "cli-table3";
import stringWidth from "string-width";

/** Where text goes. */
export interface Screen {
  /** Width in cells. */
  readonly columns: number;
  /** Whether escape sequences may be used: a terminal, and `NO_COLOR` not set. */
  readonly colour: boolean;
}

/** Marks text up, or leaves it alone. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  yellow(text: string): string;
}

/** One column. */
export interface Column<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  /** 0 = always shown; else the highest number is the first to be dropped. */
  readonly drop: number;
  cell(row: Row): string;
}

const GAP = "  ";
/** Columns apart by a gap, no rules drawn. */
const NO_LINES = {
  "top": "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  "bottom": "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  "left": "",
  "left-mid": "",
  "mid": "",
  "mid-mid": "",
  "right": "",
  "right-mid": "",
  "middle": GAP,
};
/** A name is never cut below this many cells; narrower terminals wrap. */
const MIN_NAME_WIDTH = 8;

/** Loads colours only when they are wanted; the package costs more start-up time than a report. */
export async function loadPaint(colour: boolean): Promise<Paint> {
  if (!colour) return { bold: (text) => text, dim: (text) => text, yellow: (text) => text };
  const { createColors } = (await import("picocolors")).default;
  return createColors(true);
}

/** Lays rows out below a dim heading line. The first column holds names and is the one that gets cut. */
export function layoutTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  paint: Paint,
): string[] {
  let shown = columns.map((column) => {
    const cells = rows.map((row) => showable(column.cell(row)));
    return { column, cells, width: Math.max(stringWidth(column.title), ...cells.map((cell) => stringWidth(cell))) };
  });
  const total = () => shown.reduce((sum, { width }) => sum + width, GAP.length * (shown.length - 1));
  while (total() > width) {
    const least = Math.max(...shown.map(({ column }) => column.drop));
    if (least === 0) break;
    shown = shown.filter(({ column }) => column.drop !== least);
  }
  const names = shown[0];
  if (names !== undefined && total() > width) {
    names.width = Math.max(MIN_NAME_WIDTH, names.width - (total() - width));
  }
  const table = new Table({
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colAligns: shown.map(({ column }) => column.align),
    colWidths: shown.map(({ width }) => width),
  });
  table.push(
    shown.map(({ column }) => column.title),
    ...rows.map((_, index) => shown.map(({ cells }) => cells[index] ?? "")),
  );
  const [heading = "", ...lines] = table.toString().split("\n").map((line) => line.trimEnd());
  return [paint.dim(heading), ...lines];
}

/** Joins pieces with ` · `, starting a new line where the width would be passed. */
export function flow(pieces: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    const joined = last === undefined ? piece : `${last} · ${piece}`;
    if (last !== undefined && stringWidth(joined) <= width) lines[lines.length - 1] = joined;
    else lines.push(piece);
  }
  return lines;
}

/** Breaks a sentence between words where the width would be passed; what follows the first line is set in by two. */
export function wrapped(sentence: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && stringWidth(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `  ${word}`);
  }
  return lines;
}

/** Text without characters that would move the cursor, change the reading order or hide. */
export function showable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

/** A value as JSON of the same meaning, in which such characters are written as escapes. */
export function showableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
