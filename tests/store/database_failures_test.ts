import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { databaseFailure } from "../../src/store/database_failures.ts";
import { withFolder } from "./sample.ts";

function failureOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail");
}

Deno.test("databaseFailure knows what SQLite says of a lock, of a full disk, of a wrong file and of one that may not be written", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    const [one, two] = [new DatabaseSync(path), new DatabaseSync(path)];
    one.exec("PRAGMA journal_mode = WAL; CREATE TABLE words (word TEXT)");
    two.exec("PRAGMA busy_timeout = 1");
    const reader = new DatabaseSync(path, { readOnly: true });
    one.exec("BEGIN IMMEDIATE");
    const errors = [failureOf(() => two.exec("BEGIN IMMEDIATE"))];
    one.exec("ROLLBACK; PRAGMA max_page_count = 1");
    errors.push(failureOf(() => one.exec("INSERT INTO words VALUES (zeroblob(100000))")));
    errors.push(failureOf(() => reader.exec("DELETE FROM words")));
    for (const db of [one, two, reader]) db.close();
    Deno.writeTextFileSync(`${folder}/text`, "this is no database, and long enough to be looked at".repeat(99));
    const wrong = new DatabaseSync(`${folder}/text`);
    errors.push(failureOf(() => wrong.exec("SELECT name FROM sqlite_schema")));
    wrong.close();
    errors.push(failureOf(() => new DatabaseSync(`${folder}/none/db.sqlite`)));
    deepEqual(errors.map((error) => databaseFailure(error)?.found), [
      "database is locked",
      "database or disk is full",
      "attempt to write a readonly database",
      "file is not a database",
      "unable to open database file",
    ]);
    for (const error of errors) match(databaseFailure(error)?.hint ?? "", /^[A-Z].*[^.]$/);
  });
});

Deno.test("databaseFailure leaves bugs alone", () => {
  const db = new DatabaseSync(":memory:");
  const errors = [
    failureOf(() => db.exec("SELEC")),
    failureOf(() => db.exec("CREATE TABLE a (b INTEGER CHECK (b > 1)); INSERT INTO a VALUES (0)")),
    new Error("database is locked"),
    null,
  ];
  db.close();
  for (const error of errors) equal(databaseFailure(error), null);
});
