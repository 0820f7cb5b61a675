/**
 * Stored bodies from the call to the last page given back: who turns capture off, what a running daemon lets go of by itself,
 * and what a user deletes beside it.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { bodyStats, readBodies } from "../../src/store/bodies.ts";
import { openForWriting, openReadOnly } from "../../src/store/database.ts";
import { auditTrail } from "../../src/store/settings.ts";
import { body, noise, row, writerOf } from "../store/sample.ts";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { CLIENTS, clientVariables } from "./support/clients.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { type Provider, startProvider } from "./support/provider.ts";

const DAY = 86_400_000;
const FOLDER_SETTLE_MS = 3_300;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function withProvider(test: (provider: Provider) => Promise<void>): Promise<void> {
  const provider = await startProvider({
    host: "api.anthropic.com",
    // With pauses, as a client that is gone in milliseconds may be gone before it is looked at.
    answer: () => eventStream(anthropicEvents(crypto.randomUUID()), 20),
  });
  try {
    await test(provider);
  } finally {
    await provider.stop();
  }
}

/** Makes a call from a folder, as project `shop`. @returns how many bodies were stored of it. */
async function bodiesOfCall(meter: Meter, calls: number, folder: string): Promise<number> {
  const curl = CLIENTS.find(({ title }) => title === "curl");
  const command = curl?.command("key", "The heron stands") ?? ["false"];
  const env = { ...clientVariables(meter.proxyUrl, meter.caFile), HALTON_PROJECT: "shop" };
  const { code, stderr } = await meter.spawn(command, { env, cwd: folder }).finished;
  equal(code, 0, stderr);
  const call = (await meter.waitForRows(calls)).at(-1);
  equal(call?.project, "shop");
  return look(meter, (db) => readBodies(db, call?.id ?? "").length);
}

function look<T>(meter: Meter, at: (db: NonNullable<ReturnType<typeof openReadOnly>>) => T): T {
  const db = openReadOnly(meter.database);
  if (db === null) throw new Error("There is no database");
  try {
    return at(db);
  } finally {
    db.close();
  }
}

async function set(meter: Meter, choice: string): Promise<void> {
  const { code, stderr } = await meter.command(["project", "set", "shop", "body-capture", choice]);
  equal(code, 0, stderr);
}

Deno.test("Capture of a running daemon follows the project's setting, the folder and the file, off before on", async () => {
  await withProvider(async (provider) => {
    await withMeter({ providers: [provider] }, async (meter) => {
      const folder = `${meter.root}/tmp`;
      const config = await Deno.readTextFile(`${meter.home}/config.toml`);
      equal(await bodiesOfCall(meter, 1, folder), 2, "on by default");

      await set(meter, "off");
      equal(await bodiesOfCall(meter, 2, folder), 0, "off for the project");

      await Deno.writeTextFile(`${meter.home}/config.toml`, `${config}\n[bodies]\nenabled = false\n`);
      await set(meter, "default");
      equal(await bodiesOfCall(meter, 3, folder), 0, "off daemon-wide");

      await set(meter, "on");
      equal(await bodiesOfCall(meter, 4, folder), 2, "on for the project, although off daemon-wide");

      await Deno.writeTextFile(`${folder}/.haltonrc`, "body_capture = off\nbody_capture is off\n");
      await pause(FOLDER_SETTLE_MS);
      equal(await bodiesOfCall(meter, 5, folder), 0, "off in the folder, although on for the project");
      const { code, status } = await meter.status();
      equal(code, 4);
      match(status.problems.join("\n"), /Line 2 of .*\/\.haltonrc is neither on nor off: body_capture is off there/);

      await set(meter, "default");
      await Deno.writeTextFile(`${folder}/.haltonrc`, "body_capture = on\n");
      await pause(FOLDER_SETTLE_MS);
      equal(await bodiesOfCall(meter, 6, folder), 0, "a folder cannot turn on what is off daemon-wide");
      equal((await meter.status()).code, 0, "the file was mended");

      const stats = JSON.parse((await meter.command(["bodies", "stats", "--json"])).stdout);
      deepEqual([stats.capture.enabled, stats.capture.source, stats.stored.bodies], [false, "config.toml", 4]);
    });
  });
});

/** Bodies of calls of long ago, as an earlier daemon left them. */
function leaveOld(meter: Meter, calls: number, daysAgo: number, characters: number): void {
  const db = openForWriting(meter.database, { now: Date.now() });
  const writer = writerOf(db);
  for (let each = 0; each < calls; each++) {
    writer.record(row({ requestedAt: Date.now() - daysAgo * DAY }), [body({ text: noise(characters) })]);
  }
  writer.close();
  db.close();
}

Deno.test("A daemon that starts deletes what is past retention, keeps the budget, and tells of both", async () => {
  await withProvider(async (provider) => {
    const config = "[bodies]\nretention_days = 30\nmax_total_bytes = 50000\n";
    await withMeter({ providers: [provider], config, daemon: false }, async (meter) => {
      leaveOld(meter, 40, 31, 100);
      leaveOld(meter, 10, 29, 10_000);
      await meter.startDaemon();
      await until(
        "both sweeps",
        () => look(meter, (db) => auditTrail(db, 9)).filter(({ event }) => event === "bodies.swept").length === 2,
      );
      const swept = look(meter, (db) => auditTrail(db, 9)).filter(({ event }) => event === "bodies.swept");
      const [budget, retention] = swept.map(({ details }) => details);
      deepEqual([retention?.["cause"], retention?.["retention_days"], retention?.["bodies"]], ["retention", 30, 40]);
      deepEqual([budget?.["cause"], budget?.["max_total_bytes"]], ["budget", 50_000]);
      ok(look(meter, bodyStats).storedBytes <= 50_000);
      equal(meter.rows().length, 50, "calls stay");
      const { status } = await meter.status();
      const counters = status.daemon?.roles["recorder"]?.counters ?? {};
      deepEqual([counters["sweeps"], counters["sweeps_failed"]], [1, 0]);
      equal(counters["swept_bodies"], 40 + Number(budget?.["bodies"]));
      match(
        (await meter.command(["audit", "list"])).stdout,
        / {2}bodies\.swept {2}cause=budget {2}max_total_bytes=50000 {2}/,
      );
      match((await meter.command(["logs", "daemon"])).stdout, / {2}bodies\.swept {2}cause=retention {2}bodies=40 /);
    });
  });
});

Deno.test("bodies purge --vacuum beside a running daemon gives the space back, log included, and calls go on", async () => {
  await withProvider(async (provider) => {
    await withMeter({ providers: [provider], daemon: false }, async (meter) => {
      leaveOld(meter, 200, 40, 100_000);
      await meter.startDaemon();
      const size = () => {
        const sizes = [meter.database, `${meter.database}-wal`].map((path) => Deno.statSync(path).size);
        return (sizes[0] ?? 0) + (sizes[1] ?? 0);
      };
      const before = size();
      ok(before > 15_000_000, `${before} bytes`);
      const purging = meter.command(["bodies", "purge", "--older-than", "30d", "--vacuum"]);
      equal(await bodiesOfCall(meter, 201, `${meter.root}/tmp`), 2);
      const { code, stdout, stderr } = await purging;
      equal(code, 0, stderr);
      match(stdout, /^Deleted 200 bodies from before .*\nThe database went from \d+(\.\d)? MB to \d/);
      ok(size() < before / 8, `${before} bytes became ${size()}`);
      equal(await bodiesOfCall(meter, 202, `${meter.root}/tmp`), 2);
      equal((await meter.status()).code, 0);
    });
  });
});
