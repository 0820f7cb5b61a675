import { strictEqual as equal } from "node:assert/strict";
import { BACKGROUND, delayAfter, FOREGROUND, retryAfterOf } from "../../src/sync/backoff.ts";

Deno.test("delayAfter doubles its bound with each failure, up to the most, and jitters over all of it", () => {
  const most = (failures: number) => delayAfter(failures, null, BACKGROUND, () => 0.999_999);
  equal(most(1), 1_999);
  equal(most(2), 3_999);
  equal(most(5), 31_999);
  equal(most(9), 299_999);
  equal(most(1_000), 299_999);
  equal(delayAfter(9, null, BACKGROUND, () => 0), 0);
  equal(delayAfter(4, null, FOREGROUND, () => 0.5), 2_000);
  equal(delayAfter(0, null, FOREGROUND, () => 0.5), 250, "no failure counts as the first");
});

Deno.test("delayAfter never comes back before the server said, and not all machines at once", () => {
  equal(delayAfter(1, 30_000, BACKGROUND, () => 0), 30_000);
  equal(delayAfter(1, 30_000, BACKGROUND, () => 0.5), 31_000);
  equal(delayAfter(1, 10 ** 12, BACKGROUND, () => 0), 3_600_000, "a mistaken header does not stop the sync for good");
});

Deno.test("retryAfterOf reads seconds, and dates against the answer's own clock", () => {
  const [date, later] = ["Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:30 GMT"];
  const now = Date.parse("2026-04-15T12:00:00Z");
  equal(retryAfterOf("7", null, now), 7_000);
  equal(retryAfterOf(" 0 ", null, now), 0);
  equal(retryAfterOf(later, date, now), 30_000, "years away from this machine's clock, which does not matter");
  equal(retryAfterOf(date, later, now), 0);
  for (const odd of [null, "", "soon", "-3", "1e3"]) equal(retryAfterOf(odd, date, now), null, String(odd));
});

Deno.test("retryAfterOf takes this machine's clock for a date in an answer without one, and an absurd wait for a long one", () => {
  const now = Date.parse("2026-04-15T12:00:00Z");
  equal(retryAfterOf("Wed, 15 Apr 2026 12:02:00 GMT", null, now), 120_000);
  equal(retryAfterOf("Wed, 15 Apr 2026 12:02:00 GMT", "not a date", now), 120_000);
  equal(retryAfterOf("Wed, 15 Apr 2020 12:02:00 GMT", null, now), 0);
  for (const absurd of ["99999999999", "9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"]) {
    equal(delayAfter(1, retryAfterOf(absurd, null, now), BACKGROUND, () => 0), 3_600_000, absurd);
  }
});
