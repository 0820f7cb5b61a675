import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { beginPairing, carryOutSync, noteBodySync, readSyncRecord, setPaused } from "../../src/store/cloud_record.ts";
import { unparkAll } from "../../src/store/cloud_again.ts";
import { syncCounts } from "../../src/store/cloud_pending.ts";
import { DIRECT } from "../../src/domain/upstream.ts";
import type { LogEvent } from "../../src/log.ts";
import { startSync, type SyncRole } from "../../src/roles/sync.ts";
import { type Fault, inTurn, randomFaults } from "../e2e/support/flaky_link.ts";
import { bodies, cloudConfig, type SyncWorld, withSyncWorld } from "./sync_world.ts";
import { eventually } from "./tools.ts";

const BATCH = "/v1/requests/batch";

/** Ids on record, in order. */
function recorded({ db }: SyncWorld): string[] {
  return db.prepare("SELECT id FROM requests ORDER BY seq").all().map(({ id }) => String(id));
}

function arrived({ team }: SyncWorld): string[] {
  return [...team.rows.keys()];
}

function role(
  world: SyncWorld,
  more: { idle?: (reason: string) => void; log?: (event: LogEvent) => void } = {},
): SyncRole {
  return startSync({
    database: world.path,
    cloud: cloudConfig({ base_url: world.link.url }),
    credentials: world.credentials,
    upstream: DIRECT,
    version: "1.2.3",
    keep: (command) => Promise.resolve(carryOutSync(world.db, command, Date.now())),
    log: more.log ?? (() => {}),
    idle: more.idle ?? (() => {}),
    intervalMs: 20,
  });
}

Deno.test("runPass sends every row once, in order, in batches of at most 500", async () => {
  await withSyncWorld(async (world) => {
    for (let call = 0; call < 1_201; call++) world.record();
    deepEqual(await world.pass(), { kind: "done", rows: 1_201, parked: 0, bodies: 0 });
    deepEqual(arrived(world), recorded(world));
    deepEqual(world.team.batches.map((batch) => JSON.parse(batch).rows.length), [500, 500, 201]);
    deepEqual(world.lines[2], { path: BATCH, outcome: "200 {accepted: 201, duplicates: 0, rejected: 0}" });
    equal(world.link.seen[0]?.fields.get("content-encoding"), "gzip");
    deepEqual(await world.pass(), { kind: "done", rows: 0, parked: 0, bodies: 0 });
    equal(world.team.batches.length, 3);
  });
});

Deno.test("runPass loses nothing and counts nothing twice, whatever a line does once", async () => {
  const faults: Fault[] = [
    { kind: "drop before" },
    { kind: "drop after" },
    { kind: "cut" },
    { kind: "twice" },
    { kind: "slow", ms: 50 },
    { kind: "garbage" },
    { kind: "answer", status: 500 },
    { kind: "answer", status: 502, body: "<html>bad gateway</html>" },
    { kind: "answer", status: 429, fields: { "retry-after": "0" } },
    { kind: "answer", status: 200, body: "<html>sign in to this network</html>" },
    { kind: "answer", status: 200, body: '{"accepted":99,"duplicates":0,"rejected":[]}' },
  ];
  for (const fault of faults) {
    await withSyncWorld(async (world) => {
      const ids = [world.record(), world.record()];
      world.link.setFaults(inTurn(fault));
      const first = await world.pass();
      const harmless = fault.kind === "twice" || fault.kind === "slow";
      equal(first.kind, harmless ? "done" : "failed", fault.kind);
      equal(readSyncRecord(world.db)?.pausedReason, null, "what may pass is no reason to pause");
      equal((readSyncRecord(world.db)?.lastError ?? null) !== null, !harmless);
      equal((await world.pass()).kind, "done", fault.kind);
      deepEqual(arrived(world), ids, fault.kind);
      equal(readSyncRecord(world.db)?.lastError, null);
      deepEqual(syncCounts(world.db), { waiting: 0, parked: 0, notShared: 0 });
    });
  }
});

