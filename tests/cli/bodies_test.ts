/**
 * The `bodies` commands as a user runs them: a process each, on a database as the daemon writes it.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { BodyRow } from "../../src/domain/exchange.ts";
import { bodyStats } from "../../src/store/bodies.ts";
import { openForWriting } from "../../src/store/database.ts";
import { auditTrail, setBodyCapture } from "../../src/store/settings.ts";
import { body, noise, row, writerOf } from "../store/sample.ts";
import { type Home, withHome } from "./command_line.ts";

const DAY = 86_400_000;
const REQUEST = '{"model":"m","messages":[{"role":"user","content":"my mail is [REDACTED:email], heron"}]}';
const RESPONSE = ["The he", "ron is ", "grey\u001b[2J"].map((text, index) => {
  return `event: delta\ndata: ${JSON.stringify({ type: "delta", n: index, delta: { text } })}\n\n`;
}).join("");

/** What one call stored. */
interface Stored {
  readonly slug?: string;
  readonly daysAgo: number;
  readonly bodies?: readonly BodyRow[];
}

const BOTH = [
  body({ text: REQUEST, redactions: { email: 1, "aws-access-key": 2 } }),
  body({ direction: "response", contentType: "text/event-stream", text: RESPONSE, redactions: { email: 1 } }),
];

/** Writes calls. @returns their ids. */
function store(home: Home, calls: readonly Stored[]): string[] {
  const db = openForWriting(home.database, { now: Date.now() });
  const writer = writerOf(db);
  const ids = calls.map(({ slug = "shop", daysAgo, bodies = BOTH }) => {
    const call = row({ attribution: { slug, layer: "git" }, requestedAt: Date.now() - daysAgo * DAY });
    writer.record(call, bodies);
    return call.id;
  });
  writer.flush();
  db.close();
  return ids;
}

/** Looks into the database. */
function look<T>(home: Home, at: (db: ReturnType<typeof openForWriting>) => T): T {
  const db = openForWriting(home.database, { now: Date.now() });
  try {
    return at(db);
  } finally {
    db.close();
  }
}

Deno.test("bodies stats says what is captured and why, what is stored, and what was masked by category and rule", async () => {
  await withHome(async (home) => {
    store(home, [{ daysAgo: 3 }, { daysAgo: 1, slug: "blog" }]);
    Deno.writeTextFileSync(home.config, "[bodies]\nenabled = false\nmax_total_bytes = 5000000\n");
    look(home, (db) => setBodyCapture(db, "blog", "on", { now: 1_000, newId: () => crypto.randomUUID() }));
    const { code, out } = await home.run("bodies", "stats", "--json");
    equal(code, 0);
    const { capture, stored, redactions, limits } = JSON.parse(out);
    deepEqual(capture, {
      enabled: false,
      source: "config.toml",
      projects: [{ project: "blog", body_capture: "on", set_at: "1970-01-01T00:00:01.000Z" }],
    });
    deepEqual([stored.bodies, stored.requests], [4, 2]);
    ok(stored.oldest < stored.newest && stored.stored_bytes > 0 && stored.text_bytes >= stored.stored_bytes);
    deepEqual(redactions, {
      by_category: { cloud: 4, personal: 4 },
      by_rule: { "aws-access-key": 4, email: 4 },
    });
    deepEqual(limits, {
      retention_days: 90,
      retention_days_source: "default",
      max_body_bytes: 524_288,
      max_body_bytes_source: "default",
      max_total_bytes: 5_000_000,
      max_total_bytes_source: "config.toml",
    });
    const text = (await home.run("bodies", "stats")).out;
    match(text, /^capture {3}off \(config\.toml\)\n {10}on for blog \(project setting\)$/m);
    match(text, /^stored {4}4 bodies of 2 calls, \d+ B on disk, /m);
    match(text, /^limits {4}512 KB for one \(default\)\n {10}90 days \(default\)\n {10}4\.8 MB for all together/m);
    match(text, /^masked {4}cloud 4: aws-access-key 4\n {10}personal 4: email 4$/m);
  });
});

