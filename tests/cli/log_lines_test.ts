import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { openLogFile, rotatedNames } from "../../src/cli/log_file.ts";
import { followedLines, readableLine, tailOf } from "../../src/cli/log_lines.ts";
import { withFolder } from "../store/sample.ts";

Deno.test("tailOf gives the last lines, however long the file is, and goes on in older files", async () => {
  await withFolder((folder) => {
    const [path, older] = [`${folder}/a.log`, `${folder}/a.log.1`];
    equal(tailOf([path, older], 3), null);
    Deno.writeTextFileSync(older, "ä1\nä2\nä3\n");
    const long = Array.from({ length: 3_000 }, (_, index) => `line ${index} ${"ü".repeat(40)}`);
    Deno.writeTextFileSync(path, `${long.join("\n")}\nunfinished`);
    deepEqual(tailOf([path, older], 2)?.lines, long.slice(-2));
    deepEqual(tailOf([path, older], 2_500)?.lines, long.slice(-2_500));
    deepEqual(tailOf([path, older], 3_002)?.lines, ["ä2", "ä3", ...long]);
    deepEqual(tailOf([path, older], 9_999)?.lines.length, 3_003);
    equal(tailOf([path], 1)?.offset, Deno.statSync(path).size - "unfinished".length);
  });
});

Deno.test("followedLines gives each line once across rotations, and waits for the end of a line", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.log`;
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const line of followedLines(path, 0, stop.signal)) seen.push(line);
    })();
    const log = openLogFile(path, 400);
    for (let each = 0; each < 60; each++) {
      log.write(`line ${each} of sixty`);
      // Two rotations while nobody looks would be too many for any reader; this is one in half a second.
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    log.close();
    equal(rotatedNames(path).some((name) => Deno.lstatSync(name).isFile), true);
    const file = Deno.openSync(path, { append: true });
    file.writeSync(new TextEncoder().encode("half"));
    await new Promise((resolve) => setTimeout(resolve, 450));
    deepEqual(seen, Array.from({ length: 60 }, (_, index) => `line ${index} of sixty`));
    file.writeSync(new TextEncoder().encode(" whole\n"));
    file.close();
    await new Promise((resolve) => setTimeout(resolve, 450));
    stop.abort();
    await following;
    equal(seen.at(-1), "half whole");
  });
});

Deno.test("readableLine shows events with local time, and nothing that steers a terminal", () => {
  const line =
    '{"timestamp":"2026-04-15T12:00:01.5Z","event":"role.crashed","role":"edge","reason":"a\\u001b[2Jb","n":null}';
  match(readableLine(line), /^2026-04-15 \d\d:\d\d:01 {2}role\.crashed {2}role=edge {2}reason=a\ufffd\[2Jb {2}n=–$/);
  equal(readableLine("no \u001b[2J event"), "no \ufffd[2J event");
  equal(readableLine("[1]"), "[1]");
});