Deno.test("runPass never follows a redirect, so that the token stays with its server", async () => {
  await withSyncWorld(async (world) => {
    const caught: string[] = [];
    const other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      caught.push(request.headers.get("authorization") ?? "");
      return Response.json({ accepted: 1, duplicates: 0, rejected: [] });
    });
    try {
      world.record();
      for (const status of [301, 302, 303, 307, 308]) {
        const fields = { location: `http://127.0.0.1:${other.addr.port}${BATCH}` };
        world.link.setFaults(inTurn({ kind: "answer", status, fields }));
        const result = await world.pass();
        equal(
          result.kind === "failed" && result.error,
          `the server answered with a redirect (${status}), which is not followed`,
        );
      }
      deepEqual(caught, []);
      equal((await world.pass()).rows, 1);
    } finally {
      await other.shutdown();
    }
  });
});

Deno.test("runPass pauses on 401 and on 403, and sends nothing more until somebody resumes", async () => {
  for (const [status, reason] of [[401, "paused_unauthorised"], [403, "paused_forbidden"]] as const) {
    await withSyncWorld(async (world) => {
      world.record();
      if (status === 401) world.team.tokens.clear();
      else world.team.removed = true;
      const result = await world.pass();
      deepEqual([result.kind, result.kind === "paused" && result.reason], ["paused", reason]);
      equal(readSyncRecord(world.db)?.pausedReason, reason);
      equal((await world.pass()).kind, "paused");
      equal(world.link.seen.length, 1);
      deepEqual(world.lines, [{ path: BATCH, outcome: String(status) }]);
    });
  }
});

Deno.test("runPass splits a batch that is refused down to the row at fault, and parks that row", async () => {
  for (const status of [400, 413] as const) {
    await withSyncWorld(async (world) => {
      const ids = Array.from({ length: 37 }, () => world.record());
      const bad = ids[22] ?? "";
      world.team.refuses = (row) => row.request_id === bad ? status : null;
      deepEqual(await world.pass(), { kind: "done", rows: 36, parked: 1, bodies: 0 });
      deepEqual(arrived(world), ids.filter((id) => id !== bad));
      deepEqual(syncCounts(world.db), { waiting: 0, parked: 1, notShared: 0 });
      ok(world.link.seen.length < 16, String(world.link.seen.length));
      equal((await world.pass()).rows, 0, "it holds up nothing and is not sent again");
    });
  }
});

Deno.test("runPass parks a row that the server names, and takes the others", async () => {
  await withSyncWorld(async (world) => {
    const ids = [world.record(), world.record(), world.record()];
    world.team.refuses = (row) => row.request_id === ids[1] ? "bad_row" : null;
    deepEqual(await world.pass(), { kind: "done", rows: 2, parked: 1, bodies: 0 });
    equal(world.lines[0]?.outcome, "200 {accepted: 2, duplicates: 0, rejected: 1}");
    equal(world.db.prepare("SELECT code FROM cloud_parked").get()?.["code"], "bad_row");
  });
});

Deno.test("runPass takes a server that refuses every row for broken, and leaves the rows", async () => {
  await withSyncWorld(async (world) => {
    for (let call = 0; call < 60; call++) world.record();
    world.team.refuses = () => 400;
    for (let pass = 0; pass < 2; pass++) {
      const result = await world.pass();
      deepEqual([result.kind, result.parked], ["failed", 0]);
    }
    deepEqual(syncCounts(world.db), { waiting: 60, parked: 0, notShared: 0 });
    equal(readSyncRecord(world.db)?.failures, 2, "so that the wait between passes grows");
    world.team.refuses = () => null;
    equal((await world.pass()).rows, 60);
  });
});

Deno.test("runPass gives a refused row up only when the server takes another one", async () => {
  await withSyncWorld(async (world) => {
    const bad = world.record();
    world.team.refuses = (row) => row.request_id === bad ? 400 : null;
    const alone = await world.pass();
    deepEqual([alone.kind, alone.kind === "failed" && alone.error], ["failed", "the server refused it (400 refused)"]);
    world.record();
    deepEqual(await world.pass(), { kind: "done", rows: 1, parked: 1, bodies: 0 });
    deepEqual(syncCounts(world.db), { waiting: 0, parked: 1, notShared: 0 });
  });
});

