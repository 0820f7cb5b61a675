/**
 * `halton-meter connections` as a user meets it: with the edge in the daemon, beside it, alone, and with nothing at all.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, doesNotMatch, match, strictEqual as equal } from "node:assert/strict";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { startPlainProxy } from "./support/plain_proxy.ts";
import { until } from "./support/program.ts";
import { startProvider } from "./support/provider.ts";
import { messagesRequest, openTls, openTunnel, readAsItComes, readUntil, writeAll } from "./support/raw_client.ts";

const HOST = "api.anthropic.com";

interface Row {
  readonly role: string;
  readonly process: string;
  readonly destination: string | null;
  readonly asked_for: string | null;
  readonly allowed_by: string;
  readonly leaves_machine: boolean;
  readonly addresses: readonly string[];
  readonly connections: number;
  readonly open: number;
  readonly failed: number;
  readonly first_at: string;
  readonly last_at: string;
}

interface Report {
  readonly running: { readonly daemon: boolean; readonly edge: string };
  readonly roles: readonly {
    readonly role: string;
    readonly process: string;
    readonly pid: number;
    readonly since: string | null;
    readonly destinations: number | null;
    readonly may_connect: string | readonly string[];
    readonly why: string;
  }[];
  readonly connections: readonly Row[];
  readonly problems: readonly string[];
}

async function list(meter: Meter): Promise<{ readonly code: number; readonly report: Report }> {
  const { code, stdout, stderr } = await meter.command(["connections", "--json"]);
  equal(stderr, "");
  return { code, report: JSON.parse(stdout) };
}

/** The part of a row that is the same in every run. */
function facts({ role, process, destination, allowed_by, connections, open, failed }: Row) {
  return [role, process, destination, allowed_by, connections, open, failed];
}

/** Reads, says nothing, and closes when its client has. */
function silentServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served: Promise<void>[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      served.push(readAsItComes(connection).then(() => connection.close()));
    }
  })();
  return {
    port: listener.addr.port,
    async stop() {
      listener.close();
      await serving;
      await Promise.all(served);
    },
  };
}

function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

Deno.test("connections says that nothing runs, and ends with 3", async () => {
  await withMeter({ edge: false, daemon: false }, async (meter) => {
    const { code, stdout } = await meter.command(["connections"]);
    equal(code, 3);
    match(stdout, /^halton-meter v[\d.]+ · connections\n\nNothing runs, so nothing is connected\nStart the meter/);
    const { code: jsonCode, report } = await list(meter);
    equal(jsonCode, 3);
    deepEqual(report, {
      running: { daemon: false, edge: "none" },
      roles: [],
      connections: [],
      problems: [],
    });
  });
});

for (const edge of [true, false]) {
  const [where, process] = edge ? ["process", "edge"] : ["in the daemon", "daemon"];
  Deno.test(`connections lists who connected where, how often, and what is open: edge ${where}`, async () => {
    const provider = await startProvider({ host: HOST, answer: () => eventStream(anthropicEvents("msg_list"), 1) });
    const server = silentServer();
    const closed = closedPort();
    try {
      await withMeter({ providers: [provider], edge }, async (meter) => {
        const tls = await openTls(meter.edgePort, `${HOST}:443`, {
          name: HOST,
          caCerts: [await Deno.readTextFile(meter.caFile)],
        });
        await writeAll(tls, messagesRequest());
        await readUntil(tls, "\r\n0\r\n\r\n");
        tls.close();
        const open = await openTunnel(meter.edgePort, `127.0.0.1:${server.port}`);
        const over = await openTunnel(meter.edgePort, `127.0.0.1:${server.port}`);
        over.connection.close();
        (await openTunnel(meter.edgePort, `127.0.0.1:${closed}`)).connection.close();
        const { code, report } = await until("the closed ones to be told", async () => {
          const found = await list(meter);
          return found.report.connections.reduce((sum, { open }) => sum + open, 0) === 1 ? found : null;
        }, 10_000);
        equal(code, 0);
        deepEqual(report.running, { daemon: true, edge: where });
        deepEqual(report.problems, []);
        deepEqual(
          report.connections.map(facts),
          [
            ["edge", process, `127.0.0.1:${server.port}`, "asked for by a client", 2, 1, 0],
            ["edge", process, `127.0.0.1:${closed}`, "asked for by a client", 1, 0, 1],
            ["interceptor", "daemon", `127.0.0.1:${provider.port}`, "upstream.map", 1, 0, 0],
          ].toSorted((a, b) => edge ? Number(a[0] === "edge") - Number(b[0] === "edge") : 0),
        );
        const mapped = report.connections.find(({ role }) => role === "interceptor");
        deepEqual([mapped?.asked_for, mapped?.leaves_machine, mapped?.addresses], [`${HOST}:443`, false, [
          "127.0.0.1",
        ]]);
        for (const { first_at, last_at } of report.connections) {
          equal(first_at <= last_at, true);
          equal(Math.abs(Date.parse(first_at) - Date.now()) < 600_000, true);
        }
        const roles = new Map(report.roles.map((role) => [role.role, role]));
        deepEqual([...roles.keys()].toSorted(), ["api", "edge", "interceptor", "recorder", "supervisor"]);
        deepEqual([roles.get("edge")?.may_connect, roles.get("recorder")?.may_connect], ["any", "none"]);
        equal(roles.get("edge")?.pid, (edge ? meter.edge : meter.daemon)?.pid);
        match(roles.get("recorder")?.why ?? "", /^None: its permission row has no network/);
        match(roles.get("api")?.why ?? "", /^None: its permission row has no address but 127\.0\.0\.1:\d+, .*where it/);

        const table = (await meter.command(["connections"])).stdout;
        match(
          table,
          new RegExp(`127\\.0\\.0\\.1:${provider.port} for ${HOST}:443 \\(this machine\\) +interceptor +upst`),
        );
        match(table, /\nrecorder +0 /);
        match(table, /\nrecorder: None: its permission row has no network/);
        open.connection.close();
      });
    } finally {
      await server.stop();
      await provider.stop();
    }
  });
}

