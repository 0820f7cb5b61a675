import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { withHome } from "./command_line.ts";

const LINE = '{"timestamp":"2026-04-15T12:00:01.000Z","event":"daemon.exit","reason":"stopped"}';

Deno.test("logs shows the last lines of a part, as they stand if asked", async () => {
  await withHome(async (home) => {
    Deno.mkdirSync(home.folder);
    Deno.writeTextFileSync(`${home.folder}/daemon.err.log.1`, `${LINE}\n`);
    Deno.writeTextFileSync(`${home.folder}/daemon.err.log`, `${LINE}\n${LINE.replace("stopped", "signal")}\n`);
    const { code, out } = await home.run("logs");
    equal(code, 0);
    match(out, /^(2026-04-15 \d\d:\d\d:01 {2}daemon\.exit {2}reason=(stopped|signal)\n){3}$/);
    equal((await home.run("logs", "daemon", "--json", "--lines", "1")).out, `${LINE.replace("stopped", "signal")}\n`);
    const none = await home.run("logs", "edge");
    deepEqual([none.code, none.out], [1, ""]);
    match(
      none.err,
      /Cannot show the log of the edge: there is no .*edge\.err\.log yet\n {2}Run "halton-meter edge" once/,
    );
    const wrong = await home.run("logs", "cloud");
    equal(wrong.code, 2);
    match(wrong.err, /Cannot show the log of "cloud": there is no such part\n {2}Give daemon or edge/);
    equal((await home.run("logs", "--lines", "many")).code, 2);
  });
});

Deno.test("logs --follow goes on with new lines until it is told to stop", async () => {
  await withHome(async (home) => {
    Deno.mkdirSync(home.folder);
    const path = `${home.folder}/daemon.err.log`;
    Deno.writeTextFileSync(path, `${LINE}\n`);
    const following = home.start("logs", "--follow", "--json");
    const lines = following.stdout.pipeThrough(new TextDecoderStream()).getReader();
    equal((await lines.read()).value, `${LINE}\n`);
    Deno.renameSync(path, `${path}.1`);
    Deno.writeTextFileSync(path, '{"next":1}\n');
    equal((await lines.read()).value, '{"next":1}\n');
    following.kill("SIGINT");
    equal((await following.status).code, 0);
    await lines.cancel();
    await following.stderr.cancel();
  });
});
