/**
 * Wrong input about privacy settings: one clear sentence, the documented exit code, and nothing changed.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { openForWriting } from "../../src/store/database.ts";
import { body, row, writerOf } from "../store/sample.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";

/** Everything in the data folder, byte for byte; sockets left out. */
function everything(meter: Meter): Record<string, string> {
  return Object.fromEntries(
    [...Deno.readDirSync(meter.home)].filter(({ isFile }) => isFile).map(({ name }) => {
      const bytes = Deno.readFileSync(`${meter.home}/${name}`);
      return [name, `${Deno.statSync(`${meter.home}/${name}`).mode} ${new TextDecoder("latin1").decode(bytes)}`];
    }).toSorted(([a = ""], [b = ""]) => a.localeCompare(b)),
  );
}

/** Command line, exit code, what is said. */
const WRONG: readonly (readonly [readonly string[], number, RegExp])[] = [
  [["bodies", "purge", "--older-than", "banana"], 2, /Cannot read --older-than "banana": .*\n {2}\S/],
  [["bodies", "purge", "--older-than", "-30d"], 2, /\S/],
  [["bodies", "purge", "--older-than", ""], 2, /\S/],
  [["bodies", "purge"], 2, /--older-than/],
  [
    ["bodies", "purge", "--older-than", "1d", "--project", "dmeo"],
    1,
    /Cannot find project "dmeo": .*\n {2}Did you mean demo\?/,
  ],
  [["project", "set", "nobody", "body-capture", "off"], 1, /Cannot find project "nobody": .*\n {2}\S/],
  [["project", "set", "demo", "body-capture", "maybe"], 2, /it is not a choice\n {2}Give on, off or default/],
  [["project", "set", "demo", "body-captrue", "off"], 2, /projects have no such setting/],
  [["project", "set", "No Slug", "body-capture", "off"], 2, /this is not a project's slug/],
];

Deno.test("wrong arguments about stored bodies are explained and change nothing", async () => {
  await withMeter({ edge: false, daemon: false }, async (meter) => {
    const db = openForWriting(meter.database, { now: Date.now() });
    const writer = writerOf(db);
    writer.record(row({ requestedAt: Date.now() - 86_400_000 * 50 }), [body()]);
    writer.close();
    db.close();
    const before = everything(meter);
    for (const [args, code, says] of WRONG) {
      const ran = await meter.command(args);
      deepEqual([ran.code, ran.stdout], [code, ""], `${args.join(" ")}: ${ran.stderr}`);
      match(ran.stderr, says, args.join(" "));
      deepEqual(everything(meter), before, args.join(" "));
    }
  });
});

const SLOW = [
  ["(a+)+$", /repetitions that can be combined in too many ways in rule badge/],
  ["(a|a)*b", /./],
  ["(", /./],
  ["", /./],
  ["(a|aa)+$", /./],
] as const;

Deno.test("a redaction rule with a pattern that could be made slow stops a start, with its place and its name", async () => {
  for (const [pattern, says] of SLOW) {
    const wholeConfig = `[bodies]\nenabled = true\n[[redaction.rules]]\nname = "badge"\npattern = '${pattern}'\n`;
    await withMeter({ edge: false, daemon: false, wholeConfig }, async (meter) => {
      const before = everything(meter);
      const log = `${meter.home}/daemon.err.log`;
      const { code, stdout, stderr } = await meter.command(["daemon"]);
      deepEqual([code, stdout], [1, ""], stderr);
      match(stderr, /^halton-meter: .*config\.toml:5: redaction\.rules\[0\]\.pattern: found .*, wanted .*\n {2}\S/);
      match(stderr, says);
      // A start that a service manager makes has no terminal to say it at.
      match(await Deno.readTextFile(log), /^\{[^\n]*"event":"daemon\.startup\.failed"[^\n]*\}\n$/);
      await Deno.remove(log);
      deepEqual(everything(meter), before);
    });
  }
});

Deno.test("a running daemon that is given such a pattern keeps its settings and says so", async () => {
  await withMeter({ edge: false }, async (meter) => {
    const path = `${meter.home}/config.toml`;
    await Deno.writeTextFile(
      path,
      `\n[bodies]\nenabled = false\n[[redaction.rules]]\nname = "x"\npattern = '(a+)+$'\n`,
      {
        append: true,
      },
    );
    const problem = await until("the daemon to refuse it", async () => {
      return (await meter.status()).status.problems.find((each) => each.includes("are not used")) ?? null;
    });
    match(problem, /redaction\.rules\[0\]\.pattern/);
    const { stdout } = await meter.command(["audit", "list", "--json"]);
    const changes: { event: string; details: object }[] = JSON.parse(stdout);
    equal(changes.some(({ details }) => "bodies.enabled" in details), false, "it did not take the rest of the file up");
  });
});
