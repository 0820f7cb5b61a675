import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { quotaLine, readQuota } from "../../src/cli/quota_lines.ts";
import { openForWriting } from "../../src/store/database.ts";
import { prepareQuotaInsert } from "../../src/store/quota.ts";
import { withFolder } from "../store/sample.ts";
import { withHome } from "./command_line.ts";

/** Local time, so that labels are the same in every time zone. */
const NOW = new Date(2026, 3, 15, 12).getTime();
const HOUR = 3_600_000;

function report(used_percent: number | null, resetsAt: number | null) {
  return {
    provider: "anthropic",
    window: "5h",
    used_percent,
    resets_at: resetsAt === null ? null : new Date(resetsAt).toISOString(),
    status: null,
    sampled_at: new Date(NOW).toISOString(),
  };
}

Deno.test("quotaLine says how much is used and when the window begins anew", () => {
  equal(quotaLine(report(43.4, NOW + 2 * HOUR), NOW), "quota anthropic 5h: 43 % used, resets 14:00");
  equal(quotaLine(report(102, NOW + 26 * HOUR), NOW), "quota anthropic 5h: 102 % used, resets 2026-04-16 14:00");
  equal(quotaLine(report(99, NOW - HOUR), NOW), "quota anthropic 5h: begun anew at 11:00, 99 % used before");
  equal(quotaLine(report(0, null), NOW), "quota anthropic 5h: 0 % used");
  equal(quotaLine(report(null, NOW + HOUR), NOW), null);
});

Deno.test("readQuota gives what is recent, and nothing without a database or with a broken one", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    deepEqual(readQuota(path, NOW), []);
    const db = openForWriting(path, { now: NOW });
    const insert = prepareQuotaInsert(db);
    const one = { provider: "openai", window: "7d", usedPercent: 5, resetsAt: null, status: null } as const;
    insert({ ...one, sampledAt: NOW - 15 * 24 * HOUR });
    deepEqual(readQuota(path, NOW), []);
    insert({ ...one, sampledAt: NOW - HOUR });
    deepEqual(readQuota(path, NOW).map(({ window, used_percent }) => [window, used_percent]), [["7d", 5]]);
    db.close();
    Deno.writeTextFileSync(path, "no database");
    deepEqual(readQuota(path, NOW), []);
  });
});

Deno.test("status shows the newest quota, in JSON too, also without a daemon", async () => {
  await withHome(async (home) => {
    const db = openForWriting(home.database, { now: Date.now() });
    const one = { provider: "anthropic", window: "5h", usedPercent: 43, resetsAt: null, status: "allowed" } as const;
    prepareQuotaInsert(db)({ ...one, sampledAt: Date.now() - 1_000 });
    db.close();
    const { code, out } = await home.run("status");
    equal(code, 3);
    match(out, /^quota anthropic 5h: 43 % used$/m);
    const { quota } = JSON.parse((await home.run("status", "--json")).out);
    deepEqual([quota[0].window, quota[0].used_percent, quota[0].status], ["5h", 43, "allowed"]);
  });
});
