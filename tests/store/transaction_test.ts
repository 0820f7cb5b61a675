import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { databaseFailure } from "../../src/store/database_failures.ts";
import { inTransaction } from "../../src/store/transaction.ts";
import { withDatabase } from "./sample.ts";

Deno.test("inTransaction keeps all or nothing, and gives what the work gave", async () => {
  await withDatabase((db) => {
    db.exec("CREATE TABLE words (word TEXT)");
    equal(inTransaction(db, () => Number(db.prepare("INSERT INTO words VALUES ('one')").run().changes)), 1);
    const failing = () =>
      inTransaction(db, () => {
        db.exec("INSERT INTO words VALUES ('two')");
        throw new RangeError("no more");
      });
    throws(failing, RangeError);
    deepEqual(db.prepare("SELECT word FROM words").all().map(({ word }) => word), ["one"]);
  });
});

Deno.test("inTransaction tells why it failed also when SQLite has rolled back by itself", async () => {
  await withDatabase((db) => {
    const failing = () =>
      inTransaction(db, () => {
        db.exec("ROLLBACK"); // As after a full disk.
        throw new RangeError("the disk is full");
      });
    throws(failing, { name: "RangeError", message: "the disk is full" });
  });
});

Deno.test("inTransaction on a database that has no room left fails with a text that databaseFailure knows", async () => {
  await withDatabase((db) => {
    db.exec("CREATE TABLE bytes (some BLOB); PRAGMA max_page_count = 1");
    throws(
      () => inTransaction(db, () => db.prepare("INSERT INTO bytes VALUES (zeroblob(1000000))").run()),
      (error) => databaseFailure(error)?.found === "database or disk is full",
    );
  });
});
