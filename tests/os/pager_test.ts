import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
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

Deno.test("showInPager leaves Ctrl-C to the pager, and ends when that does", async () => {
  const folder = Deno.makeTempDirSync();
  const module = new URL("../../src/os/pager.ts", import.meta.url).href;
  const program = `import { showInPager } from ${JSON.stringify(module)};
    console.log(await showInPager("long text", { get: (name) => name === "PAGER" ? "sh ${folder}/pager " + Deno.pid : undefined }));`;
  Deno.writeTextFileSync(`${folder}/program.ts`, program);
  Deno.writeTextFileSync(`${folder}/pager`, `kill -INT "$1"; kill -QUIT "$1"; sleep 0.2; cat > ${folder}/shown\n`);
  const args = ["run", "--no-lock", "--no-config", "--no-check", "--allow-run=/bin/sh", `${folder}/program.ts`];
  const { stdout, signal } = await new Deno.Command(Deno.execPath(), { args, stderr: "null" }).output();
  deepEqual([new TextDecoder().decode(stdout), signal], ["true\n", null]);
  equal(Deno.readTextFileSync(`${folder}/shown`), "long text");
  Deno.removeSync(folder, { recursive: true });
});
