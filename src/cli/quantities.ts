/**
 * Amounts and moments as people read them.
 *
 * Imports: ./report_period.ts.
 *
 * @module
 */

import { dayLabel } from "./report_period.ts";

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** `512 B`, `1.5 KB`, `23 MB`; a kilobyte is 1,024 bytes. */
export function bytesLabel(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1_023.95 && unit < UNITS.length - 1) {
    amount /= 1_024;
    unit += 1;
  }
  const digits = unit === 0 || amount >= 99.95 ? 0 : 1;
  return `${amount.toFixed(digits)} ${UNITS[unit]}`;
}

/** Local date and time of an instant, `2026-04-15 13:07:21`. */
export function momentLabel(at: number): string {
  const date = new Date(at);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${dayLabel(at)} ${time.map((part) => String(part).padStart(2, "0")).join(":")}`;
}

/** `1 call`, `2 calls`. */
export function countLabel(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
