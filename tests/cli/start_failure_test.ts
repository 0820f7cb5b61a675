import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { notingFailure, whyNotStarted } from "../../src/cli/start_failure.ts";
import { MeterError } from "../../src/domain/errors.ts";
import { withHome } from "./command_line.ts";

Deno.test("notingFailure writes why, and throws on; what is no failure of ours is named by its class only", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/edge.err.log`;
    equal(await notingFailure("edge", path, () => Promise.resolve(7)), 7);
    await rejects(notingFailure("edge", path, () => Promise.reject(new MeterError("failed", "Cannot do it: why"))));
    await rejects(notingFailure("edge", path, () => Promise.reject(new TypeError("text of unknown origin"))));
    await rejects(notingFailure("edge", `${folder}/none/x.log`, () => Promise.reject(new Error("x"))), /^Error: x$/);
    const lines = Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line));
    deepEqual(lines.map(({ event, reason }) => [event, reason]), [
      ["edge.startup.failed", "Cannot do it: why"],
      ["edge.startup.failed", "TypeError"],
    ]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("whyNotStarted gives the reason of the latest start, and none where that one went well", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/daemon.err.log`;
    const line = (event: string, reason?: string) => JSON.stringify({ timestamp: "t", event, reason }) + "\n";
    const log = (...lines: string[]) => Deno.writeTextFileSync(path, lines.join(""));
    equal(whyNotStarted(path), null);
    log(line("daemon.startup.ready"), line("daemon.startup.failed", "one"), line("daemon.startup.failed", "two"));
    equal(whyNotStarted(path), "two");
    log(line("daemon.startup.failed", "one"), line("daemon.startup.ready"), line("daemon.heartbeat"));
    equal(whyNotStarted(path), null);
    log('{"event":"daemon.startup.failed" half a line\n');
    equal(whyNotStarted(path), null);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

for (const part of ["daemon", "edge"]) {
  Deno.test(`a ${part} that cannot start for its settings says so in its log, where a service is looked for`, async () => {
    await withHome(async ({ config, run }) => {
      Deno.mkdirSync(config.replace(/[^/]+$/, ""), { recursive: true, mode: 0o700 });
      Deno.writeTextFileSync(config, "[daemon]\nedge_port = 'x'\n");
      const { code, err } = await run(part);
      equal(code, 1);
      match(err, /config\.toml:2: daemon\.edge_port/);
      match((await run("logs", part)).out, /startup\.failed +reason=.*config\.toml:2: daemon\.edge_port/);
    });
  });
}
