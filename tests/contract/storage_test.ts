/**
 * The local-only guarantee, as far as it is about what rests on the disk: L1, L2, L3, L9 to L14.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { bodyStats, readBodies } from "../../src/store/bodies.ts";
import { openForWriting } from "../../src/store/database.ts";
import { body, noise, row, writerOf } from "../store/sample.ts";
import { secretOf } from "../redaction/secret_shapes.ts";
import { searchFolder, snapshot } from "../e2e/support/byte_search.ts";
import type { Meter } from "../e2e/support/meter.ts";
import { Needles } from "../e2e/support/needles.ts";
import { until } from "../e2e/support/program.ts";
import { configure, descriptorsOf, look, modeOf, pathsBelow, readLog, say, succeed, withSession } from "./session.ts";

const DAY = 86_400_000;
const PROMPT = "quazorvexlum asks for thriplognydax";
const NEEDLES = new Needles(["quazorvexlum", "thriplognydax"].map((text) => ({ label: "the prompt", text })));

/** Places below the meter's folder that hold the prompt. */
async function promptPlaces(meter: Meter): Promise<string[]> {
  const copy = await Deno.makeTempDir({ dir: "/tmp", prefix: "hm-copy-" });
  try {
    await snapshot(meter.root, copy);
    return [...new Set(searchFolder(copy, NEEDLES).map(({ place }) => place))].toSorted();
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

Deno.test("L1 what is recorded is in db.sqlite and in no other file, and the daemon has no other file open", async () => {
  await withSession({}, async (meter) => {
    await say(meter, PROMPT);
    const places = (await promptPlaces(meter)).map((place) => place.replace(/:.*$/, ""));
    deepEqual([...new Set(places)].filter((place) => !/^home\/db\.sqlite(?:-wal)?$/.test(place)), []);
    ok(places.length > 0);
    const { written } = await descriptorsOf(meter.daemon?.pid ?? 0);
    ok(written.includes(meter.database), written.join("\n"));
    // From source, the runtime keeps what it compiled in a folder of its own.
    const ours = [`${meter.home}/`, `${meter.env["DENO_DIR"]}/`];
    deepEqual(written.filter((path) => !ours.some((folder) => path.startsWith(folder))), []);
    const names = pathsBelow(meter.home).filter((path) => !/^\/db\.sqlite(?:-wal|-shm)?$/.test(path));
    deepEqual(
      names.filter((name) =>
        !/^\/(?:config\.toml|effective-ports\.json|made-paths\.json|daemon\.sock|daemon\.err\.log)$/.test(name)
      ),
      [],
    );
  });
});

Deno.test("L1 calls, projects, prices, audit and policy events have their tables in it", async () => {
  await withSession({}, async (meter) => {
    await say(meter, PROMPT);
    const counts = look(meter, (db) => {
      return ["requests", "projects", "pricing_rates", "audit_events", "policy_events"].map((table) => {
        return [table, Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]) > 0];
      });
    });
    deepEqual(Object.fromEntries(counts), {
      requests: true,
      projects: true,
      pricing_rates: true,
      audit_events: true,
      policy_events: false, // The meter enforces no policy; the table is there for those who do.
    });
  });
});

Deno.test("L2 a body is stored only while capture is on, and only after redaction", async () => {
  await withSession({}, async (meter) => {
    const keys = ["anthropic-api-key", "jwt", "github-token"].map((kind) => secretOf(kind, "contract"));
    const [key = "", token = "", other = ""] = keys;
    equal(await say(meter, `key ${key} Authorization: Bearer ${token} and ${other}`), 2);
    const [stored] = look(meter, (db) => readBodies(db, meter.rows()[0]?.id ?? ""));
    match(
      stored?.text ?? "",
      /key \[REDACTED:anthropic-api-key\] .*\[REDACTED:[a-z-]+\] and \[REDACTED:github-token\]/,
    );
    await configure(meter, "\n[bodies]\nenabled = false\n");
    equal(await say(meter, `key ${key}`), 0);
    const copy = await Deno.makeTempDir({ dir: "/tmp", prefix: "hm-copy-" });
    try {
      await snapshot(meter.root, copy);
      const others = (kind: string) => [secretOf(kind, "x"), secretOf(kind, "y")];
      const kinds = ["anthropic-api-key", "jwt", "github-token"];
      const needles = new Needles(
        keys.map((text, at) => ({ label: kinds[at] ?? "", text, others: others(kinds[at] ?? "") })),
      );
      deepEqual(searchFolder(copy, needles), []);
    } finally {
      await Deno.remove(copy, { recursive: true });
    }
  });
});

