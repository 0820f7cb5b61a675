import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import {
  addDays,
  dateOf,
  daysBetween,
  isDate,
  isTimeZone,
  machineTimeZone,
  startOfDay,
  startOfMonth,
} from "../../src/domain/days.ts";

const HOUR = 3_600_000;

Deno.test("startOfDay is the first instant of the day, where clocks change too", () => {
  const begins: readonly (readonly [date: string, zone: string, utc: string])[] = [
    ["2026-01-01", "UTC", "2026-01-01T00:00:00.000Z"],
    ["2026-01-01", "Asia/Kathmandu", "2025-12-31T18:15:00.000Z"],
    ["2026-01-01", "Pacific/Kiritimati", "2025-12-31T10:00:00.000Z"],
    ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
    ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
    // Clocks go from 00:00 to 01:00: the day begins at 01:00.
    ["2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00.000Z"],
    ["2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"],
    // Clocks go back at 00:00: the day before has 25 hours.
    ["2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00.000Z"],
    // The zone skipped this day.
    ["2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
    ["2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
  ];
  for (const [date, zone, utc] of begins) equal(new Date(startOfDay(date, zone)).toISOString(), utc, `${zone} ${date}`);
});

Deno.test("daysBetween gives days that follow each other without gap, each as long as its clocks make it", () => {
  for (const zone of ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"]) {
    const days = daysBetween("2017-06-01", "2018-12-31", zone);
    equal(days.length, 579);
    for (const [index, day] of days.entries()) {
      equal(day.to, days[index + 1]?.from ?? startOfDay("2019-01-01", zone));
      equal(dateOf(day.from, zone), day.date);
      equal(dateOf(day.to - 1, zone), day.date);
    }
  }
  const lengths = new Set(
    daysBetween("2026-01-01", "2026-12-31", "Australia/Lord_Howe").map(({ from, to }) => to - from),
  );
  deepEqual([...lengths].sort(), [23.5 * HOUR, 24 * HOUR, 24.5 * HOUR]);
  deepEqual(daysBetween("2026-01-02", "2026-01-01", "UTC"), []);
});

Deno.test("daysBetween and startOfDay know the last day of all, and days before the first year", () => {
  for (const zone of ["UTC", "Pacific/Kiritimati", "America/New_York"]) {
    const days = daysBetween("9999-12-30", "9999-12-31", zone);
    deepEqual(days.map(({ date }) => date), ["9999-12-30", "9999-12-31"]);
    equal(dateOf((days[1]?.to ?? 0) - 1, zone), "9999-12-31");
  }
  equal(startOfDay(addDays("9999-12-31", 1), "UTC"), Date.UTC(10_000, 0, 1));
  equal(addDays(addDays("0001-01-01", -3_000_000), 3_000_000), "0001-01-01");
});

Deno.test("isDate takes dates that exist, isTimeZone zones with rules", () => {
  for (const good of ["2024-02-29", "0001-01-01", "9999-12-31"]) equal(isDate(good), true, good);
  for (const bad of ["2026-02-29", "2026-13-01", "0000-01-01", "2026-1-1", "", "2026-01-01T00:00", "26-01-01"]) {
    equal(isDate(bad), false, bad);
  }
  for (const good of ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"]) {
    equal(isTimeZone(good), true);
  }
  for (const bad of ["", "Mars/Olympus", "+02:00", "../etc", "Europe/Berlin\n", "a".repeat(65)]) {
    equal(isTimeZone(bad), false);
  }
  equal(isTimeZone(machineTimeZone()), true);
});

Deno.test("addDays and startOfMonth reckon with the calendar", () => {
  equal(addDays("2024-02-28", 1), "2024-02-29");
  equal(addDays("2026-01-01", -1), "2025-12-31");
  equal(startOfMonth("2026-03-31"), "2026-03-01");
  equal(startOfMonth("2026-01-31", -1), "2025-12-01");
  equal(startOfMonth("2026-12-15", 1), "2027-01-01");
});
