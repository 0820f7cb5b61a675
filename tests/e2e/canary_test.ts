/**
 * Secrets and sentences in every place of the traffic, and then every byte that the meter left: on disk, on its outputs and in
 * the process table. No secret may be anywhere; a sentence only in `request_bodies`, and with capture off nowhere.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { DatabaseSync } from "node:sqlite";
import { defaultConfig } from "../../src/domain/config.ts";
import type { CopyRecord } from "../../src/roles/messages.ts";
import { openForWriting } from "../../src/store/database.ts";
import { body, row, writerOf } from "../store/sample.ts";
import { type Finding, searchFolder, snapshot } from "./support/byte_search.ts";
import { Canaries, KIND_COUNT } from "./support/canaries.ts";
import { begin, CALLS, playCalls, playRubbish, playSocket, tunnelTo } from "./support/canary_traffic.ts";
import { CLIENTS, clientVariables } from "./support/clients.ts";
import type { Meter } from "./support/meter.ts";
import { withMeter } from "./support/meter.ts";
import { Needles } from "./support/needles.ts";
import { watchProcesses } from "./support/process_watch.ts";
import { until } from "./support/program.ts";
import { StandIns } from "./support/surfaces.ts";

const NO_PERMISSIONS = {
  net: false,
  read: false,
  write: false,
  env: false,
  run: false,
  sys: false,
  ffi: false,
  import: false,
} as const;

/** Where sentences may be, by place. */
const BODIES = /^home\/db\.sqlite(?:-wal)?$|:request_bodies\.body$/;

/** What this test writes itself. */
const OWN_FILES = ["home/config.toml"];

function expectNothing(when: string, findings: readonly Finding[]): void {
  const lines = [...new Set(findings.map(({ place, label }) => `${label} → ${place}`))].toSorted();
  equal(lines.length, 0, `Found ${when}:\n${lines.join("\n")}`);
}

async function withStandIns(test: (stand: StandIns) => Promise<void>): Promise<void> {
  const stand = new StandIns();
  await stand.start();
  try {
    await test(stand);
  } finally {
    await stand.stop();
  }
}

