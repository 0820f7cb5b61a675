/**
 * What is wrong is said in one sentence that names it, and nothing is broken by it.
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { text, utf8 } from "./support/bytes.ts";
import { Meter, withMeter } from "./support/meter.ts";
import { startProvider } from "./support/provider.ts";
import { oneCall, readAsItComes } from "./support/raw_client.ts";

/** A file, the line its problem is on, and what the message must say of it. */
const BAD_FILES: Readonly<Record<string, readonly [file: string, line: number, says: RegExp]>> = {
  "a syntax error": ["# first line\n[daemon]\nedge_port = = 8081\n", 3, /\S/],
  "an unknown key": [
    "[bodies]\nenabeld = false\n",
    2,
    /bodies\.enabeld: found an unknown key.*did you mean "enabled"\?/,
  ],
  "a wrong type": ["[bodies]\n\nenabled = 1\n", 3, /bodies\.enabled: found 1, wanted true or false/],
  "a port out of range": [
    "[daemon]\nedge_port = 80810\n",
    2,
    /daemon\.edge_port: found 80810, wanted a port number from 0 to 65535/,
  ],
  "a host that is not intercepted": [
    '[upstream]\nmap = { "example.com" = "127.0.0.1:1" }\n',
    2,
    /upstream\.map/,
  ],
};

for (const [title, [file, line, says]] of Object.entries(BAD_FILES)) {
  Deno.test(`With ${title} in config.toml nothing starts, and the message names file, line, key and what is wanted`, async () => {
    await withMeter({ edge: false, daemon: false, wholeConfig: file }, async (meter) => {
      for (const command of ["daemon", "edge"]) {
        const { code, stderr, stdout } = await meter.command([command]);
        deepEqual([code, stdout], [1, ""]);
        ok(stderr.startsWith(`halton-meter: ${meter.home}/config.toml:${line}: `), stderr);
        match(stderr, says);
        match(stderr, /\n {2}Correct the file, or move it away to run with defaults\n$/);
      }
      deepEqual(meter.ports(), { edge: null, daemon: null });
    });
  });
}

Deno.test("A string of a bad config.toml is never repeated, since it may be a password", async () => {
  const wholeConfig = '[bodies]\nenabled = "hunter2-canary"\n[upstream]\nproxy = "http://me:hunter2-canary@[::1"\n';
  await withMeter({ edge: false, daemon: false, wholeConfig }, async (meter) => {
    const { code, stderr } = await meter.command(["daemon"]);
    equal(code, 1);
    match(stderr, /config\.toml:2: bodies\.enabled: .*\n.*config\.toml:4: upstream\.proxy: /);
    equal(stderr.includes("hunter2"), false, stderr);
  });
});

Deno.test("A database of a newer version is refused and left as it is", async () => {
  await withMeter({ edge: false, daemon: false }, async (meter) => {
    const { applicationId } = await ownDatabase(meter);
    const db = new DatabaseSync(meter.database);
    db.exec(
      `PRAGMA application_id = ${applicationId}; CREATE TABLE _migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL,
      applied_at INTEGER NOT NULL); INSERT INTO _migrations VALUES (999, 'from the future', 0); PRAGMA user_version = 999`,
    );
    db.close();
    const before = await Deno.readFile(meter.database);
    const { code, stderr } = await meter.command(["daemon"]);
    equal(code, 1);
    match(stderr, /^halton-meter: Cannot use .*db\.sqlite: .*newer.*\n {2}\S/);
    const report = await meter.command(["report"]);
    equal(report.code, 1);
    match(report.stderr, /newer/);
    deepEqual(await Deno.readFile(meter.database), before);
    deepEqual(
      [...Deno.readDirSync(meter.home)].map(({ name }) => name).filter((name) => name.startsWith("db.sqlite-")),
      [],
    );
  });
});

/** What this version writes into the header of its databases, read from one that it made. The file is gone after. */
async function ownDatabase(meter: Meter): Promise<{ applicationId: number }> {
  await meter.startDaemon();
  await meter.stop();
  const db = new DatabaseSync(meter.database);
  const applicationId = Number(db.prepare("PRAGMA application_id").get()?.["application_id"]);
  db.close();
  notEqual(applicationId, 0);
  await Deno.remove(meter.database);
  return { applicationId };
}

Deno.test("A file that is no database is refused and left as it is", async () => {
  await withMeter({ edge: false, daemon: false }, async (meter) => {
    await Deno.writeTextFile(meter.database, "Dear diary, ".repeat(500));
    const before = await Deno.readFile(meter.database);
    const { code, stderr } = await meter.command(["daemon"]);
    equal(code, 1);
    match(stderr, /^halton-meter: Cannot open .*db\.sqlite: /);
    deepEqual(await Deno.readFile(meter.database), before);
  });
});

