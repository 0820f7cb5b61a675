import { deepEqual, equal, ok } from "node:assert/strict";
import { bodyStats, purgeBodies, readBodies, shrink } from "../../src/store/bodies.ts";
import { openForWriting } from "../../src/store/database.ts";
import { body, NOON, row, withDatabase, withFolder, writerOf } from "./sample.ts";

const CHILD = new URL("./child.ts", import.meta.url).pathname;
const DAY = 86_400_000;

function noise(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => String.fromCharCode(byte % 94 + 33)).join(
    "",
  );
}

Deno.test("bodyStats counts bodies, bytes and what redaction took out", async () => {
  await withDatabase((db) => {
    equal(bodyStats(db).oldest, null);
    const writer = writerOf(db);
    writer.record(row(), [
      body({ redactions: { email: 2, "bearer-token": 1 } }),
      body({ direction: "response", truncated: true, redactions: { email: 3 } }),
    ]);
    writer.record(row({ requestedAt: NOON + DAY }), [body()]);
    writer.record(row(), []);
    writer.flush();
    deepEqual(bodyStats(db), {
      count: 3,
      requests: 2,
      storedBytes: 45,
      textBytes: 45,
      truncated: 1,
      oldest: NOON,
      newest: NOON + DAY,
      redactions: { "bearer-token": 1, email: 5 },
    });
  });
});

Deno.test("purgeBodies deletes older bodies only, and keeps their calls", async () => {
  await withDatabase((db) => {
    const writer = writerOf(db);
    const [old, young] = [row(), row({ requestedAt: NOON + DAY })];
    writer.record(old, [body(), body({ direction: "response" })]);
    writer.record(young, [body()]);
    for (let each = 0; each < 450; each += 1) writer.record(row(), [body()]);
    writer.flush();
    equal(purgeBodies(db, NOON), 0);
    equal(purgeBodies(db, NOON + DAY), 452);
    deepEqual(readBodies(db, old.id), []);
    equal(readBodies(db, young.id).length, 1);
    equal(db.prepare("SELECT count(*) AS n FROM requests").get()?.["n"], 452);
  });
});

Deno.test("purge and shrink give the space back and leave no trace of the text, log included", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    const canary = "canary-7f3a-canary";
    const db = openForWriting(path, { now: NOON });
    const writer = writerOf(db);
    for (let each = 0; each < 40; each += 1) writer.record(row(), [body({ text: noise(60_000) })]);
    // Too short to compress, so that the bytes on disk can be searched.
    writer.record(row(), [body({ text: canary })]);
    writer.flush();
    db.exec("PRAGMA wal_checkpoint(FULL)");
    const before = Deno.lstatSync(path).size;
    ok(before > 1_500_000);
    purgeBodies(db, NOON + 1);
    shrink(db);
    const after = Deno.lstatSync(path).size;
    ok(after < 600_000, `${before} bytes became ${after}`);
    equal(Deno.lstatSync(`${path}-wal`).size, 0);
    db.close();
    equal(Deno.readTextFileSync(path).includes(canary), false);
  });
});

Deno.test("shrink works with no permission but for the data folder", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/db.sqlite`;
    const db = openForWriting(path, { now: NOON });
    const writer = writerOf(db);
    for (let each = 0; each < 20; each += 1) writer.record(row(), [body({ text: noise(60_000) })]);
    writer.close();
    db.close();
    const before = Deno.lstatSync(path).size;
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", `--allow-read=${folder}`, `--allow-write=${folder}`, CHILD, "shrink", path],
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    equal(success, true);
    ok(Deno.lstatSync(path).size < before / 2);
  });
});
