/**
 * A process that writes until it is killed, or removes bodies and shrinks the database, with no permission but for the
 * database's folder. Arguments: `write`, `remove` or `shrink`, path.
 *
 * @module
 */

import { BodyRemoval, foldLog, shrinkStep } from "../../src/store/body_removal.ts";
import { openForWriting } from "../../src/store/database.ts";
import { body, NOON, row, writerOf } from "./sample.ts";

const [task, path] = Deno.args;
if (path === undefined) throw new TypeError("Cannot start: no path given");
const db = openForWriting(path, { now: NOON });
/** Tells the parent, which then knows that what was told is on disk. */
function tell(number: number): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${number}\n`));
}

if (task === "write") {
  const writer = writerOf(db);
  for (;;) {
    for (let each = 0; each < 20; each += 1) writer.record(row(), [body({ text: "x".repeat(5_000) })]);
    writer.flush();
    tell(writer.stats().written);
  }
} else {
  const scope = { before: NOON + 1, projectId: null, enoughBytes: null };
  const removal = new BodyRemoval(db, scope, { event: "bodies.purged", details: {} }, NOON);
  while (removal.step()) tell(removal.removed.bodies);
  while (task === "shrink" && shrinkStep(db) > 0);
  foldLog(db);
  db.close();
}