Deno.test("L3 logs are plain files of event names and counts beside the database, without a word of the prompt", async () => {
  await withSession({}, async (meter) => {
    await say(meter, PROMPT);
    await until("the call to be in the log", () => readLog(meter).includes("intercept.complete"));
    const events = readLog(meter).trimEnd().split("\n").map((line): Record<string, unknown> => JSON.parse(line));
    for (const { event } of events) match(String(event), /^[a-z]+(?:\.[a-z]+)+$/);
    const call = events.find(({ event }) => event === "intercept.complete");
    deepEqual([call?.["input_tokens"], call?.["output_tokens"]], [1_200, 850]);
    deepEqual(Object.keys(call ?? {}).toSorted(), [
      "duration_ms",
      "event",
      "http_status",
      "id",
      "input_tokens",
      "model",
      "output_tokens",
      "provider",
      "timestamp",
    ]);
    equal(NEEDLES.in(readLog(meter)).size, 0);
    equal(modeOf(`${meter.home}/daemon.err.log`), 0o600);
    // A logger of the system is reached by datagrams.
    const { sockets, datagrams } = await descriptorsOf(meter.daemon?.pid ?? 0);
    ok(sockets > 0, "sockets were seen");
    deepEqual(datagrams, []);
    deepEqual(pathsBelow(meter.home).filter((path) => path.endsWith(".log")), ["/daemon.err.log"]);
  });
});

Deno.test("L9 capture is on unless told otherwise, and request_bodies is the only place that gets a prompt", async () => {
  await withSession({}, async (meter) => {
    equal(await say(meter, PROMPT), 2);
    const { capture } = JSON.parse(await succeed(meter, ["bodies", "stats", "--json"]));
    deepEqual([capture.enabled, capture.source], [true, "default"]);
    const columns = (await promptPlaces(meter)).filter((place) => place.includes(":"));
    deepEqual(columns, ["home/db.sqlite:request_bodies.body"]);
  });
});

Deno.test("L10 bodies stats counts what was masked, by category", async () => {
  await withSession({}, async (meter) => {
    const secrets = ["email", "email.tagged", "aws-access-key", "github-token", "credit-card"].map((kind) => {
      return secretOf(kind, "stats");
    });
    await say(meter, secrets.join("\n"));
    const { redactions } = JSON.parse(await succeed(meter, ["bodies", "stats", "--json"]));
    deepEqual(redactions.by_category, { cloud: 1, "code-host": 1, personal: 3 });
    deepEqual(redactions.by_rule, { "aws-access-key": 1, "credit-card": 1, email: 2, "github-token": 1 });
    match(await succeed(meter, ["bodies", "stats"]), /personal\s+3/);
  });
});

Deno.test("L11 a body is cut at 524,288 bytes, and the sweep deletes what is older than 90 days", async () => {
  await withSession({ daemon: false }, async (meter) => {
    const db = openForWriting(meter.database, { now: Date.now() });
    const writer = writerOf(db);
    for (const days of [91, 89]) writer.record(row({ requestedAt: Date.now() - days * DAY }), [body()]);
    writer.close();
    db.close();
    await meter.startDaemon();
    await until("the sweep", () => look(meter, (open) => bodyStats(open)).count === 1);
    ok((look(meter, bodyStats).oldest ?? 0) > Date.now() - 90 * DAY, "the younger one is kept");
    equal(meter.rows().length, 2, "calls stay");
    await say(meter, "word ".repeat(200_000));
    const stored = look(meter, (open) => readBodies(open, meter.rows().at(-1)?.id ?? ""))[0];
    deepEqual([stored?.truncated, new TextEncoder().encode(stored?.text).length], [true, 524_288]);
    const { limits } = JSON.parse(await succeed(meter, ["bodies", "stats", "--json"]));
    deepEqual([limits.max_body_bytes, limits.retention_days], [524_288, 90]);
  });
});

