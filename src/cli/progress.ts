/**
 * A line on the terminal that is written over while something takes its time.
 *
 * Imports: ./output.ts (types).
 *
 * @module
 */

import type { Output } from "./output.ts";

/** Shows a text in place of the one before; `null` clears the line. */
export type Progress = (text: string | null) => void;

/** More often, and the terminal would be what takes the time. */
const EVERY_MS = 100;

/** Shows nothing when `stderr` is no terminal. */
export function progressOn(stderr: Output): Progress {
  if (stderr.columns === null) return () => {};
  let shownAt: number | null = null;
  return (text) => {
    if (text === null) {
      if (shownAt !== null) stderr.write("\r\x1b[K");
      shownAt = null;
    } else if (shownAt === null || performance.now() - shownAt >= EVERY_MS) {
      shownAt = performance.now();
      stderr.write(`\r\x1b[K${text}`);
    }
  };
}
