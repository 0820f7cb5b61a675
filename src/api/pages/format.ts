/**
 * Amounts, counts, durations and moments as a reader takes them in. What is not known reads as such and never as 0.
 *
 * Digits are grouped by a narrow no-break space, which no locale takes for a decimal mark. Times are local to this machine.
 *
 * Imports: domain.
 *
 * @module
 */

import { PICO_PER_USD, roundHalfEven } from "../../domain/money.ts";

/** What stands where a value is not known and a word would not fit. */
export const DASH = "—";

const GROUP = "\u202f";
const MINUS = "\u2212";

/** Whole digits in groups of three; four digits stay together. */
export function grouped(digits: string): string {
  return digits.length < 5 ? digits : digits.replace(/\d(?=(?:\d{3})+$)/g, `$&${GROUP}`);
}

/** A whole number: `1284`, `12 840`. */
export function count(value: number): string {
  const text = grouped(String(Math.abs(Math.round(value))));
  return value < 0 ? MINUS + text : text;
}

/** `1 call`, `12 calls`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/**
 * Dollars from pico-dollars: two decimals from one dollar on, four below, six below a cent; what is less than a millionth
 * says so. Rounded half to even from the exact value.
 */
export function money(pico: bigint): string {
  const size = pico < 0n ? -pico : pico;
  const sign = pico < 0n ? MINUS : "";
  if (size === 0n) return "$0.00";
  if (size <= 500_000n) return `${sign}<$0.000001`;
  const places = size >= PICO_PER_USD ? 2 : size >= PICO_PER_USD / 100n ? 4 : 6;
  const scaled = roundHalfEven(size, 10n ** BigInt(12 - places));
  const digits = scaled.toString().padStart(places + 1, "0");
  const point = digits.length - places;
  const [whole, fraction] = [digits.slice(0, point), digits.slice(point)];
  return `${sign}$${grouped(whole)}.${scaled >= 10n ** BigInt(places) ? fraction.slice(0, 2) : fraction}`;
}

/** Dollars for the axis of a chart: as few digits as tell ticks apart. */
export function axisMoney(pico: bigint): string {
  if (pico === 0n) return "$0";
  const dollars = Number(pico) / 1e12;
  if (dollars >= 1) return `$${grouped(String(Math.round(dollars * 100) / 100))}`;
  return `$${Number(dollars.toPrecision(2))}`;
}

/** All digits of an amount, for a tooltip. */
export function exactMoney(pico: bigint): string {
  const size = (pico < 0n ? -pico : pico).toString().padStart(13, "0");
  const fraction = size.slice(-12).replace(/0+$/, "");
  return `${pico < 0n ? MINUS : ""}$${size.slice(0, -12)}${fraction === "" ? "" : `.${fraction}`}`;
}

const STEPS: readonly (readonly [number, string])[] = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];

/** A large count in three digits: `984`, `12.8 k`, `1.28 M`. */
export function compact(value: number): string {
  for (const [size, unit] of STEPS) {
    if (Math.abs(value) < size * 0.9995) continue;
    const shown = value / size;
    const places = Math.abs(shown) >= 99.95 ? 0 : Math.abs(shown) >= 9.995 ? 1 : 2;
    return `${shown.toFixed(places)}\u00a0${unit}`;
  }
  return count(value);
}

/** A share of a whole, `43 %`; less than half a percent that is not nothing reads `<1 %`. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return DASH;
  const share = (part / whole) * 100;
  if (share > 0 && share < 0.5) return "<1\u00a0%";
  return `${Math.round(share)}\u00a0%`;
}

/** Milliseconds as `84 ms`, `1.24 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${ms < 9.95 ? Number(ms.toFixed(1)) : Math.round(ms)}\u00a0ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(ms < 9_995 ? 2 : 1)}\u00a0s`;
  const seconds = Math.round(ms / 1_000);
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600)];
  if (hours === 0) return `${minutes}\u00a0min ${seconds % 60}\u00a0s`;
  if (hours < 48) return `${hours}\u00a0h ${minutes % 60}\u00a0min`;
  return `${Math.floor(hours / 24)}\u00a0days`;
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** `512 B`, `1.5 KB`; a kilobyte is 1,024 bytes. */
export function bytes(value: number): string {
  let [amount, unit] = [value, 0];
  while (amount >= 1_023.95 && unit < UNITS.length - 1) {
    amount /= 1_024;
    unit += 1;
  }
  return `${amount.toFixed(unit === 0 || amount >= 99.95 ? 0 : 1)}\u00a0${UNITS[unit]}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Local day of an instant, `2026-04-15`. */
export function day(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Local day of an instant without its year, `15 Apr`. */
export function shortDay(at: number): string {
  const date = new Date(at);
  return `${date.getDate()}\u00a0${MONTHS[date.getMonth()]}`;
}

/** Local day of an instant in words, `15 Apr 2026`. */
export function longDay(at: number): string {
  return `${shortDay(at)} ${new Date(at).getFullYear()}`;
}

/** Local time of day, `13:07:21`. */
export function clock(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

/** Local date and time, as short as it is unambiguous on the day `now`: `13:07:21`, `15 Apr 13:07`, `15 Apr 2025 13:07`. */
export function moment(at: number, now: number): string {
  if (day(at) === day(now)) return clock(at);
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return `${sameYear ? shortDay(at) : longDay(at)} ${clock(at).slice(0, 5)}`;
}

/** Local date and time to the minute, the date left out on the day `now`. */
export function soon(at: number, now: number): string {
  return day(at) === day(now) ? clock(at).slice(0, 5) : moment(at, now);
}

/** How long ago: `just now`, `5 min ago`, `3 h ago`, `12 days ago`. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1_000));
  if (seconds < 60) return "just now";
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3_600) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} days ago`;
}

/** An identifier made for programs, as words: `usage_unknown` is `usage unknown`. */
export function words(name: string): string {
  return name.replaceAll("_", " ").replaceAll(".", " ");
}
