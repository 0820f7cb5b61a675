import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describeFailure } from "../../src/cli/app.ts";
import { foreseenFailure } from "../../src/cli/foreseen.ts";

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

Deno.test("foreseenFailure says which file could not be written, and why", () => {
  deepEqual(foreseenFailure(systemError("ENOSPC", "No space left on device (os error 28): writefile '/a b/c'")), {
    message: "Cannot write /a b/c: the disk is full",
    hint: "Free some space, then try again",
  });
  equal(
    foreseenFailure(systemError("EROFS", "Read-only"))?.message,
    "Cannot write a file: its disk may not be written to",
  );
});

Deno.test("foreseenFailure knows a database that has no room, and no bug", () => {
  const db = new DatabaseSync(":memory:");
  const failureOf = (sql: string) => {
    try {
      db.exec(sql);
    } catch (error) {
      return error;
    }
    return null;
  };
  const full = failureOf("CREATE TABLE a (b BLOB); PRAGMA max_page_count = 1; INSERT INTO a VALUES (zeroblob(100000))");
  equal(
    describeFailure(full),
    "halton-meter: Cannot use the database: database or disk is full\n  Free some space on its disk, then try again",
  );
  for (const bug of [failureOf("SELEC"), new TypeError("x"), systemError("ENOENT", "no '/file'"), null]) {
    equal(foreseenFailure(bug), null);
  }
  db.close();
});
