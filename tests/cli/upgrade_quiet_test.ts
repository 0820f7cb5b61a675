import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { type CallsUnderWay, callsUnderWay, type QuietLimits, untilQuiet } from "../../src/cli/upgrade_quiet.ts";
import type { DaemonStatus } from "../../src/roles/daemon_status.ts";

/** No wait ends by the clock but where a test asks for it. */
const PATIENT: QuietLimits = { pollMs: 1, longMs: 8_000, shortWaitMs: 3_600_000, longWaitMs: 3_600_000 };

/** Looks that find these one after the other. @returns how many were asked for, and what was said. */
async function wait(found: readonly (CallsUnderWay | null)[], limits: QuietLimits) {
  const said: string[] = [];
  let looks = 0;
  await untilQuiet(() => Promise.resolve(found[Math.min(looks++, found.length - 1)] ?? null), (line) => {
    said.push(line);
  }, limits);
  return { looks, said };
}

const short = { count: 2, longestMs: 300 };
const long = { count: 1, longestMs: 42_000 };

Deno.test("untilQuiet returns at the first look without a call, and at once where a daemon does not tell", async () => {
  deepEqual(await wait([short, long, short, { count: 0, longestMs: 0 }], PATIENT), { looks: 4, said: [] });
  equal((await wait([null], PATIENT)).looks, 1);
});

Deno.test("untilQuiet does not wait for short calls that never pause", async () => {
  const { looks, said } = await wait([short], { ...PATIENT, shortWaitMs: 0 });
  deepEqual([looks, said], [1, []]);
});

Deno.test("untilQuiet says that it waits for a long call, and does so also after short ones have come in its place", async () => {
  const { looks, said } = await wait([long, short, short, { count: 0, longestMs: 0 }], { ...PATIENT, shortWaitMs: 0 });
  equal(looks, 4);
  equal(said.length, 1);
  match(said[0] ?? "", /^Waiting for 1 call under way, 60 minutes at most; Ctrl-C leaves everything as it is$/);
});

Deno.test("untilQuiet goes on when the longest wait is over, and says what that means", async () => {
  const { looks, said } = await wait([long], { ...PATIENT, longWaitMs: 0 });
  deepEqual([looks, said], [1, ["Going on with 1 call under way: what takes 10 seconds more is cut off"]]);
});

Deno.test("callsUnderWay reads the interceptor's counters, and knows nothing of a daemon without them", () => {
  const status = (counters: Record<string, number> | null) => {
    return { roles: { interceptor: { running: true, counters, notes: [], restarts: 0 } } } as unknown as DaemonStatus;
  };
  deepEqual(callsUnderWay(status({ calls_under_way: 2, longest_call_ms: 300 })), short);
  for (const unknown of [null, status(null), status({ open: 3 })]) equal(callsUnderWay(unknown), null);
});
