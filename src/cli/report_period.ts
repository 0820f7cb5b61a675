/**
 * Which time a report covers: words from the command line to a range, and a range to its label. Days are those of the
 * machine's time zone; time itself is an argument.
 *
 * Imports: domain, store (types).
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { TimeRange } from "../store/queries.ts";

/** The flags as typed. */
export interface PeriodFlags {
  readonly since?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly today?: boolean | undefined;
}

const DEFAULT_SINCE = "30d";
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** A hundred years, beyond which a typing error is likelier. */
const MAX_DAYS = 36_500;

/**
 * @param now UTC epoch ms. A call made at this very millisecond is included.
 * @throws {MeterError} `wrong_usage` for flags that contradict each other or cannot be read.
 */
export function periodOf(flags: PeriodFlags, now: number): TimeRange {
  const ways = [flags.since !== undefined, flags.from !== undefined || flags.to !== undefined, flags.today === true];
  if (ways.filter(Boolean).length > 1) {
    throw new MeterError("wrong_usage", "Cannot tell the period: --since, --from/--to and --today exclude each other", {
      hint: "Give one of them",
    });
  }
  const to = now + 1;
  if (flags.today === true) return { from: localDay(now, 0), to };
  if (flags.from === undefined && flags.to === undefined) {
    return { from: parseSince(flags.since ?? DEFAULT_SINCE, now), to };
  }
  if (flags.from === undefined) {
    throw new MeterError("wrong_usage", "Cannot tell the period: --to without --from", {
      hint: "Add --from YYYY-MM-DD",
    });
  }
  const from = parseDay(flags.from, "--from", 0);
  const until = flags.to === undefined ? to : parseDay(flags.to, "--to", 1);
  if (until <= from) {
    throw new MeterError("wrong_usage", "Cannot tell the period: it ends before it begins", {
      hint: "Give a --from that is not after --to",
    });
  }
  return { from, to: until };
}

/**
 * When a span such as `7d`, `24h`, `5m`, `2w` or `30` (days) before now began. Days and weeks keep the time of day when
 * clocks change in between.
 *
 * @param flag Named in the message.
 * @returns UTC epoch ms.
 * @throws {MeterError} `wrong_usage`
 */
export function parseSince(text: string, now: number, flag = "--since"): number {
  const found = /^(\d{1,9})([mhdw]?)$/.exec(text.trim().toLowerCase());
  const amount = Number(found?.[1] ?? 0);
  const unit = found?.[2] || "d";
  const days = unit === "w" ? amount * 7 : amount;
  const tooLong = unit === "m" ? amount * MINUTE > MAX_DAYS * 24 * HOUR : days > MAX_DAYS * (unit === "h" ? 24 : 1);
  if (amount < 1 || tooLong) {
    throw new MeterError("wrong_usage", `Cannot read ${flag} ${JSON.stringify(text)}: it is not a span of time`, {
      hint: "Write days as 30 or 7d, hours as 24h, minutes as 5m",
    });
  }
  if (unit === "m") return now - amount * MINUTE;
  if (unit === "h") return now - amount * HOUR;
  const start = new Date(now);
  start.setDate(start.getDate() - days);
  return start.getTime();
}

/** The range of equal length that ends where this one begins. */
export function periodBefore(range: TimeRange): TimeRange {
  return { from: range.from - (range.to - range.from), to: range.from };
}

/** `2026-04-01 → 2026-04-30`; with times of day when the range is short and not made of whole days. */
export function periodLabel(range: TimeRange): string {
  const short = range.to - range.from < 48 * HOUR;
  const whole = localDay(range.from, 0) === range.from;
  const last = range.to - 1;
  return short && !whole
    ? `${dayLabel(range.from)} ${timeLabel(range.from)} → ${dayLabel(last)} ${timeLabel(last)}`
    : `${dayLabel(range.from)} → ${dayLabel(last)}`;
}

/** Local date of an instant, `YYYY-MM-DD`. */
export function dayLabel(at: number): string {
  const date = new Date(at);
  const year = String(date.getFullYear()).padStart(4, "0");
  return `${year}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

/** Local time of an instant, `HH:MM`. */
export function timeLabel(at: number): string {
  const date = new Date(at);
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

/** Begin of the local day `offset` days after the one of `at`. */
function localDay(at: number, offset: number): number {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + offset).getTime();
}

/** Where the local days of a range begin, and where the last one ends; both ends of the range are among them. */
export function localDays(range: TimeRange): number[] {
  const boundaries = [range.from];
  for (let at = range.from; at < range.to;) {
    at = Math.min(localDay(at, 1), range.to);
    boundaries.push(at);
  }
  return boundaries;
}

/**
 * The boundaries of the period before, day for day: those of `days` as many whole days earlier as the period is long, kept
 * within `before`, whose ends come first and last. As many as there are in `days`.
 */
export function localDaysBefore(days: readonly number[], before: TimeRange): number[] {
  const whole = Math.max(1, Math.round((before.to - before.from) / (24 * HOUR)));
  return days.map((at, index) => {
    if (index === 0) return before.from;
    if (index === days.length - 1) return before.to;
    return Math.min(Math.max(localDay(at, -whole), before.from), before.to);
  });
}

function parseDay(text: string, flag: string, offset: number): number {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim());
  const day = found === null ? null : new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3]));
  // 2026-02-30 would quietly become a day in March.
  if (day === null || dayLabel(day.getTime()) !== text.trim()) {
    throw new MeterError("wrong_usage", `Cannot read ${flag} ${JSON.stringify(text)}: it is not a date`, {
      hint: "Write dates as YYYY-MM-DD",
    });
  }
  return localDay(day.getTime(), offset);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
