/**
 * The audit trail tells of each change of a setting, each deletion and each repair, whoever made it.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { openForWriting } from "../../src/store/database.ts";
import { body, row, writerOf } from "../store/sample.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";

interface Told {
  readonly event: string;
  readonly details: Readonly<Record<string, unknown>>;
}

async function trail(meter: Meter): Promise<Told[]> {
  const { code, stdout, stderr } = await meter.command(["audit", "list", "--json"]);
  equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Runs a command and gives the newest event, which must be new. */
async function toldOf(meter: Meter, ...args: string[]): Promise<Told | undefined> {
  const before = (await trail(meter)).length;
  const { code, stderr } = await meter.command(args);
  equal(code, 0, stderr);
  const events = await trail(meter);
  equal(events.length, before + 1, args.join(" "));
  return events[0];
}

Deno.test("audit list tells of every change of a setting, deletion, creation and repair", async () => {
  await withMeter({ edge: false, daemon: false }, async (meter) => {
    const db = openForWriting(meter.database, { now: Date.now() });
    const writer = writerOf(db);
    for (const days of [100, 40]) writer.record(row({ requestedAt: Date.now() - days * 86_400_000 }), [body()]);
    writer.close();
    db.close();
    await Deno.chmod(meter.database, 0o644);
    await meter.startDaemon();
    await until("the sweep", async () => (await trail(meter)).some(({ event }) => event === "bodies.swept"), 10_000);
    const atStart = await trail(meter);
    deepEqual(atStart.map(({ event }) => event).toSorted(), [
      "bodies.swept",
      "ca.created",
      "config.changed",
      "permissions.tightened",
    ]);
    deepEqual(atStart.find(({ event }) => event === "permissions.tightened")?.details, { path: meter.database });
    equal(atStart.find(({ event }) => event === "bodies.swept")?.details["cause"], "retention");

    const path = `${meter.home}/config.toml`;
    await Deno.writeTextFile(path, '\n[bodies]\nretention_days = 60\n[tagging]\ndefault_project = "other"\n', {
      append: true,
    });
    await until("the change to be noted", async () => (await trail(meter)).length > atStart.length);
    const [changed] = await trail(meter);
    deepEqual(changed, {
      ...changed,
      event: "config.changed",
      details: { "bodies.retention_days": 60, "tagging.default_project": "changed" },
    });

    deepEqual((await toldOf(meter, "project", "set", "demo", "body-capture", "off"))?.details, {
      project: "demo",
      choice: "off",
    });
    const purged = await toldOf(meter, "bodies", "purge", "--older-than", "30d", "--vacuum");
    deepEqual([purged?.event, purged?.details["cause"], purged?.details["bodies"]], ["bodies.purged", "command", 1]);
    await meter.stop();

    // Without a daemon, each command notes what it did; the next start finds what was edited by hand.
    const price = ["pricing", "set", "anthropic", "claude-own-1", "--input", "1", "--output", "2"];
    equal((await toldOf(meter, ...price))?.event, "pricing.override_set");
    equal((await toldOf(meter, "pricing", "unset", "anthropic", "claude-own-1"))?.event, "pricing.override_unset");
    equal((await toldOf(meter, "pricing", "reprice", "--since", "200d"))?.event, "pricing.repriced");
    const edited = (await Deno.readTextFile(path)).replace("retention_days = 60", "retention_days = 61");
    await Deno.writeTextFile(path, edited);
    const before = (await trail(meter)).length;
    await meter.startDaemon();
    await until("the edit to be noted", async () => (await trail(meter)).length > before);
    deepEqual((await trail(meter))[0]?.details, { "bodies.retention_days": 61 });

    const { stdout } = await meter.command(["audit", "list"]);
    ok(stdout.split("\n").length > before);
    match(stdout, /config\.changed {2}bodies\.retention_days=61/);
  });
});
