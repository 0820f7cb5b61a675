/**
 * Calendar days in a time zone: where each begins, whatever the clocks do. A day begins at its first instant, which is not
 * midnight where clocks are put forward then, and it is empty where a zone skipped it (Apia, 2011-12-30).
 *
 * Instants are UTC epoch ms; dates are `YYYY-MM-DD` of the proleptic Gregorian calendar, years 0001 to 9999. Zones and their
 * rules are those of the runtime's copy of the IANA database.
 *
 * Imports nothing.
 *
 * @module
 */

/** One local day. Half open, as long as the clocks make it. */
export interface Day {
  readonly date: string;
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;

/** No zone has ever been further from UTC than this. */
const FURTHEST_OFFSET_MS = 26 * 3_600_000;

/** Days that {@link startOfDay} remembers. */
const MAX_REMEMBERED = 4_000;

/** The zone that the runtime took from its environment. */
export function machineTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
}

/** Whether the runtime knows a zone of this name. Offsets such as `+02:00` are no zones: they have no rules. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\/-]{0,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Whether `text` is a date that exists. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text.startsWith("0000")) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** The local date of an instant. */
export function dateOf(at: number, timeZone: string): string {
  return isoDate(wallClock(at, timeZone));
}

/** The date `days` later, or earlier. */
export function addDays(date: string, days: number): string {
  return isoDate(midnightUtc(date) + days * DAY_MS);
}

/** The first date of the month `months` after that of `date`. */
export function startOfMonth(date: string, months = 0): string {
  const at = new Date(midnightUtc(date));
  at.setUTCDate(1);
  at.setUTCMonth(at.getUTCMonth() + months);
  return isoDate(at.getTime());
}

const remembered = new Map<string, number>();

/** The first instant of a local day. */
export function startOfDay(date: string, timeZone: string): number {
  const key = `${timeZone} ${date}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const start = findStart(midnightUtc(date), timeZone);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(key, start);
  return start;
}

/** The days from `first` to `last`, both included; empty when `last` is before `first`. */
export function daysBetween(first: string, last: string, timeZone: string): Day[] {
  const days: Day[] = [];
  let from = startOfDay(first, timeZone);
  // Instants, since as text the day after 9999-12-31 is before it.
  const end = midnightUtc(last);
  for (let date = first; midnightUtc(date) <= end;) {
    const next = addDays(date, 1);
    const to = startOfDay(next, timeZone);
    days.push({ date, from, to });
    [date, from] = [next, to];
  }
  return days;
}

/** @param midnight What the wall clock shows, as if it were UTC. */
function findStart(midnight: number, timeZone: string): number {
  const offsetNear = wallClock(midnight, timeZone) - midnight;
  const likely = midnight - offsetNear;
  for (const start of [likely, midnight - (wallClock(likely, timeZone) - likely)]) {
    if (wallClock(start, timeZone) === midnight && wallClock(start - 1000, timeZone) === midnight - 1000) return start;
  }
  // Clocks change here: the first instant at which they show this day or a later one.
  let [before, after] = [midnight - FURTHEST_OFFSET_MS, midnight + FURTHEST_OFFSET_MS];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallClock(middle, timeZone) >= midnight) after = middle;
    else before = middle;
  }
  return after;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the wall clock shows at an instant, as if it were UTC, cut to the second. */
function wallClock(at: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    if (formats.size > 50) formats.clear();
    formats.set(timeZone, format);
  }
  const parts: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(at)) parts[type] = value;
  const number = (type: string) => Number(parts[type]);
  const year = parts["era"] === "BC" ? 1 - number("year") : number("year");
  const clock = new Date(0);
  clock.setUTCFullYear(year, number("month") - 1, number("day"));
  clock.setUTCHours(number("hour"), number("minute"), number("second"));
  return clock.getTime();
}

/** Takes the years beside 0001 to 9999 too, as {@link isoDate} writes them: a period may end on the last of these days. */
function midnightUtc(date: string): number {
  const clock = new Date(0);
  clock.setUTCFullYear(Number(date.slice(0, -6)), Number(date.slice(-5, -3)) - 1, Number(date.slice(-2)));
  return clock.getTime();
}

function isoDate(at: number): string {
  const clock = new Date(at);
  const year = String(clock.getUTCFullYear()).padStart(4, "0");
  return `${year}-${String(clock.getUTCMonth() + 1).padStart(2, "0")}-${String(clock.getUTCDate()).padStart(2, "0")}`;
}
