import { match, ok, strictEqual as equal } from "node:assert/strict";
import { defaultConfig } from "../../src/domain/config.ts";
import { type Paths, paths } from "../../src/os/paths.ts";
import { createAuthority } from "../../src/ca/authority.ts";
import { SELF_TEST_EVENT } from "../../src/roles/self_test_record.ts";
import { selfTest, type SelfTestResult } from "../../src/roles/self_test.ts";
import { type Daemon, startDaemon } from "../../src/roles/supervisor.ts";
import { openReadOnly } from "../../src/store/database.ts";
import { listRequests } from "../../src/store/listing.ts";
import { auditTrail } from "../../src/store/settings.ts";
import { withFolder } from "./tools.ts";

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

interface Given {
  readonly daemon: Daemon;
  readonly files: Paths;
  readonly standInPort: number;
  test(changes?: { readonly edgePort?: number; readonly standInPort?: number }): Promise<SelfTestResult>;
}

async function withDaemon(body: (given: Given) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const variables: Record<string, string> = { HOME: folder, HALTON_METER_HOME: `${folder}/home` };
    Deno.mkdirSync(`${folder}/home`, { mode: 0o700 });
    const files = paths({ get: (name) => variables[name] });
    const standInPort = freePort();
    const config = { ...defaultConfig(), daemon: { edgePort: freePort(), internalPort: standInPort, apiPort: 0 } };
    const upstream = { map: {}, proxy: null, caCerts: [] };
    const daemon = await startDaemon({ paths: files, config, upstream, version: "test", log: () => {} });
    const test: Given["test"] = (changes = {}) =>
      selfTest({ paths: files, edgePort: daemon.edge.port, standInPort, ...changes });
    try {
      await body({ daemon, files, standInPort, test });
    } finally {
      await daemon.stop(0);
    }
  });
}

function failed(result: SelfTestResult): Extract<SelfTestResult, { ok: false }> {
  if (result.ok) throw new Error("The self-test found nothing wrong");
  return result;
}

Deno.test("selfTest goes the whole way, and leaves an audit event but no call on record", async () => {
  await withDaemon(async ({ files, test }) => {
    const result = await test();
    if (!result.ok) throw new Error(`${result.layer}: ${result.found}`);
    const { recorded } = result;
    equal(recorded.cost_pico, "56000000000"); // 1,200 in, 20,000 read, 3,000 written, 850 out of claude-opus-5.
    equal(recorded.http_status, 200);
    equal(recorded.tokens_complete, true);
    equal(recorded.bodies, 2);
    ok(recorded.redactions >= 1);
    const db = openReadOnly(files.database);
    if (db === null) throw new Error("There is no database");
    equal(listRequests(db, {}, 10).items.length, 0);
    equal(auditTrail(db, 50).filter(({ event }) => event === SELF_TEST_EVENT).length, 1);
    db.close();
  });
});

Deno.test("selfTest can be run again and again, and at the same time only once", async () => {
  await withDaemon(async ({ test }) => {
    equal((await test()).ok, true);
    equal((await test()).ok, true);
    const both = await Promise.all([test(), test()]);
    ok(both.some((result) => result.ok || result.layer === "stand-in"));
  });
});

Deno.test("selfTest names the stand-in when its port is taken or unset", async () => {
  await withDaemon(async ({ standInPort, test }) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: standInPort });
    const result = failed(await test());
    taken.close();
    equal(result.layer, "stand-in");
    match(result.found, new RegExp(String(standInPort)));
    equal(failed(await test({ standInPort: 0 })).layer, "stand-in");
  });
});

Deno.test("selfTest names the daemon when it was started with another port", async () => {
  await withDaemon(async ({ test }) => {
    const result = failed(await test({ standInPort: freePort() }));
    equal(result.layer, "daemon");
    match(result.hint, /halton-meter start/);
  });
});

Deno.test("selfTest names the edge when nothing of the meter answers at its port", async () => {
  await withDaemon(async ({ test }) => equal(failed(await test({ edgePort: freePort() })).layer, "edge"));
});

Deno.test("selfTest names the certificate when the one on disk is not the daemon's", async () => {
  await withDaemon(async ({ files, test }) => {
    const other = await createAuthority({ hosts: ["api.anthropic.com"], now: Date.now() });
    Deno.writeTextFileSync(files.caCertificate, other.certPem);
    equal(failed(await test()).layer, "certificate");
    Deno.removeSync(files.caCertificate);
    equal(failed(await test()).layer, "certificate");
  });
});

Deno.test("selfTest names the recorder when it cannot write", async () => {
  await withDaemon(async ({ files, test }) => {
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(files.database);
    db.exec("CREATE TRIGGER refuse BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'no'); END");
    equal(failed(await test()).layer, "recorder");
    db.exec("DROP TRIGGER refuse");
    db.close();
  });
});

Deno.test("selfTest names the daemon when there is none", async () => {
  await withDaemon(async ({ daemon, test }) => {
    const edgePort = daemon.edge.port;
    await daemon.stop(0);
    equal(failed(await test({ edgePort })).layer, "daemon");
  });
});
