import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { withMeter } from "../e2e/support/meter.ts";
import { withHome } from "./command_line.ts";

Deno.test("open prints the dashboard's address where there is no browser, and it answers", async () => {
  await withMeter({}, async (meter) => {
    for (const args of [["open"], ["open", "--print"]]) {
      const { code, stdout, stderr } = await meter.command(args);
      deepEqual([code, stderr], [0, ""]);
      match(stdout, /^http:\/\/127\.0\.0\.1:\d+\/\n$/);
      const answer = await fetch(stdout.trim());
      await answer.body?.cancel();
      equal(answer.status, 200);
    }
  });
});

Deno.test("open says that no daemon runs", async () => {
  await withHome(async ({ run }) => {
    const { code, out, err } = await run("open");
    deepEqual([code, out], [3, ""]);
    match(err, /Cannot open the dashboard: no daemon runs\n {2}Run: halton-meter start/);
  });
});

Deno.test("upgrade refuses to replace what is not a compiled program", async () => {
  await withHome(async ({ run }) => {
    const { code, err } = await run("upgrade", "--from", "/bin/sh");
    equal(code, 1);
    match(err, /this is its source, not the compiled program/);
  });
});
