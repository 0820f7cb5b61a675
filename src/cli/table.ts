/**
 * Text tables that fit a terminal: columns are dropped, then names cut, until the width is kept. Pure: colour is a pair of
 * functions given from outside.
 *
 * Text from outside, such as a model's name, is shown with control characters replaced, so that a response cannot steer the
 * terminal.
 *
 * Imports: picocolors (only when colour is wanted).
 *
 * @module
 */

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
/** A name is never cut below this many cells; narrower terminals wrap. */
const MIN_NAME_WIDTH = 8;

/** Double-width characters by block; combining marks take no cell. Good enough for names, which are nearly always ASCII. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const NO_CELL = /\p{M}|\u200d|\ufe0f/u;

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
    return { column, cells, width: Math.max(displayWidth(column.title), ...cells.map(displayWidth)) };
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
  const line = (texts: readonly string[]) =>
    shown.map(({ column, width }, index) => pad(cut(texts[index] ?? "", width), width, column.align))
      .join(GAP).trimEnd();
  return [
    paint.dim(line(shown.map(({ column }) => column.title))),
    ...rows.map((_, index) => line(shown.map(({ cells }) => cells[index] ?? ""))),
  ];
}

/** Joins pieces with ` · `, starting a new line where the width would be passed. */
export function flow(pieces: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    const joined = last === undefined ? piece : `${last} · ${piece}`;
    if (last !== undefined && displayWidth(joined) <= width) lines[lines.length - 1] = joined;
    else lines.push(piece);
  }
  return lines;
}

/** Cells that a text takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += NO_CELL.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** Text without characters that would move the cursor, change the reading order or hide. */
export function showable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

/** Cuts to a width, with an ellipsis for what is gone. */
function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  for (const character of text) {
    if (displayWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + space : space + text;
}