Deno.test("runPass is not held up by a row that is refused in a batch of its own", async () => {
  await withSyncWorld(async (world) => {
    const huge = world.record();
    const parts = JSON.stringify(Array.from({ length: 9_000 }, () => ({ kind: "advisor", model: "m".repeat(200) })));
    world.db.prepare("UPDATE requests SET extra_parts = ?").run(parts);
    const others = [world.record(), world.record()];
    world.team.refuses = (row) => row.request_id === huge ? 413 : null;
    deepEqual(await world.pass(), { kind: "done", rows: 2, parked: 1, bodies: 0 });
    deepEqual(world.lines.map(({ outcome }) => outcome), [
      "413 {code: refused}",
      "200 {accepted: 2, duplicates: 0, rejected: 0}",
    ]);
    deepEqual(arrived(world), others);
  });
});

Deno.test("runPass takes an answer that refuses rows which were not sent for none", async () => {
  await withSyncWorld(async (world) => {
    const id = world.record();
    world.record();
    const named = (...ids: string[]) =>
      JSON.stringify({ accepted: 0, duplicates: 0, rejected: ids.map((request_id) => ({ request_id, code: "bad" })) });
    for (const body of [named(crypto.randomUUID(), crypto.randomUUID()), named(id, id)]) {
      world.link.setFaults(() => ({ kind: "answer", status: 200, body }));
      equal((await world.pass()).kind, "failed");
    }
    deepEqual(syncCounts(world.db), { waiting: 2, parked: 0, notShared: 0 });
    world.link.setFaults(() => ({ kind: "pass" }));
    equal((await world.pass()).rows, 2);
  });
});

Deno.test("runPass stops at its next step when it is paused by another process", async () => {
  await withSyncWorld(async (world) => {
    for (let call = 0; call < 1_200; call++) world.record();
    const result = await world.pass({
      posted: () => {
        if (readSyncRecord(world.db)?.pausedReason === null) setPaused(world.db, "paused_manual", Date.now());
      },
    });
    equal(result.kind, "busy");
    equal((await world.pass()).kind, "paused");
    equal(world.team.batches.length, 1);
    setPaused(world.db, null, Date.now());
    equal((await world.pass()).rows, 1_200);
    equal(world.team.rows.size, 1_200);
  });
});

Deno.test("runPass sends nothing that is meant for another server which this machine was paired with meanwhile", async () => {
  await withSyncWorld(async (world) => {
    const on = cloudConfig({ body_sync: true });
    await world.pass({}, on);
    world.record({}, bodies("for the first", "for the first"));
    const other = { ...world.credentials, workspaceId: "another" };
    const meanwhile = () => {
      beginPairing(world.db, other, Date.now() - 1);
      noteBodySync(world.db, true);
      world.record({}, bodies("CANARY", "CANARY"));
    };
    await world.pass({
      keep: (command) => {
        const kept = carryOutSync(world.db, command, Date.now());
        if (command.kind === "sent") meanwhile();
        return Promise.resolve(kept);
      },
    }, on);
    equal((await world.pass({}, on)).kind, "busy");
    equal(world.team.rows.size, 1);
    equal(world.team.everything.join("\n").includes(btoa("CANARY").slice(0, 7)), false);
    deepEqual(syncCounts(world.db).waiting, 1, "it waits for the server that it is meant for");
    equal(readSyncRecord(world.db)?.pausedReason, null);
  });
});

Deno.test("runPass sends a row again that was repriced, and the server keeps the newer one", async () => {
  await withSyncWorld(async (world) => {
    const id = world.record();
    world.record();
    await world.pass();
    world.db.exec("UPDATE requests SET cost_pico = 77 WHERE seq = 1");
    deepEqual(await world.pass(), { kind: "done", rows: 1, parked: 0, bodies: 0 });
    deepEqual([world.team.rows.get(id)?.revision, world.team.rows.get(id)?.["cost_usd_pico"]], [2, "77"]);
  });
});

Deno.test("runPass goes on after a crash between the server's answer and the note of it", async () => {
  await withSyncWorld(async (world) => {
    const ids = [world.record(), world.record()];
    const died = world.pass({
      keep: (command) => {
        if (command.kind === "sent") throw new Error("killed");
        return Promise.resolve(carryOutSync(world.db, command, Date.now()));
      },
    });
    equal(await died.catch((error: Error) => error.message), "killed");
    equal(syncCounts(world.db).waiting, 2);
    await world.pass();
    equal(world.lines[1]?.outcome, "200 {accepted: 0, duplicates: 2, rejected: 0}");
    deepEqual(arrived(world), ids);
  });
});

