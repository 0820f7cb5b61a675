/**
 * A process that writes until it is killed, or shrinks a database, with no permission but for the database's folder.
 * Arguments: `write` or `shrink`, path.
 *
 * @module
 */

import { purgeBodies, shrink } from "../../src/store/bodies.ts";
import { openForWriting } from "../../src/store/database.ts";
import { body, NOON, row, writerOf } from "./sample.ts";

const [task, path] = Deno.args;
if (path === undefined) throw new TypeError("Cannot start: no path given");
const db = openForWriting(path, { now: NOON });
if (task === "shrink") {
  purgeBodies(db, NOON + 1);
  shrink(db);
  db.close();
} else {
  const writer = writerOf(db);
  for (;;) {
    for (let each = 0; each < 20; each += 1) writer.record(row(), [body({ text: "x".repeat(5_000) })]);
    writer.flush();
    // Told only after the commit: whatever number the parent has read must be on disk.
    Deno.stdout.writeSync(new TextEncoder().encode(`${writer.stats().written}\n`));
  }
}
