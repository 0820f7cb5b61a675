import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { bodyStats } from "../../src/store/bodies.ts";
import { bodiesInScope, BodyRemoval, foldLog, freePages, shrinkStep } from "../../src/store/body_removal.ts";
import { type Database, openForWriting } from "../../src/store/database.ts";
import { findProject } from "../../src/store/project_rows.ts";
import { auditTrail } from "../../src/store/settings.ts";
import { body, noise, NOON, row, withDatabase, withFolder, writerOf } from "./sample.ts";

const CHILD = new URL("./child.ts", import.meta.url).pathname;
const DAY = 86_400_000;
const EVERYTHING = { before: Number.MAX_SAFE_INTEGER, projectId: null, enoughBytes: null };
const NOTE = { event: "bodies.purged", details: { cause: "test" } };

function fill(db: Database, calls: number, slug: string, requestedAt: number, text = '{"messages":[]}'): void {
  const writer = writerOf(db);
  for (let each = 0; each < calls; each += 1) {
    writer.record(row({ attribution: { slug, layer: "git" }, requestedAt }), [body({ text })]);
  }
  writer.flush();
}

function runChild(task: string, path: string): Deno.ChildProcess {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", `--allow-read=${folder}`, `--allow-write=${folder}`, CHILD, task, path],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

Deno.test("BodyRemoval deletes older bodies only, keeps their calls, and says in the audit trail what it did", async () => {
  await withDatabase((db) => {
    fill(db, 300, "demo", NOON);
    fill(db, 2, "demo", NOON + DAY);
    equal(new BodyRemoval(db, { ...EVERYTHING, before: NOON }, NOTE, NOON).step(), false);
    deepEqual(auditTrail(db, 9), [], "nothing was done, so nothing is told");
    const scope = { ...EVERYTHING, before: NOON + DAY };
    deepEqual(bodiesInScope(db, scope), { bodies: 300, bytes: 4_500 });
    const removal = new BodyRemoval(db, scope, NOTE, NOON + 7);
    let steps = 0;
    while (removal.step()) {
      steps += 1;
      const details = { cause: "test", ...removal.removed };
      deepEqual(
        auditTrail(db, 9),
        [{ occurredAt: NOON + 7, event: "bodies.purged", details }],
        "true after every step",
      );
    }
    ok(steps > 3, "several short transactions");
    deepEqual(removal.removed, { bodies: 300, bytes: 4_500 });
    equal(bodyStats(db).count, 2);
    equal(db.prepare("SELECT count(*) AS n FROM requests").get()?.["n"], 302);
  });
});

Deno.test("BodyRemoval keeps to one project, also where its bodies are few among many", async () => {
  await withDatabase((db) => {
    fill(db, 200, "demo", NOON);
    fill(db, 3, "shop", NOON + 1);
    fill(db, 200, "demo", NOON + 2);
    const projectId = findProject(db, "shop")?.id ?? 0;
    const scope = { ...EVERYTHING, projectId };
    deepEqual(bodiesInScope(db, scope), { bodies: 3, bytes: 45 });
    const removal = new BodyRemoval(db, scope, NOTE, NOON);
    while (removal.step());
    deepEqual(removal.removed, { bodies: 3, bytes: 45 });
    equal(bodyStats(db).count, 400);
  });
});

Deno.test("BodyRemoval stops at the first body that makes it enough, the oldest first", async () => {
  await withDatabase((db) => {
    for (let day = 0; day < 10; day += 1) fill(db, 1, "demo", NOON + day * DAY);
    const removal = new BodyRemoval(db, { ...EVERYTHING, enoughBytes: 31 }, NOTE, NOON);
    while (removal.step());
    deepEqual(removal.removed, { bodies: 3, bytes: 45 });
    equal(bodyStats(db).oldest, NOON + 3 * DAY);
  });
});

Deno.test("BodyRemoval undoes a step that fails, and can go on with it", async () => {
  await withDatabase((db) => {
    fill(db, 100, "demo", NOON);
    db.exec(
      "CREATE TRIGGER refuse BEFORE DELETE ON request_bodies WHEN old.rowid = 20 BEGIN SELECT raise(ABORT, 'no'); END",
    );
    const removal = new BodyRemoval(db, EVERYTHING, NOTE, NOON);
    let failed = false;
    try {
      removal.step();
    } catch {
      failed = true;
    }
    equal(failed, true);
    deepEqual([removal.removed.bodies, bodyStats(db).count, auditTrail(db, 9).length], [0, 100, 0]);
    db.exec("DROP TRIGGER refuse");
    while (removal.step());
    deepEqual([removal.removed.bodies, bodyStats(db).count], [100, 0]);
  });
});

Deno.test("shrinkStep and foldLog give the space back and leave no trace of the text, log included", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    const canary = "canary-7f3a-canary";
    const db = openForWriting(path, { now: NOON });
    fill(db, 40, "demo", NOON, noise(60_000));
    fill(db, 1, "demo", NOON, canary); // Too short to compress, so that the bytes on disk can be searched.
    db.exec("PRAGMA wal_checkpoint(FULL)");
    const before = Deno.lstatSync(path).size;
    ok(before > 1_500_000);
    const removal = new BodyRemoval(db, EVERYTHING, NOTE, NOON);
    while (removal.step());
    for (let left = freePages(db); left > 0;) {
      const now = shrinkStep(db);
      equal(now, Math.max(0, left - 256), "each step gives a megabyte back");
      left = now;
    }
    equal(foldLog(db), true);
    const after = Deno.lstatSync(path).size;
    ok(after < 600_000, `${before} bytes became ${after}`);
    equal(Deno.lstatSync(`${path}-wal`).size, 0);
    db.close();
    equal(Deno.readTextFileSync(path).includes(canary), false);
  });
});

Deno.test("foldLog says so when somebody is reading", async () => {
  await withDatabase((db, path) => {
    fill(db, 10, "demo", NOON);
    const reader = openForWriting(path, { now: NOON });
    reader.exec("BEGIN; SELECT count(*) FROM request_bodies;");
    fill(db, 1, "demo", NOON);
    db.exec("PRAGMA busy_timeout = 1");
    equal(foldLog(db), false);
    reader.close();
    equal(foldLog(db), true);
  });
});

Deno.test("removing and shrinking need no permission but for the data folder", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/db.sqlite`;
    const db = openForWriting(path, { now: NOON });
    fill(db, 20, "demo", NOON, noise(60_000));
    db.close();
    const before = Deno.lstatSync(path).size;
    equal((await runChild("shrink", path).output()).success, true);
    ok(Deno.lstatSync(path).size < before / 2);
  });
});

Deno.test("a removal that is killed leaves whole steps, a sound database and a true audit trail", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/db.sqlite`;
    const db = openForWriting(path, { now: NOON });
    fill(db, 400, "demo", NOON, noise(30_000));
    db.close();
    const child = runChild("remove", path);
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const told = Number(new TextDecoder().decode(value).trim().split("\n").at(-1));
    const again = openForWriting(path, { now: NOON });
    deepEqual(again.prepare("PRAGMA integrity_check").all().map((each) => each["integrity_check"]), ["ok"]);
    const left = bodyStats(again).count;
    const removed = auditTrail(again, 1)[0]?.details["bodies"];
    equal(left, 400 - Number(removed));
    ok(Number(removed) >= told && told > 0, `${removed} removed, ${told} told`);
    ok(left > 0, "it was killed on the way");
    again.close();
  });
});
