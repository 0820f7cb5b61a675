/**
 * The recorder's side of the API's bench: makes the database, then writes calls at a steady rate and tells what a write cost. A
 * child of the bench.
 *
 * @module
 */

import { Writer } from "../../src/store/writer.ts";
import { row } from "../store/sample.ts";
import { makeDatabase } from "./api_database.ts";
import { serveOrders } from "./part.ts";

/** Rows in one transaction, as the recorder's timer would about collect. */
const BATCH = 5;

type Order =
  | { readonly kind: "make"; readonly database: string; readonly rows: number }
  | { readonly kind: "write"; readonly rowsPerSecond: number; readonly seconds: number };

let writer: Writer | null = null;

await serveOrders(async (order: Order) => {
  if (order.kind === "make") {
    const db = makeDatabase(order.database, order.rows, Date.now());
    writer = new Writer(db, { newId: () => crypto.randomUUID() });
    return null;
  }
  if (writer === null) throw new Error("No database yet");
  return await write(writer, order.rowsPerSecond, order.seconds);
});

/** @returns ms of each transaction. */
async function write(writer: Writer, rowsPerSecond: number, seconds: number): Promise<{ transactionMs: number[] }> {
  const transactionMs: number[] = [];
  const begun = performance.now();
  for (let written = 0; written < rowsPerSecond * seconds; written += BATCH) {
    const due = begun + written / rowsPerSecond * 1000;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    for (let i = 0; i < BATCH; i++) {
      const attribution = { slug: `project-${1 + (written + i) % 30}`, layer: "git" } as const;
      writer.record(row({ attribution, requestedAt: Date.now() }), []);
    }
    const start = performance.now();
    writer.flush();
    transactionMs.push(performance.now() - start);
  }
  return { transactionMs };
}
