import { equal } from "node:assert/strict";
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
  equal(retryAfterOf("7", null), 7_000);
  equal(retryAfterOf(" 0 ", null), 0);
  const [date, later] = ["Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:30 GMT"];
  equal(retryAfterOf(later, date), 30_000, "years away from this machine's clock, which does not matter");
  equal(retryAfterOf(date, later), 0);
  for (const odd of [null, "", "soon", "-3", "1e3", "99999999999"]) equal(retryAfterOf(odd, date), null, String(odd));
  equal(retryAfterOf(later, null), null);
});
