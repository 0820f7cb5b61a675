import { strictEqual as equal, throws } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { ReadDatabase } from "../../src/roles/read_database.ts";
import { openForWriting } from "../../src/store/database.ts";
import { newestSeq } from "../../src/store/request_pages.ts";
import { row, withFolder, write } from "../store/sample.ts";

function code(expected: string): (error: unknown) => boolean {
  return (error) => error instanceof MeterError && error.code === expected;
}

Deno.test("ReadDatabase says that there is none, opens it once there is, and follows a file that took its place", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/db.sqlite`;
    const reader = new ReadDatabase(path);
    throws(() => reader.open(), code("database_unusable"));
    const writer = openForWriting(path, { now: 1 });
    write(writer, [row()]);
    equal(newestSeq(reader.open()), 1);
    equal(reader.open(), reader.open());
    write(writer, [row()]);
    equal(newestSeq(reader.open()), 2);
    writer.close();
    for (const name of [path, `${path}-wal`, `${path}-shm`]) await Deno.remove(name).catch(() => {});
    openForWriting(path, { now: 2 }).close();
    // The file's identity is looked at once a second.
    while (newestSeq(reader.open()) !== 0) await new Promise((resolve) => setTimeout(resolve, 50));
    reader.close();
  });
});

Deno.test("ReadDatabase refuses a database of a newer version", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    const db = openForWriting(path, { now: 1 });
    db.exec("INSERT INTO _migrations VALUES (999, 'later', 1); PRAGMA user_version = 999");
    db.close();
    throws(() => new ReadDatabase(path).open(), code("database_newer"));
  });
});