Deno.test("bodies list shows calls with bodies, newest first, by project and time", async () => {
  await withHome(async (home) => {
    const only = [body({ direction: "response", text: "x".repeat(3_000), truncated: true })];
    const [old, blog, bare, young] = store(home, [
      { daysAgo: 40 },
      { daysAgo: 2, slug: "blog" },
      { daysAgo: 1, bodies: [] },
      { daysAgo: 1, bodies: only },
    ]);
    const ids = async (...flags: string[]) => {
      const { out } = await home.run("bodies", "list", "--json", ...flags);
      return JSON.parse(out).map((call: { request_id: string }) => call.request_id);
    };
    deepEqual(await ids(), [young, blog, old]);
    deepEqual(await ids("--limit", "2"), [young, blog]);
    deepEqual(await ids("--since", "7d", "--project", "shop"), [young]);
    const { out } = await home.run("bodies", "list");
    match(out, /^id +time +project +model +request +response +masked\n/);
    match(out, new RegExp(`\n${blog} .* blog +claude-sonnet-4-6 +89 B +\\d+ B +4\n`));
    match(out, new RegExp(`${young} .* – +2\\.9 KB\\+ +0\n`));
    ok(!out.includes(bare ?? "?"));
  });
});

Deno.test("bodies show lays both bodies out, harmless to a terminal; --raw gives the stored text and nothing else", async () => {
  await withHome(async (home) => {
    const [id = ""] = store(home, [{ daysAgo: 1 }]);
    const { code, out } = await home.run("bodies", "show", id.slice(0, 12));
    equal(code, 0);
    match(out, new RegExp(`^request of ${id} · [^\n]* · shop · claude-sonnet-4-6 · application/json · 89 B · masked `));
    match(out, /\n {6}"content": "my mail is \[REDACTED:email\], heron"\n/);
    match(out, /\nevent: delta\ndata: \{\n {2}"type": "delta",\n {2}"n": 0,\n/);
    ok(!out.includes("\u001b"));
    equal((await home.run("bodies", "show", id, "--request", "--raw")).out, REQUEST);
    equal((await home.run("bodies", "show", id, "--response", "--raw")).out, RESPONSE);
  });
});

Deno.test("bodies search finds words across the pieces of a stream, newest first, with their surroundings", async () => {
  await withHome(async (home) => {
    const [first, second] = store(home, [{ daysAgo: 5 }, { daysAgo: 1, slug: "blog" }]);
    const found = async (...args: string[]) => {
      const { out } = await home.run("bodies", "search", "--json", ...args);
      return out.trim().split("\n").filter((line) => line !== "").map((line) => {
        const { request_id, direction, excerpt } = JSON.parse(line);
        return [request_id, direction, excerpt];
      });
    };
    deepEqual(await found("HERON is"), [
      [second, "response", "The heron is grey\ufffd[2J"],
      [first, "response", "The heron is grey\ufffd[2J"],
    ]);
    deepEqual((await found("heron", "--limit", "3")).length, 3);
    deepEqual((await found("heron", "--project", "shop", "--since", "7d")).map(([id]) => id), [first, first]);
    const { code, out } = await home.run("bodies", "search", "egret");
    deepEqual([code, out], [0, "No stored body holds this text\n"]);
  });
});

Deno.test("bodies export writes one line per body into a new file that only its owner reads, and notes it", async () => {
  await withHome(async (home) => {
    const [old, young] = store(home, [{ daysAgo: 9 }, { daysAgo: 1 }]);
    const file = `${home.folder}/out.ndjson`;
    const { code, out } = await home.run("bodies", "export", "--output", file);
    deepEqual([code, out], [0, `Wrote 4 bodies to ${file}\n`]);
    equal((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);
    const lines = Deno.readTextFileSync(file).trimEnd().split("\n").map((line) => JSON.parse(line));
    deepEqual(lines.map(({ request_id, direction }) => [request_id, direction]), [
      [old, "request"],
      [old, "response"],
      [young, "request"],
      [young, "response"],
    ]);
    deepEqual([lines[0].text, lines[1].text, lines[0].redactions], [REQUEST, RESPONSE, BOTH[0]?.redactions]);
    const again = await home.run("bodies", "export", "--output", file, "--since", "2d");
    equal(again.code, 1);
    match(again.err, /Cannot export to .*: the file exists\n {2}Give another name/);
    equal(Deno.readTextFileSync(file).split("\n").length, 5, "nothing was replaced");
    deepEqual(look(home, (db) => auditTrail(db, 1)[0]?.details), { bodies: 4, project: null, since: null });
  });
});

Deno.test("bodies export that is interrupted leaves nothing, and one that was killed no file of the name asked for", async () => {
  await withHome(async (home) => {
    store(home, Array.from({ length: 400 }, () => ({ daysAgo: 1, bodies: [body({ text: noise(100_000) })] })));
    const file = `${home.folder}/out.ndjson`;
    /** Ends an export that has begun, and once more where it was faster. */
    const ended = async (signal: Deno.Signal): Promise<Deno.CommandOutput> => {
      const exporting = home.start("bodies", "export", "--output", file);
      while (sizeOf(`${file}.part`) === 0 && sizeOf(file) === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      exporting.kill(signal);
      const output = await exporting.output();
      if (sizeOf(file) === 0) return output;
      Deno.removeSync(file);
      return await ended(signal);
    };
    const names = () =>
      [...Deno.readDirSync(home.folder)].map(({ name }) => name).filter((name) => name.includes("out"));
    const { code, stdout } = await ended("SIGINT");
    deepEqual([code, new TextDecoder().decode(stdout), names()], [1, "Interrupted: nothing was exported\n", []]);
    await ended("SIGKILL");
    deepEqual([names(), (Deno.lstatSync(`${file}.part`).mode ?? 0) & 0o777], [["out.ndjson.part"], 0o600]);
    match((await home.run("bodies", "export", "--output", file)).out, /^Wrote 400 bodies/);
    deepEqual(names(), ["out.ndjson"]);
    equal((Deno.lstatSync(file).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("bodies purge deletes what is older, of one project if asked, and only says so in a rehearsal", async () => {
  await withHome(async (home) => {
    store(home, [{ daysAgo: 40 }, { daysAgo: 40, slug: "blog" }, { daysAgo: 20 }, { daysAgo: 1 }]);
    const count = () => look(home, (db) => bodyStats(db).count);
    const rehearsal = await home.run("bodies", "purge", "--older-than", "30d", "--dry-run");
    match(rehearsal.out, /^Would delete 4 bodies from before .*\nNothing was deleted; leave --dry-run out/);
    equal(count(), 8);
    const one = await home.run("bodies", "purge", "--older-than", "30d", "--project", "blog");
    match(
      one.out,
      /^Deleted 2 bodies of blog from before .*\nTheir space is used for new bodies; --vacuum gives it back\n$/,
    );
    equal(one.err, "", "no progress where nobody looks");
    const { out } = await home.run("bodies", "purge", "--older-than", "2w", "--vacuum", "--json");
    const result = JSON.parse(out);
    deepEqual([result.bodies, result.interrupted, result.log_folded, count()], [4, false, true, 2]);
    const trail = look(home, (db) => auditTrail(db, 9));
    deepEqual(trail.map(({ event, details }) => [event, details["bodies"], details["project"], details["vacuum"]]), [
      ["bodies.purged", 4, null, true],
      ["bodies.purged", 2, "blog", false],
    ]);
    equal(look(home, (db) => db.prepare("SELECT count(*) AS n FROM requests").get()?.["n"]), 4, "calls stay");
  });
});

Deno.test("bodies purge leaves no word of what it deleted in the file or its log, while a daemon has both open", async () => {
  await withHome(async (home) => {
    store(home, [{ daysAgo: 40 }]);
    const daemon = openForWriting(home.database, { now: Date.now() });
    const writer = writerOf(daemon);
    writer.record(row({ requestedAt: Date.now() - 1_000 }), [body({ text: "the marigold" })]);
    writer.flush();
    const places = () =>
      ["", "-wal"].filter((end) => Deno.readTextFileSync(`${home.database}${end}`).includes("marigold"));
    deepEqual(places(), ["-wal"]);
    const { code, out } = await home.run("bodies", "purge", "--older-than", "0d");
    deepEqual([code, places()], [0, []]);
    match(out, /^Deleted 3 bodies from before /);
    daemon.close();
  });
});

Deno.test("bodies purge --vacuum makes a large database small again, log included", async () => {
  await withHome(async (home) => {
    const large = [body({ text: noise(500_000) })];
    store(home, [...Array.from({ length: 100 }, () => ({ daysAgo: 40, bodies: large })), { daysAgo: 1 }]);
    const size = () => Deno.statSync(home.database).size;
    ok(size() > 40_000_000, `${size()} bytes`);
    const { code, out } = await home.run("bodies", "purge", "--older-than", "30d", "--vacuum");
    equal(code, 0);
    match(out, /^Deleted 100 bodies .*\nThe database went from 4\d\.\d MB to \d+ KB\n$/);
    ok(size() < 1_000_000, `${size()} bytes`);
    equal(look(home, (db) => bodyStats(db).count), 2);
  });
});

Deno.test("bodies purge that is killed can be run again, and leaves a sound database", async () => {
  await withHome(async (home) => {
    const bodies = [body({ text: noise(60_000) })];
    store(home, Array.from({ length: 500 }, () => ({ daysAgo: 40, bodies })));
    const purge = home.start("bodies", "purge", "--older-than", "30d", "--vacuum");
    // The first step is on disk as soon as the trail tells of it.
    const deadline = Date.now() + 20_000;
    while (look(home, (db) => auditTrail(db, 1).length) === 0) {
      if (Date.now() > deadline) throw new Error("The purge did not begin");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    purge.kill("SIGKILL");
    await purge.output();
    const [left, told] = look(home, (db) => [bodyStats(db).count, auditTrail(db, 1)[0]?.details["bodies"]]);
    equal(Number(left) + Number(told), 500);
    deepEqual(look(home, (db) => db.prepare("PRAGMA integrity_check").get()?.["integrity_check"]), "ok");
    equal((await home.run("bodies", "purge", "--older-than", "30d", "--vacuum")).code, 0);
    equal(look(home, (db) => bodyStats(db).count), 0);
  });
});

Deno.test("bodies commands explain what is wrong, and do not make a database", async () => {
  await withHome(async (home) => {
    const none = await home.run("bodies", "list");
    equal(none.code, 1);
    match(none.err, /Cannot read .*db\.sqlite: nothing was recorded yet\n {2}Run "halton-meter daemon"/);
    equal((await home.run("bodies", "purge", "--older-than", "1d")).code, 1);
    let made = true;
    try {
      Deno.statSync(home.database);
    } catch {
      made = false;
    }
    equal(made, false);

    const [id = ""] = store(home, [{ daysAgo: 1, bodies: [] }]);
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [
        ["purge", "--older-than", "banana"],
        2,
        /Cannot read --older-than "banana": it is not a span of time\n {2}Write days/,
      ],
      [["purge"], 2, /--older-than/],
      [["list", "--limit", "0"], 2, /Cannot read --limit "0"/],
      [["list", "--project", "shpo"], 1, /Cannot find project "shpo": .*\n {2}Did you mean shop\?/],
      [["list", "--project", "zzz"], 1, /\n {2}Run "halton-meter project list"/],
      [["show", "banana"], 2, /this is not the beginning of an id/],
      [["show", "ffffffffff"], 1, /no recorded call has an id that begins like this/],
      [["show", id], 1, /Cannot show bodies of .*: none are stored/],
      [["search", " "], 2, /the text to look for is empty/],
      [
        ["export", "--output", "/no/such/folder/x"],
        1,
        /Cannot export to \/no\/such\/folder\/x: there is no such folder/,
      ],
    ];
    for (const [args, code, sentence] of cases) {
      const ran = await home.run("bodies", ...args);
      equal(ran.code, code, args.join(" "));
      match(ran.err, sentence);
    }
  });
});

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}
