/**
 * Figures and how they are shown.
 *
 * @module
 */

/** One measured value. `bar` is null where the budget sets none. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly bar: Bar | null;
  /** What the value was made of. */
  readonly detail: string;
}

/** The value that the budget asks for. */
export interface Bar {
  readonly at: "least" | "most";
  readonly value: number;
}

/** Whether a figure is within its bar; null without a bar, or without a value. */
export function meets({ value, bar }: Figure): boolean | null {
  if (bar === null || !Number.isFinite(value)) return null;
  return bar.at === "least" ? value >= bar.value : value <= bar.value;
}

/** The `share` quantile of a list, 0 to 1; NaN of an empty one. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A table of figures, columns as wide as they need to be. */
export function renderFigures(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    `${shown(figure.value)} ${figure.unit}`.trim(),
    figure.bar === null
      ? ""
      : `${figure.bar.at === "least" ? "≥" : "≤"} ${figure.bar.value} ${figure.bar ? figure.unit : ""}`.trim(),
    { true: "meets", false: "misses", null: "" }[String(meets(figure))] ?? "",
    figure.detail,
  ]);
  const table = [["figure", "measured", "bar", "verdict", "made of"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()).join(
    "\n",
  );
}

function shown(value: number): string {
  if (!Number.isFinite(value)) return "?";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