/** Copies everything below the meter's folder and searches the copy. */
async function searched<T>(meter: Meter, search: (copy: string) => T): Promise<T> {
  const copy = await Deno.makeTempDir({ dir: "/tmp", prefix: "hm-copy-" });
  try {
    await snapshot(meter.root, copy);
    return search(copy);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

/** Takes the bodies out of a copy, overwrites them and gives their pages away, so that what is left is all the rest. */
function withoutBodies(copy: string): void {
  const db = new DatabaseSync(`${copy}/home/db.sqlite`);
  db.exec("PRAGMA secure_delete = ON; DELETE FROM request_bodies; PRAGMA journal_mode = DELETE");
  db.prepare("PRAGMA incremental_vacuum").all();
  db.close();
}

/** What commands print, and how they are called. */
const COMMANDS: readonly (readonly string[])[] = [
  ["report"],
  ["report", "--json"],
  ["report", "--csv"],
  ["report", "--by", "client"],
  ["status"],
  ["status", "--json"],
  ["bodies", "stats"],
  ["bodies", "list", "--limit", "100"],
  ["bodies", "search", "Ask"],
  ["bodies", "search", "sk-ant"],
  ["project", "list"],
  ["logs"],
  ["audit", "list"],
  ["pricing", "list"],
];

/** Everything that commands print of what is on record. */
async function printed(meter: Meter): Promise<string> {
  const folder = `${meter.root}/tmp/export`;
  const each = meter.rows().slice(0, 12).flatMap(({ id }) => [["bodies", "show", id], ["pricing", "explain", id]]);
  const runs = [...COMMANDS, ...each, ["bodies", "export", "--output", folder]];
  const outputs: string[] = [];
  for (const args of runs) {
    const { stdout, stderr } = await meter.command(args, { env: { HALTON_METER_TRACE: "1" } });
    outputs.push(stdout, stderr);
  }
  return outputs.join("\n");
}

/** A call of curl from a folder, with variables of the client's own. */
async function curl(meter: Meter, cwd: string, env: Record<string, string>): Promise<void> {
  const command = CLIENTS.find(({ title }) => title === "curl")?.command("key", "Hello") ?? ["false"];
  await meter.spawn(command, { cwd, env: { ...clientVariables(meter.proxyUrl, meter.caFile), ...env } }).finished;
}

Deno.test("the search finds what was planted plain, in a page, in a log of the database and in compressed bodies", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hm-search-" });
  try {
    const places = ["page", "log", "packed", "file", "base64", "escaped", "deep"];
    const words = places.map((name) => `${name}-${crypto.randomUUID()}`);
    const needles = new Needles(words.map((text) => ({ label: text, text })));
    await Deno.mkdir(`${folder}/home`);
    const path = `${folder}/home/db.sqlite`;
    const db = openForWriting(path, { now: Date.now() });
    const writer = writerOf(db);
    const filler = Array.from({ length: 400 }, (_, at) => `line ${at} of a long text\n`).join("");
    writer.record(row({ path: `/${words[0]}` }), [body({ text: `${filler}${words[2]}${filler}` })]);
    writer.close();
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const late = writerOf(db);
    late.record(row({ clientName: words[1] ?? "" }), []);
    late.close();
    await Deno.writeFile(`${folder}/home/a.err.log`, gzipSync(new TextEncoder().encode(`${words[3]}`)));
    await Deno.writeTextFile(`${folder}/home/b.err.log`, `x${btoa(`ab${words[4]}cdef`)}`);
    await Deno.writeTextFile(`${folder}/c.tmp`, JSON.stringify(JSON.stringify(words[5])).toUpperCase());
    await Deno.mkdir(`${folder}/deep/er`, { recursive: true });
    await Deno.writeTextFile(`${folder}/deep/er/d`, encodeURIComponent(words[6] ?? ""));
    const copy = `${folder}/copy`;
    await snapshot(`${folder}/home`, `${copy}/home`);
    await snapshot(`${folder}/deep`, `${copy}/deep`);
    await Deno.copyFile(`${folder}/c.tmp`, `${copy}/c.tmp`);
    db.close();
    const found = searchFolder(copy, needles).map(({ place, label }) => `${label.split("-")[0]} ${place}`).toSorted();
    deepEqual([...new Set(found)], [
      "base64 home/b.err.log",
      "deep deep/er/d",
      "escaped c.tmp",
      "file home/a.err.log",
      "log home/db.sqlite-wal",
      "log home/db.sqlite:requests.client_name",
      "log home/db.sqlite:usage_clients.client",
      "packed home/db.sqlite",
      "packed home/db.sqlite:request_bodies.body",
      "page home/db.sqlite",
      "page home/db.sqlite-wal",
      "page home/db.sqlite:requests.path",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("No secret is left anywhere and no sentence outside request_bodies, whatever happens to traffic and daemon", async () => {
  await withStandIns(async (stand) => {
    await withMeter({ providers: stand.providers }, async (meter) => {
      const canaries = new Canaries("on");
      const caCerts = [await Deno.readTextFile(meter.caFile)];
      const watch = watchProcesses([meter.daemon?.pid ?? 0, meter.edge?.pid ?? 0]);
      try {
        await playCalls(meter, stand, caCerts, canaries);
        await playSocket(meter, stand, caCerts, canaries);
        await meter.waitForRows(CALLS + 3);
        await playRubbish(meter, stand, caCerts, canaries);
        await playOwners(meter, canaries);
        await playBadConfig(meter, canaries);
        await expectClean(meter, canaries, "while it runs");

        const open = await begin(meter, stand, caCerts, canaries);
        meter.daemon?.kill("SIGKILL");
        await meter.daemon?.finished;
        open.close();
        await expectClean(meter, canaries, "after the daemon was killed");
        const crashed = meter.daemon?.stderr ?? "";
        await meter.startDaemon();
        const written = await printed(meter);
        ok(written.length > 10_000, "the commands printed something");
        ok(canaries.sentences.in(written).size > 0, "bodies show prints sentences");
        await Deno.remove(`${meter.root}/tmp/export`, { recursive: true }).catch(() => {});
        await meter.stop();

        ok(canaries.secretCount >= 60 && canaries.sentenceCount >= 60, `${canaries.secretCount} secrets`);
        ok(canaries.secretCount > KIND_COUNT, "every kind was planted");
        deepEqual([...canaries.secrets.in(written)], [], "what commands print");
        const shown = await watch.end();
        ok(shown.includes("cmdline: ") && shown.includes("HALTON_METER_HOME="), "the process table was read");
        const outputs = [crashed, meter.daemon?.stderr, meter.daemon?.stdout, meter.edge?.stderr, meter.edge?.stdout];
        for (const needles of [canaries.secrets, canaries.sentences]) {
          deepEqual([...needles.in(outputs.join("\n"))], [], "what the processes print");
          deepEqual([...needles.in(shown)], [], "what the process table shows");
        }
        await expectClean(meter, canaries, "in the end");
        await expectKept(meter, canaries);
      } finally {
        await watch.end();
      }
    });
  });
});

/** Names of projects, as far as a client can choose them. */
async function playOwners(meter: Meter, canaries: Canaries): Promise<void> {
  const before = meter.rows().length;
  const folder = await Deno.makeTempDir({ prefix: "hm-work-" });
  try {
    const key = canaries.secret("openai-api-key.deepseek", "HALTON_PROJECT");
    await curl(meter, folder, {
      HALTON_PROJECT: key,
      ANTHROPIC_API_KEY: canaries.secret("anthropic-api-key", "a variable"),
    });
    await curl(meter, folder, { HALTON_PROJECT: canaries.sentence("HALTON_PROJECT") });
    const repository = `${folder}/${canaries.secret("databricks-token", "the name of a repository")}`;
    await Deno.mkdir(`${repository}/.git`, { recursive: true });
    await Deno.writeTextFile(`${repository}/.git/HEAD`, "ref: refs/heads/main\n");
    await curl(meter, repository, {});
    const file = `project = "${canaries.secret("digitalocean-token", ".haltonrc")}"\n${
      canaries.sentence(".haltonrc")
    }\n`;
    await Deno.writeTextFile(`${repository}/.haltonrc`, file);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await curl(meter, repository, {});
    await until("the calls of curl to be on record", () => meter.rows().length > before);
    // Problems of a .haltonrc are told with its path.
    const { status } = await meter.status();
    deepEqual([...canaries.secrets.in(JSON.stringify(status))], [], "status --json");
    equal(await tunnelTo(meter, `${canaries.secret("assigned-secret.hex", "the name of a host")}.invalid`), 502);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A change of config.toml that is wrong and full of secrets, and back. */
async function playBadConfig(meter: Meter, canaries: Canaries): Promise<void> {
  const path = `${meter.home}/config.toml`;
  const good = await Deno.readTextFile(path);
  const key = canaries.secret("stripe-key", "config.toml");
  await Deno.writeTextFile(
    path,
    `${good}\n[bodies]\nenabled = "${key}"\n"${key}" = 1\n[[redaction.rules]]\nname = "${key}"\n`,
  );
  const refused = async () => (await meter.status()).status.problems.some((each) => each.includes("are not used"));
  await until("the daemon to see the wrong settings", refused, 10_000);
  const { stdout, stderr } = await meter.command(["status"], { env: { HALTON_METER_TRACE: "1" } });
  deepEqual([...canaries.secrets.in(stdout + stderr)], [], "status with a wrong config.toml");
  const other = await meter.command(["edge"], { env: { HALTON_METER_TRACE: "1" } });
  deepEqual([...canaries.secrets.in(other.stdout + other.stderr)], [], "edge with a wrong config.toml");
  await Deno.writeTextFile(path, good);
  await until("the daemon to see the good settings", async () => !await refused(), 10_000);
}

/** No secret anywhere, no sentence but in bodies. */
async function expectClean(meter: Meter, canaries: Canaries, when: string): Promise<void> {
  const { secrets, sentences } = canaries;
  const found = await searched(meter, (copy) => {
    const kept = searchFolder(copy, secrets, OWN_FILES);
    const said = searchFolder(copy, sentences, OWN_FILES).filter(({ place }) => !BODIES.test(place));
    withoutBodies(copy);
    return [...kept, ...said, ...searchFolder(copy, sentences, OWN_FILES)];
  });
  expectNothing(when, found);
}

/** Sentences of bodies are in bodies, so that what was not found elsewhere was on its way at all. */
async function expectKept(meter: Meter, canaries: Canaries): Promise<void> {
  const found = await searched(meter, (copy) => searchFolder(copy, canaries.sentences, OWN_FILES));
  const kept = new Set(found.filter(({ place }) => place.endsWith(":request_bodies.body")).map(({ label }) => label));
  ok(kept.size >= 30, `${kept.size} sentences kept of ${canaries.sentenceLabels.length}`);
}

Deno.test("With capture off no sentence and no secret is left anywhere", async () => {
  await withStandIns(async (stand) => {
    await withMeter({ providers: stand.providers, config: "[bodies]\nenabled = false\n" }, async (meter) => {
      const canaries = new Canaries("off");
      const caCerts = [await Deno.readTextFile(meter.caFile)];
      await playCalls(meter, stand, caCerts, canaries);
      await playSocket(meter, stand, caCerts, canaries);
      await playRubbish(meter, stand, caCerts, canaries);
      await meter.waitForRows(CALLS + 3);
      const look = () =>
        searched(meter, (copy) => {
          return [canaries.secrets, canaries.sentences].flatMap((each) => searchFolder(copy, each, OWN_FILES));
        });
      expectNothing("while it runs", await look());
      await meter.stop();
      expectNothing("in the end", await look());
    });
  });
});

/** Starts the recorder's own worker on a database, with the permissions that the daemon gives it. */
async function startRecorder(database: string, heard: unknown[]): Promise<{ worker: Worker; port: MessagePort }> {
  const folder = database.slice(0, database.lastIndexOf("/"));
  const worker = new Worker(new URL("../../src/roles/recorder_worker.ts", import.meta.url), {
    type: "module",
    deno: {
      permissions: {
        ...NO_PERMISSIONS,
        read: [folder],
        write: [folder],
        env: ["WS_NO_BUFFER_UTIL", "WS_NO_UTF_8_VALIDATE"],
      },
    },
  });
  const { port1, port2 } = new MessageChannel();
  const ready = Promise.withResolvers<void>();
  worker.onmessage = ({ data }) => {
    heard.push(data);
    if (data.kind === "recorder.ready") ready.resolve();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    heard.push(event.message);
  };
  const configFile = `${database}-has-no-settings`;
  worker.postMessage(
    { kind: "recorder.start", database, configFile, config: defaultConfig(), interceptor: port2 },
    [port2],
  );
  await ready.promise;
  return { worker, port: port1 };
}

Deno.test("A recorder that dies in the middle of a call leaves no secret, in its last words neither, nor does its successor", async () => {
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "hm-worker-" });
  try {
    const canaries = new Canaries("worker");
    await Deno.mkdir(`${folder}/home`, { mode: 0o700 });
    const heard: unknown[] = [];
    for (const [turn, dies] of [true, false].entries()) {
      const { worker, port } = await startRecorder(`${folder}/home/db.sqlite`, heard);
      const body = JSON.stringify({
        model: "claude-opus-5",
        messages: [{ role: "user", content: canaries.page(20, "a call") }],
      });
      const slab = new TextEncoder().encode(body);
      const at = Date.now();
      const fields = [
        "authorization",
        `Bearer ${canaries.secret("jwt", "a field")}`,
        "content-type",
        "application/json",
      ];
      const records: CopyRecord[] = [
        { t: "open", c: turn, host: "api.anthropic.com", peerPort: 5001 },
        { t: "request", c: turn, x: 0, method: "POST", target: "/v1/messages", fields, at },
        { t: "bytes", c: turn, x: 0, part: "request", start: 0, length: slab.length, at },
        ...(dies ? [] : [{ t: "close", c: turn } as const]),
      ];
      port.postMessage({ kind: "copy", records, slab, weight: slab.length });
      await new Promise((resolve) => port.onmessage = resolve);
      // No such message: the worker must end itself.
      worker.postMessage({ kind: dies ? canaries.secret("npm-token", "a message") : "drain" });
      await until("the recorder's last words", () => {
        return heard.some((each) =>
          typeof each === "object" && each !== null && "kind" in each && each.kind === (dies ? "crashed" : "drained")
        );
      });
      worker.terminate();
      port.close();
    }
    deepEqual([...canaries.secrets.in(JSON.stringify(heard))], [], "what the recorder said");
    const copy = `${folder}/copy`;
    await snapshot(`${folder}/home`, `${copy}/home`);
    const kept = searchFolder(copy, canaries.sentences).filter(({ place }) => place.endsWith(":request_bodies.body"));
    ok(kept.length > 0, "the second recorder kept its call");
    expectNothing("on the disk", searchFolder(copy, canaries.secrets));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
