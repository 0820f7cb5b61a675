import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { RecorderToApi } from "../../src/roles/api_messages.ts";
import { ApiLink } from "../../src/roles/recorder_commands.ts";
import type { Database } from "../../src/store/database.ts";
import { findProject } from "../../src/store/project_rows.ts";
import { NOON, row, withDatabase, write } from "../store/sample.ts";

/** An api's end of the port, which waits for messages. */
function connected(link: ApiLink) {
  const { port1, port2 } = new MessageChannel();
  const messages: RecorderToApi[] = [];
  let wake = (): void => {};
  port2.onmessage = (event: MessageEvent<RecorderToApi>) => {
    messages.push(event.data);
    wake();
  };
  link.connect(port1);
  return {
    port: port2,
    async next(): Promise<RecorderToApi | undefined> {
      while (messages.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return messages.shift();
    },
  };
}

Deno.test("ApiLink carries out a change, says so, and says why when it cannot", async () => {
  await withDatabase(async (db) => {
    write(db, [row()]);
    let changes = 0;
    let open: Database | null = db;
    const link = new ApiLink({ db: () => open, changed: () => changes++, now: () => NOON });
    const { port, next } = connected(link);
    const ask = (id: number, change: unknown) => port.postMessage({ id, command: { kind: "project.change", change } });
    ask(7, { slug: "demo", name: "New" });
    deepEqual(await next(), { kind: "done", id: 7 });
    equal(findProject(db, "demo")?.name, "New");
    equal(changes, 1);
    ask(8, { slug: "nobody" });
    const refused = await next();
    deepEqual([refused?.kind, refused?.kind === "refused" && refused.code], ["refused", "bad_input"]);
    open = null;
    ask(9, { slug: "demo" });
    equal((await next())?.kind, "refused");
    equal(changes, 1);
    link.written();
    deepEqual(await next(), { kind: "written" });
    link.close();
    port.close();
  });
});
