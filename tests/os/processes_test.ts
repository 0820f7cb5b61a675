import { notStrictEqual as notEqual, strictEqual as equal } from "node:assert/strict";
import { createProcessTable } from "../../src/os/processes.ts";

function run(): Promise<{ stdout: string }> {
  return Promise.resolve({ stdout: "" });
}

Deno.test("createProcessTable has a table for the platform it runs on", () => {
  equal(createProcessTable(run).limitation, null);
});

Deno.test("createProcessTable answers null where processes cannot be looked up", async () => {
  const table = createProcessTable(run, "freebsd");
  equal(await table.ownerOf(1, 2), null);
  notEqual(table.limitation, null);
});

Deno.test("createProcessTable answers null when the commands tell nothing", async () => {
  equal(await createProcessTable(run, "darwin").ownerOf(1, 2), null);
  equal(await createProcessTable(run, "linux").ownerOf(1, 2), null);
});
