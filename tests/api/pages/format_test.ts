import { strictEqual as equal } from "node:assert/strict";
import {
  ago,
  axisMoney,
  bytes,
  clock,
  compact,
  count,
  counted,
  DASH,
  day,
  duration,
  exactMoney,
  grouped,
  longDay,
  moment,
  money,
  percent,
  shortDay,
  soon,
  words,
} from "../../../src/api/pages/format.ts";

/** Spaces that do not break, as plain ones. */
function plain(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, " ");
}

Deno.test("money() shows two decimals from a dollar on, more below, and never rounds something to nothing", () => {
  const cases: [bigint, string][] = [
    [0n, "$0.00"],
    [1n, "<$0.000001"],
    [1_000_000n, "$0.000001"],
    [9_999_999_999n, "$0.010000"],
    [10_000_000_000n, "$0.0100"],
    [30_120_000_000n, "$0.0301"],
    [999_999_999_999n, "$1.00"],
    [1_000_000_000_000n, "$1.00"],
    [12_345_678_900_000_000n, "$12 345.68"],
    [1_234_500_000_000_000n, "$1234.50"],
    [-2_500_000_000_000n, "−$2.50"],
  ];
  for (const [pico, text] of cases) equal(plain(money(pico)), text, String(pico));
});

Deno.test("money() shows half a millionth and less as less than a millionth", () => {
  for (const pico of [1n, 250_000n, 499_999n, 500_000n]) equal(money(pico), "<$0.000001", String(pico));
  equal(money(500_001n), "$0.000001");
});

Deno.test("exactMoney() keeps every digit", () => {
  equal(exactMoney(30_120_000_000n), "$0.03012");
  equal(exactMoney(1n), "$0.000000000001");
  equal(exactMoney(0n), "$0");
  equal(exactMoney(-1_500_000_000_000n), "−$1.5");
});

Deno.test("axisMoney() uses as few digits as tell ticks apart", () => {
  equal(axisMoney(0n), "$0");
  equal(axisMoney(2_500_000_000_000n), "$2.5");
  equal(plain(axisMoney(12_000_000_000_000_000n)), "$12 000");
  equal(axisMoney(50_000_000_000n), "$0.05");
});

Deno.test("counts are grouped thinly, and five digits are the first that are", () => {
  equal(plain(count(1_284)), "1284");
  equal(plain(count(12_840)), "12 840");
  equal(plain(grouped("1234567")), "1 234 567");
  equal(count(-3), "−3");
  equal(counted(1, "call"), "1 call");
  equal(counted(2, "body", "bodies"), "2 bodies");
});

Deno.test("compact() shows three digits and never a thousand of a unit", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [984, "984"],
    [999.6, "1.00 k"],
    [12_840, "12.8 k"],
    [999_949, "1.00 M"],
    [1_280_000, "1.28 M"],
    [4_217_000_000, "4.22 B"],
  ];
  for (const [value, text] of cases) equal(plain(compact(value)), text, String(value));
});

Deno.test("percent() tells little from nothing, and nothing from no whole", () => {
  equal(plain(percent(1, 1_000)), "<1 %");
  equal(plain(percent(0, 10)), "0 %");
  equal(plain(percent(5, 8)), "63 %");
  equal(percent(0, 0), DASH);
});

Deno.test("duration() and bytes() choose their unit without overflowing it", () => {
  const durations: [number, string][] = [
    [0.42, "0.4 ms"],
    [84, "84 ms"],
    [999.7, "1.00 s"],
    [13_640, "13.6 s"],
    [59_960, "1 min 0 s"],
    [3_725_000, "1 h 2 min"],
    [200_000_000, "2 days"],
  ];
  for (const [ms, text] of durations) equal(plain(duration(ms)), text, String(ms));
  equal(plain(bytes(512)), "512 B");
  equal(plain(bytes(1_048_575)), "1.0 MB");
  equal(plain(bytes(1_912_000)), "1.8 MB");
});

Deno.test("moments are as short as they are unambiguous", () => {
  const now = new Date(2026, 3, 15, 13, 7, 21).getTime();
  equal(moment(now - 1_000, now), "13:07:20");
  equal(plain(moment(new Date(2026, 2, 2, 9, 5).getTime(), now)), "2 Mar 09:05");
  equal(plain(moment(new Date(2025, 2, 2, 9, 5).getTime(), now)), "2 Mar 2025 09:05");
  equal(soon(now, now), "13:07");
  equal(clock(now), "13:07:21");
  equal(day(now), "2026-04-15");
  equal(plain(shortDay(now)), "15 Apr");
  equal(plain(longDay(now)), "15 Apr 2026");
  equal(ago(now - 30_000, now), "just now");
  equal(ago(now + 5_000, now), "just now");
  equal(ago(now - 300_000, now), "5 min ago");
  equal(ago(now - 47 * 3_600_000, now), "47 h ago");
  equal(ago(now - 50 * 3_600_000, now), "2 days ago");
});

Deno.test("words() makes a program's name readable", () => equal(words("bodies.purged_all"), "bodies purged all"));