Deno.test("L12 enabled = false stops capture with the next call, without a restart", async () => {
  await withSession({}, async (meter) => {
    equal(await say(meter, PROMPT), 2);
    const config = `${meter.home}/config.toml`;
    const before = await Deno.readTextFile(config);
    for (let times = 0; times < 3; times++) {
      // At once: nothing waits until the daemon says that it has seen the change.
      await Deno.writeTextFile(config, `${before}\n[bodies]\nenabled = false\n`);
      equal(await say(meter, PROMPT), 0);
      await Deno.writeTextFile(config, `${before}\n[bodies]\nenabled = true\n`);
      equal(await say(meter, PROMPT), 2);
    }
    await Deno.writeTextFile(config, `${before}\n[bodies]\nenabled = false\n`);
    equal(await say(meter, PROMPT), 0);
    const events = look(meter, (db) => db.prepare("SELECT event, details FROM audit_events").all());
    deepEqual(
      events.filter(({ event }) => event === "config.changed").map(({ details }) => JSON.parse(String(details))),
      [
        // What the test's own config.toml differs in from the defaults, then the changes.
        JSON.parse(String(events.find(({ event }) => event === "config.changed")?.["details"])),
        ...[false, true, false, true, false, true, false].map((on) => ({ "bodies.enabled": on })),
      ],
    );
  });
});

Deno.test("L13 body-capture off of one project overrides the daemon-wide setting with its next call", async () => {
  await withSession({}, async (meter) => {
    // On a machine that is very busy a caller may be found too late; its call then belongs to the default project.
    for (let calls = 0; calls < 5; calls++) {
      equal(await say(meter, PROMPT), 2);
      if (meter.rows().at(-1)?.project !== "misc") break;
    }
    const projects = new Set(["misc", ...meter.rows().map(({ project }) => project)]);
    const choose = async (choice: string) => {
      for (const project of projects) {
        await succeed(meter, ["project", "set", "--create", project, "body-capture", choice]);
      }
    };
    await choose("off");
    equal(await say(meter, PROMPT), 0);
    await choose("on");
    equal(await say(meter, PROMPT), 2);
    match(await succeed(meter, ["audit", "list"]), /project\.body_capture_set {2}project=\S+ {2}choice=off/);
  });
});

Deno.test("L14 bodies purge --older-than 30d --vacuum deletes and gives the space back, log included", async () => {
  await withSession({ daemon: false }, async (meter) => {
    const db = openForWriting(meter.database, { now: Date.now() });
    const writer = writerOf(db);
    for (let at = 0; at < 60; at++) {
      writer.record(row({ requestedAt: Date.now() - 31 * DAY }), [body({ text: noise(100_000) })]);
    }
    writer.record(row({ requestedAt: Date.now() - 29 * DAY }), [body({ text: "kept" })]);
    writer.close();
    const size = () => ["", "-wal"].reduce((sum, end) => sum + sizeOf(`${meter.database}${end}`), 0);
    await meter.startDaemon();
    const before = size();
    ok(before > 5_000_000, `${before}`);
    await succeed(meter, ["bodies", "purge", "--older-than", "30d", "--vacuum"]);
    db.close();
    ok(size() < before / 8, `${before} bytes became ${size()}`);
    equal(look(meter, bodyStats).count, 1);
    match(await succeed(meter, ["audit", "list"]), /bodies\.purged {2}cause=command/);
  });
});

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}
