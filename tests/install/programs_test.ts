import { match, strictEqual as equal } from "node:assert/strict";
import { programFinding } from "../../src/install/programs.ts";
import { runForOutput } from "../../src/os/run.ts";

Deno.test("programFinding sees another version before, behind and beside the one that runs", async () => {
  const folder = Deno.realPathSync(Deno.makeTempDirSync());
  const make = (name: string) => {
    Deno.mkdirSync(`${folder}/${name}`);
    Deno.writeTextFileSync(`${folder}/${name}/halton-meter`, "#!/bin/sh\n", { mode: 0o755 });
    return `${folder}/${name}`;
  };
  const [own, other] = [make("own it's"), make("other dir")];
  Deno.mkdirSync(`${folder}/links`);
  Deno.symlinkSync(`${own}/halton-meter`, `${folder}/links/halton-meter`);
  const look = (...folders: string[]) =>
    programFinding(runForOutput, [...folders, "/usr/bin"].join(":"), `${own}/halton-meter`);
  try {
    equal((await look(own)).state, "ok");
    equal((await look(`${folder}/links`, own)).state, "ok"); // The same program under another name.
    match((await look()).detail, /not on the PATH/);
    const behind = await look(own, other);
    equal(behind.state, "warning");
    match(behind.detail, /there is also .*other dir/);
    const before = await look(other, own);
    equal(before.state, "warning");
    match(before.detail, /a new terminal starts .*other dir/);
    Deno.chmodSync(`${other}/halton-meter`, 0o644);
    equal((await look(other, own)).state, "ok");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("programFinding says so when there is no shell to ask", async () => {
  const none = () => Promise.reject(new Deno.errors.NotFound("no shell"));
  equal((await programFinding(none, "/usr/bin", "/x")).state, "skipped");
});