Deno.test("connections names the upstream proxy as what was connected to, and for whom", async () => {
  const provider = await startProvider({ host: HOST, answer: () => eventStream(anthropicEvents("msg_proxy"), 1) });
  const upstream = await startPlainProxy(provider.port);
  const port = new URL(upstream.url).port;
  try {
    await withMeter({ config: `proxy = "${upstream.url}"\n` }, async (meter) => {
      using tls = await openTls(meter.edgePort, `${HOST}:443`, {
        name: HOST,
        caCerts: [await Deno.readTextFile(meter.caFile)],
      });
      await writeAll(tls, messagesRequest());
      await readUntil(tls, "\r\n0\r\n\r\n");
      const { report } = await list(meter);
      deepEqual(report.connections.map((row) => [row.role, row.destination, row.asked_for, row.allowed_by]), [
        ["interceptor", `127.0.0.1:${port}`, `${HOST}:443`, "upstream.proxy"],
      ]);
    });
  } finally {
    upstream.stop();
    await provider.stop();
  }
});

Deno.test("connections tells of the edge while the daemon is stopped, and nothing of an edge that was killed", async () => {
  const server = silentServer();
  try {
    await withMeter({ daemon: false }, async (meter) => {
      const { connection } = await openTunnel(meter.edgePort, `127.0.0.1:${server.port}`);
      const { code, report } = await list(meter);
      equal(code, 0);
      deepEqual(report.running, { daemon: false, edge: "process" });
      deepEqual(report.connections.map(({ destination, open }) => [destination, open]), [
        [`127.0.0.1:${server.port}`, 1],
      ]);
      match(
        (await meter.command(["connections"])).stdout,
        /\nThe daemon is not running: everything is tunnelled blind/,
      );
      connection.close();
      meter.edge?.kill("SIGKILL");
      await meter.edge?.finished;
      equal((await list(meter)).code, 3);
      await meter.startEdge(); // In place of the socket that was left.
      deepEqual((await list(meter)).report.connections, []);
    });
  } finally {
    await server.stop();
  }
});

Deno.test("connections and status say which process does not answer", async () => {
  await withMeter({}, async (meter) => {
    await Deno.remove(`${meter.home}/edge.sock`);
    const { code, report } = await list(meter);
    equal(code, 4);
    match(report.problems.join("\n"), /^The edge, process \d+, does not say where it has connected to$/);
    const status = await meter.status();
    equal(status.code, 4);
    match(status.status.problems.join("\n"), /^The edge, process \d+, does not answer for its connections/);
  });
});

Deno.test("connections are told to the user only: a private socket, and no name on the proxy port", async () => {
  const server = silentServer();
  try {
    await withMeter({}, async (meter) => {
      const { connection } = await openTunnel(meter.edgePort, `127.0.0.1:${server.port}`);
      for (const name of ["daemon.sock", "edge.sock"]) {
        equal((Deno.lstatSync(`${meter.home}/${name}`).mode ?? 0) & 0o777, 0o600, name);
      }
      const answer = await (await fetch(`${meter.proxyUrl}/.halton-meter/edge`)).text();
      doesNotMatch(answer, new RegExp(String(server.port)));
      doesNotMatch((await meter.command(["status", "--json"])).stdout, new RegExp(`\\b${server.port}\\b`));
      connection.close();
    });
  } finally {
    await server.stop();
  }
});
