import { deepEqual, equal } from "node:assert/strict";
import { showInPager } from "../../src/os/pager.ts";

function withPager(pager: string) {
  return { get: (name: string) => name === "PAGER" ? pager : undefined };
}

Deno.test("showInPager gives the text to the command line in PAGER, and waits for it", async () => {
  const folder = Deno.makeTempDirSync();
  const text = "line\n".repeat(100_000);
  equal(await showInPager(text, withPager(`cat > '${folder}/a b' && sleep 0.1 && touch ${folder}/done`)), true);
  equal(Deno.readTextFileSync(`${folder}/a b`), text);
  deepEqual([...Deno.readDirSync(folder)].length, 2);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("showInPager is content with a user who leaves before the end", async () => {
  equal(await showInPager("line\n".repeat(1_000_000), withPager("head -n 1 >/dev/null")), true);
});

Deno.test("showInPager says so when there is no such command", async () => {
  equal(await showInPager("text", withPager("halton-no-such-pager 2>/dev/null")), false);
});