for (const kind of ["silent", "talkative"] as const) {
  Deno.test(`A proxy port held by a ${kind} foreign program: a message, another port, and run finds it`, async () => {
    const provider = await startProvider({
      host: "api.anthropic.com",
      answer: () => eventStream(anthropicEvents("msg_port"), 1),
    });
    const meter = await Meter.create({ providers: [provider] });
    const foreign = Deno.listen({ hostname: "127.0.0.1", port: meter.edgePort });
    const visitors = holdPort(foreign, kind);
    try {
      const daemon = await meter.startDaemon();
      const port = meter.ports().edge?.port ?? 0;
      ok(port > meter.edgePort && port <= meter.edgePort + 20, `${port}`);
      equal(meter.ports().edge?.pid, daemon.pid);
      match(
        daemon.stderr,
        new RegExp(`^Port ${meter.edgePort} is held by another program: using ${port} instead`, "m"),
      );
      match(daemon.stderr, new RegExp(`is metering on 127\\.0\\.0\\.1:${port}\\n`));
      const run = await meter.command(["run", "--", "sh", "-c", "echo $HTTPS_PROXY"]);
      deepEqual([run.code, run.stdout, run.stderr], [0, `http://127.0.0.1:${port}\n`, ""]);
      await oneCall(port, [await Deno.readTextFile(meter.caFile)]);
      await meter.onlyRow();
      await meter.stop();
      meter.assertNoCrash();
    } finally {
      foreign.close();
      for (const visitor of await visitors) visitor.close();
      await meter.discard();
      await provider.stop();
    }
  });
}

async function holdPort(listener: Deno.TcpListener, kind: "silent" | "talkative"): Promise<Deno.TcpConn[]> {
  const visitors: Deno.TcpConn[] = [];
  for await (const visitor of listener) {
    visitors.push(visitor);
    if (kind === "talkative") {
      visitor.write(utf8("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")).catch(() => {});
    }
  }
  return visitors;
}

Deno.test("A second daemon says that one runs, and a second edge too; the first ones are unharmed", async () => {
  const provider = await startProvider({
    host: "api.anthropic.com",
    answer: () => eventStream(anthropicEvents("msg_second"), 1),
  });
  try {
    await withMeter({ providers: [provider] }, async (meter) => {
      const before = meter.ports();
      const daemon = await meter.command(["daemon"]);
      equal(daemon.code, 1);
      match(
        daemon.stderr,
        new RegExp(`^halton-meter: Cannot start the daemon: .*process ${meter.daemon?.pid}\\n {2}\\S`),
      );
      const edge = await meter.command(["edge"]);
      equal(edge.code, 0);
      match(
        edge.stderr,
        new RegExp(`^Process ${meter.edge?.pid} already serves the proxy on 127\\.0\\.0\\.1:${meter.edgePort}\\n$`),
      );
      deepEqual(meter.ports(), before);
      await oneCall(meter.edgePort, [await Deno.readTextFile(meter.caFile)]);
      await meter.onlyRow();
      deepEqual((await meter.status()).code, 0);
    });
  } finally {
    await provider.stop();
  }
});

const MALFORMED: readonly string[] = [
  "CONNECT api.anthropic.com HTTP/1.1\r\n\r\n",
  "CONNECT api.anthropic.com:0 HTTP/1.1\r\n\r\n",
  "CONNECT api.anthropic.com:65536 HTTP/1.1\r\n\r\n",
  "CONNECT api.anthropic.com:https HTTP/1.1\r\n\r\n",
  "CONNECT user@api.anthropic.com:443 HTTP/1.1\r\n\r\n",
  "CONNECT https://api.anthropic.com:443 HTTP/1.1\r\n\r\n",
  "CONNECT [::1:443 HTTP/1.1\r\n\r\n",
  "CONNECT 127.1:443 HTTP/1.1\r\n\r\n",
  "CONNECT api.anthropic.com:443 HTTP/2\r\n\r\n",
  "CONNECT  api.anthropic.com:443 HTTP/1.1\r\n\r\n",
  "CONNECT api.anthropic.com:443 HTTP/1.1\nHost: x\n\n",
  "CONNECT api.anthropic.com:443 HTTP/1.1\r\nHost : x\r\n\r\n",
  "CONNECT api.anthropic.com:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
  "CONNECT api.anthropic.com:443 HTTP/1.1\r\nX: \x00\r\n\r\n",
  "GET /v1/models HTTP/1.1\r\nHost: api.anthropic.com\r\n\r\n",
  "\x16\x03\x01\x00\x05hello",
  "\x05\x01\x00",
  `CONNECT api.anthropic.com:443 HTTP/1.1\r\nX: ${"x".repeat(70_000)}`,
];

Deno.test("A malformed request to the proxy is answered 400 with one sentence that repeats nothing of it", async () => {
  await withMeter({}, async (meter) => {
    for (const request of MALFORMED) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: meter.edgePort });
      connection.write(Uint8Array.from(request, (character) => character.charCodeAt(0))).catch(() => {});
      const { bytes, error } = await readAsItComes(connection);
      connection.close();
      const shown = JSON.stringify(request.slice(0, 80));
      equal(error, null, shown);
      match(text(bytes), /^HTTP\/1\.1 400 Bad Request\r\n[^]*\r\n\r\nhalton-meter: [A-Z][^\n]+\n$/, shown);
      equal(text(bytes).includes("anthropic"), false, shown);
    }
    equal(await meter.edgeCounter("bad_requests"), MALFORMED.length);
    await meter.waitForNoneOpen();
  });
});