Deno.test("runPass leaves everything to the pass that is at work already", async () => {
  await withSyncWorld(async (world) => {
    world.record();
    const { machineId, workspaceId, baseUrl } = world.credentials;
    const pairing = { machineId, workspaceId, baseUrl };
    equal(carryOutSync(world.db, { kind: "begin", holder: "other", pairing }, Date.now()), true);
    equal((await world.pass()).kind, "busy");
    equal(world.link.seen.length, 0);
    carryOutSync(world.db, { kind: "end", holder: "other" }, Date.now());
    equal((await world.pass()).rows, 1);
  });
});

Deno.test("C5 C10 runPass sends bodies only with the switch on: two POSTs per request, as the agreement says", async () => {
  await withSyncWorld(async (world) => {
    const before = world.record({}, bodies("CANARY before", "CANARY before"));
    await world.pass();
    const on = cloudConfig({ body_sync: true });
    await world.pass({}, on);
    equal(world.team.bodies.length, 0, "not those that were there when it was turned on");
    const id = world.record({}, bodies("asked [REDACTED:email]", "answered"));
    deepEqual(await world.pass({}, on), { kind: "done", rows: 1, parked: 0, bodies: 2 });
    const line = {
      path: `/v1/requests/${id}/body`,
      outcome: "200 {stored: false, reason: store_prompt_content_disabled}",
    };
    deepEqual(world.lines.slice(-2), [line, line]);
    world.team.keepsBodies = true;
    const second = world.record({}, bodies("more", "and more"));
    await world.pass({}, on);
    deepEqual(world.lines.at(-1), { path: `/v1/requests/${second}/body`, outcome: "204" });
    deepEqual(world.team.bodies.map(({ request_id, direction }) => [request_id, direction]), [
      [id, "request"],
      [id, "response"],
      [second, "request"],
      [second, "response"],
    ]);
    deepEqual(world.team.bodies[0], {
      request_id: id,
      direction: "request",
      content_type: "application/json",
      body_b64: btoa("asked [REDACTED:email]"),
      redaction_applied: true,
      redaction_summary: ["aws-access-key", "email"],
      original_size_bytes: 22,
    });
    world.record();
    await world.pass({}, on);
    const settled = readSyncRecord(world.db);
    equal(settled?.bodyPosition, settled?.position, "rows without bodies are settled too");
    await world.pass();
    world.record({}, bodies("CANARY off again", "CANARY off again"));
    await world.pass();
    equal(world.team.everything.join("\n").includes("CANARY"), false);
    equal(world.team.everything.join("\n").includes(btoa("CANARY").slice(0, 7)), false);
    equal(before.length, 36);
  });
});

Deno.test("runPass tries a body again that did not arrive, and parks one that is refused", async () => {
  await withSyncWorld(async (world) => {
    const on = cloudConfig({ body_sync: true });
    await world.pass({}, on);
    const id = world.record({}, bodies("a", "b"));
    world.link.setFaults(inTurn({ kind: "pass" }, { kind: "pass" }, { kind: "drop after" }));
    equal((await world.pass({}, on)).kind, "failed");
    equal((await world.pass({}, on)).bodies, 2, "both again: the last one counts for each direction");
    equal(new Set(world.team.bodies.map(({ direction }) => direction)).size, 2);
    const second = world.record({}, bodies("c", "d"));
    world.link.setFaults(inTurn({ kind: "pass" }, { kind: "answer", status: 413 }));
    deepEqual(await world.pass({}, on), { kind: "done", rows: 1, parked: 1, bodies: 1 });
    equal((await world.pass({}, on)).bodies, 0);
    equal(unparkAll(world.db), 1);
    const before = world.team.bodies.length;
    deepEqual(await world.pass({}, on), { kind: "done", rows: 0, parked: 0, bodies: 1 }, "and no other body");
    deepEqual(world.team.bodies.slice(before).map(({ request_id, direction }) => [request_id, direction]), [
      [second, "request"],
    ]);
    equal(syncCounts(world.db).parked, 0);
    equal((await world.pass({}, on)).bodies, 0);
    equal(id.length, 36);
  });
});

Deno.test("runPass arrives at the same totals over a line that fails at random", async () => {
  await withSyncWorld(async (world) => {
    for (let call = 0; call < 2_600; call++) world.record();
    world.link.setFaults(randomFaults(20_260_415, 0.6, 5));
    let passes = 0;
    while ((await world.pass()).kind !== "done") ok(++passes < 500);
    ok(passes > 2, `${passes} passes failed`);
    deepEqual(arrived(world).toSorted(), recorded(world).toSorted());
    deepEqual(syncCounts(world.db), { waiting: 0, parked: 0, notShared: 0 });
  });
});

Deno.test("startSync sends what is recorded while it runs, counts it, and lists where it connected to", async () => {
  await withSyncWorld(async (world) => {
    const events: LogEvent[] = [];
    const sync = role(world, { log: (event) => events.push(event) });
    const ids = [world.record()];
    await eventually(() => world.team.rows.size === 1, "the first row");
    ids.push(world.record());
    await eventually(() => world.team.rows.size === 2, "the second row");
    await eventually(() => sync.counters()["rows_sent"] === 2, "both counted");
    const { destinations } = sync.destinations();
    deepEqual(destinations.map(({ host, port, allowed }) => [host, port, allowed]), [[
      "127.0.0.1",
      world.link.port,
      "cloud",
    ]]);
    deepEqual(sync.notes(), []);
    await sync.stop();
    deepEqual(arrived(world), ids);
    equal(JSON.stringify(events).includes("hm_sync"), false);
    equal(events.filter(({ event }) => event === "cloud.sync.sent").length, 2);
    equal(world.db.prepare("SELECT lease_holder FROM cloud_pairing").get()?.["lease_holder"], null);
  });
});

Deno.test("startSync backs off when the server fails, says so, and waits as long as it was asked to", async () => {
  await withSyncWorld(async (world) => {
    world.record();
    world.link.setFaults(() => ({ kind: "answer", status: 503, fields: { "retry-after": "600" } }));
    const sync = role(world);
    await eventually(() => (sync.counters()["failed"] ?? 0) > 0, "a failure");
    deepEqual(sync.notes(), ["Sync with the paired server fails: the server answered 503"]);
    await sync.stop();
    const wait = (readSyncRecord(world.db)?.nextTryAt ?? 0) - Date.now();
    ok(wait > 590_000, String(wait));
    const again = role(world);
    await eventually(() => again.notes().length === 1, "the wait to be known after a restart");
    await again.stop();
    equal(world.link.seen.length, 1);
  });
});

Deno.test("startSync goes on at once when a command got through while it waits, and says nothing of the failure any more", async () => {
  await withSyncWorld(async (world) => {
    world.record();
    world.link.setFaults(() => ({ kind: "answer", status: 503, fields: { "retry-after": "3600" } }));
    const sync = role(world);
    await eventually(() => sync.notes().length === 1, "the failure");
    world.link.setFaults(() => ({ kind: "pass" }));
    equal((await world.pass()).rows, 1);
    world.record();
    await eventually(() => world.team.rows.size === 2, "the row after it");
    await eventually(() => sync.notes().length === 0, "nothing to be wrong any more");
    await sync.stop();
  });
});

Deno.test("startSync falls idle when the server no longer knows the token, and when it is paused", async () => {
  await withSyncWorld(async (world) => {
    world.record();
    world.team.tokens.clear();
    const reasons: string[] = [];
    const sync = role(world, { idle: (reason) => reasons.push(reason) });
    await eventually(() => reasons.length === 1, "the role to fall idle");
    await sync.stop();
    const seen = world.link.seen.length;
    const again = role(world, { idle: (reason) => reasons.push(reason) });
    await eventually(() => reasons.length === 2, "the next role to fall idle");
    await again.stop();
    equal(world.link.seen.length, seen);
    deepEqual(new Set(reasons), new Set(["the server does not accept the token any more"]));
  });
});

Deno.test("startSync breaks a request off when it is stopped, notes no failure and gives the lease back", async () => {
  await withSyncWorld(async (world) => {
    world.record();
    world.link.setFaults(() => ({ kind: "slow", ms: 1_500 }));
    const sync = role(world);
    await eventually(() => world.link.seen.length === 1, "the request");
    await sync.stop();
    const record = readSyncRecord(world.db);
    deepEqual([record?.lastError, record?.failures], [null, 0]);
    equal(world.db.prepare("SELECT lease_holder FROM cloud_pairing").get()?.["lease_holder"], null);
    equal(syncCounts(world.db).waiting, 1);
    await new Promise((resolve) => setTimeout(resolve, 1_600)); // The line's own timer.
  });
});
