import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { BodyRow, ExchangeRow } from "../../src/domain/exchange.ts";
import { type Database, openForWriting } from "../../src/store/database.ts";
import { LEASE_MS, readSyncRecord } from "../../src/store/cloud_record.ts";
import { auditTrail } from "../../src/store/settings.ts";
import { type FlakyLink, flakyLink } from "../e2e/support/flaky_link.ts";
import { type SentRow, type StandInTeam, standInTeam, WORKSPACE } from "../e2e/support/stand_in_team.ts";
import { body, row, writerOf } from "../store/sample.ts";
import { type Home, type Ran, withHome } from "./command_line.ts";

interface Team {
  readonly home: Home;
  readonly team: StandInTeam;
  readonly link: FlakyLink;
  /** Everything that the commands printed. */
  readonly printed: string[];
  run(...args: string[]): Promise<Ran>;
  /** Runs a command that has to succeed. @returns what it printed. */
  good(...args: string[]): Promise<string>;
  /** What `cloud status --json` says. */
  status(): Promise<Record<string, unknown>>;
  withDb<T>(work: (db: Database) => T): T;
  record(changes?: Partial<ExchangeRow>, bodies?: readonly BodyRow[]): string;
}

/** Runs a test with a home of its own and a stand-in for a team server. */
async function withTeam(test: (team: Team) => Promise<void>): Promise<void> {
  await withHome(async (home) => {
    const team = standInTeam();
    const link = flakyLink(team.url);
    const printed: string[] = [];
    async function run(...args: string[]): Promise<Ran> {
      const ran = await home.run(...args);
      printed.push(ran.out, ran.err);
      return ran;
    }
    async function good(...args: string[]): Promise<string> {
      const ran = await run(...args);
      equal(ran.code, 0, `${args.join(" ")}: ${ran.err}${ran.out}`);
      return ran.out;
    }
    function withDb<T>(work: (db: Database) => T): T {
      const db = openForWriting(home.database, { now: Date.now() });
      try {
        return work(db);
      } finally {
        db.close();
      }
    }
    function record(changes: Partial<ExchangeRow> = {}, bodies: readonly BodyRow[] = []): string {
      const call = row({ requestedAt: Date.now(), ...changes });
      withDb((db) => {
        const writer = writerOf(db);
        writer.record(call, bodies);
        writer.flush();
      });
      return call.id;
    }
    const status = async () => JSON.parse(await good("cloud", "status", "--json"));
    try {
      await test({ home, team, link, printed, run, good, status, withDb, record });
      for (const token of team.everything.join("\n").match(/hm_sync_[0-9a-f]+/g) ?? []) {
        equal(printed.join("\n").includes(token), false, "the token is never shown");
      }
    } finally {
      await link.close();
      await team.stop();
    }
  });
}

const connect = ({ good, link }: Team) => good("cloud", "connect", "--url", link.url);

Deno.test("cloud connect shows code and page, keeps the token to itself and shares nothing from before", async () => {
  await withTeam(async (world) => {
    const { home, team, withDb, record } = world;
    record();
    const out = await connect(world);
    match(
      out,
      /^Pairing code: ABCD-1000\nApprove at: http:\/\/127\.0\.0\.1:\d+\/connect\?code=ABCD-1000\nPaired with Example team\./,
    );
    const file = `${home.folder}/cloud-credentials.json`;
    equal((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);
    match(Deno.readTextFileSync(home.config), /^\[cloud\]\n/);
    match(Deno.readTextFileSync(home.config), /enabled = true\n/);
    equal(Deno.readTextFileSync(home.config).includes("hm_sync"), false);
    const [paired] = withDb((db) => auditTrail(db, 10)).filter(({ event }) => event === "cloud.paired");
    equal(paired?.details["workspace_id"], WORKSPACE);
    equal(JSON.stringify(paired).includes("hm_sync"), false);
    const found = await world.status();
    deepEqual([found["state"], found["workspace_id"], found["unsynced_rows"], found["not_shared_rows"]], [
      "ACTIVE",
      WORKSPACE,
      0,
      1,
    ]);
    equal(await world.good("cloud", "sync"), "0 rows and 0 bodies sent\n");
    equal(team.rows.size, 0);
  });
});

Deno.test("cloud connect refuses clear text to another host, and leaves nothing", async () => {
  await withTeam(async ({ home, run }) => {
    for (const url of ["http://meter.example.com", "ftp://127.0.0.1", "https://user:secret@example.com", "nonsense"]) {
      const { code, err } = await run("cloud", "connect", "--url", url);
      equal(code, 2, url);
      match(err, /https address/);
      equal(err.includes("secret"), false);
    }
    deepEqual([...Deno.readDirSync(home.folder)].filter(({ name }) => name.startsWith("cloud")), []);
  });
});

Deno.test("cloud connect waits over a bad line, and Ctrl-C ends it without a trace", async () => {
  await withTeam(async (world) => {
    const { home, team, link } = world;
    team.approves = false;
    const child = home.start("cloud", "connect", "--url", link.url);
    const polls = () => link.seen.filter(({ path }) => path === "/v1/pairing/poll").length;
    while (polls() < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    const { code, stdout, stderr } = await child.output();
    equal(code, 1);
    match(new TextDecoder().decode(stdout), /Pairing code/);
    match(new TextDecoder().decode(stderr), /Nothing was changed: the pairing was interrupted/);
    equal((await world.status())["reason"], "not_paired");
    deepEqual([...Deno.readDirSync(home.folder)].filter(({ name }) => name.startsWith("cloud")), []);
    team.approves = true;
    link.setFaults((_number, path) =>
      path === "/v1/pairing/poll" && polls() < 6
        ? { kind: "answer", status: 429, fields: { "retry-after": "0" } }
        : { kind: "pass" }
    );
    await connect(world);
    equal((await world.status())["state"], "ACTIVE");
  });
});

Deno.test("cloud connect says so when the code is over, or the server is no team server", async () => {
  await withTeam(async (world) => {
    const { link, run } = world;
    link.setFaults((_number, path) => path.endsWith("poll") ? { kind: "answer", status: 410 } : { kind: "pass" });
    const over = await run("cloud", "connect", "--url", link.url);
    equal(over.code, 1);
    match(over.err, /not approved in time/);
    link.setFaults(() => ({ kind: "answer", status: 200, body: "<html>" }));
    const other = await run("cloud", "connect", "--url", link.url);
    match(other.err, /Cannot pair: the server answered something else/);
    const page = JSON.stringify({
      code: "ABCD-1234",
      poll_token: "x",
      approve_url: "javascript:alert(1)",
      interval_s: 1,
    });
    link.setFaults(() => ({ kind: "answer", status: 201, body: page }));
    match((await run("cloud", "connect", "--url", link.url)).err, /something else than was agreed on/);
  });
});

Deno.test("C11 cloud sync prints a line for each POST with its outcome", async () => {
  await withTeam(async (world) => {
    const { good, record, team } = world;
    await connect(world);
    await good("cloud", "privacy", "set", "body-sync", "on");
    const id = record({}, [body({ text: "asked" }), body({ direction: "response", text: "answered" })]);
    const post = `● POST /v1/requests/${id}/body → 200 {stored: false, reason: store_prompt_content_disabled}\n`;
    equal(
      await good("cloud", "sync"),
      `● POST /v1/requests/batch → 200 {accepted: 1, duplicates: 0, rejected: 0}\n${post}${post}1 row and 2 bodies sent\n`,
    );
    team.keepsBodies = true;
    const second = record({}, [body({ text: "again" })]);
    match(await good("sync"), new RegExp(`● POST /v1/requests/${second}/body → 204\n1 row and 1 body sent\n$`));
  });
});

Deno.test("C11 cloud privacy show prints the policy, and cloud privacy set changes it", async () => {
  await withTeam(async (world) => {
    const { good, home, run, withDb } = world;
    match(
      await good("cloud", "privacy", "show"),
      /^Preset +standard\nsource_workdir +not sent\nprompt_hash +sent\nhostname +sent\nBody sync +off\nPer-project rules +0 active\n/,
    );
    match(
      await good("cloud", "privacy", "show"),
      /\nAlways sent: time, provider, .* name of the client program, a machine id\./s,
    );
    match(
      (await run("cloud", "privacy", "set", "project", "no-such", "hostname", "off")).err,
      /^No call of project no-such /,
    );
    await good("cloud", "privacy", "set", "project", "no-such", "hostname", "default");
    await good("cloud", "privacy", "set", "preset", "full");
    await good("cloud", "privacy", "set", "prompt_hash", "off");
    await good("cloud", "privacy", "set", "project", "acme/site", "preset", "minimal");
    await good("cloud", "privacy", "set", "project", "acme/site", "hostname", "on");
    const shown = JSON.parse(await good("cloud", "privacy", "show", "--json"));
    deepEqual([shown.preset, shown.source_workdir, shown.prompt_hash, shown.hostname, shown.body_sync], [
      "full",
      true,
      false,
      true,
      false,
    ]);
    deepEqual(shown.per_project["acme/site"], {
      preset: "minimal",
      hostname: true,
      prompt_hash: false,
      source_workdir: false,
    });
    match(await good("cloud", "privacy", "show"), /Per-project rules +1 active \(acme\/site\)\n/);
    await good("cloud", "privacy", "set", "prompt_hash", "default");
    equal(JSON.parse(await good("cloud", "privacy", "show", "--json")).prompt_hash, true);
    const events = withDb((db) => auditTrail(db, 20)).filter(({ event }) => event === "cloud.privacy_changed");
    deepEqual(events.map(({ details }) => `${details["setting"]} ${details["value"]}`).toReversed(), [
      "project no-such hostname off",
      "project no-such hostname default",
      "preset full",
      "prompt_hash off",
      "project acme/site preset minimal",
      "project acme/site hostname on",
      "prompt_hash default",
    ]);
    const before = Deno.readTextFileSync(home.config);
    for (
      const wrong of [["preset", "most"], ["bodies", "on"], ["body-sync", "yes"], ["project", "A B", "preset", "full"]]
    ) {
      equal((await run("cloud", "privacy", "set", ...wrong)).code, 2, wrong.join(" "));
    }
    equal(Deno.readTextFileSync(home.config), before);
  });
});

Deno.test("cloud preview prints exactly what the next batch sends", async () => {
  await withTeam(async (world) => {
    const { good, record, run, team, link } = world;
    await connect(world);
    for (let call = 0; call < 3; call++) record({}, [body({ text: "CANARY" })]);
    const sent = link.seen.length;
    const previewed = JSON.parse(await good("cloud", "preview"));
    const raw = await good("cloud", "preview", "--raw");
    equal(link.seen.length, sent, "it asks nobody");
    await good("cloud", "sync");
    equal(raw, `${team.batches[0]}\n`, "to the byte");
    deepEqual(JSON.parse(team.batches[0] ?? ""), previewed);
    equal(previewed.rows.length, 3);
    equal(team.everything.join("\n").includes("CANARY"), false);
    deepEqual(JSON.parse(await good("cloud", "preview")).rows, []);
    match((await run("cloud", "preview")).err, /^Nothing waits, so nothing is sent\n/);
    record();
    await good("cloud", "pause");
    match((await run("cloud", "preview")).err, /^1 row\nNot now: paused by hand\nBodies: none is sent/);
  });
});

Deno.test("cloud sync does not wait for a pass that was killed, of a command or of the daemon", async () => {
  await withTeam(async (world) => {
    const { good, home, link, record, team, withDb } = world;
    await connect(world);
    record();
    link.setFaults(() => ({ kind: "slow", ms: 60_000 }));
    const child = home.start("cloud", "sync");
    const holder = () =>
      String(withDb((db) => db.prepare("SELECT lease_holder FROM cloud_pairing").get())?.["lease_holder"]);
    while (!holder().startsWith("command ")) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGKILL");
    await child.output();
    match(holder(), /^command \d+ /, "what a killed one leaves behind");
    link.setFaults(() => ({ kind: "pass" }));
    const leased = () => Number(withDb((db) => db.prepare("SELECT leased_at FROM cloud_pairing").get())?.["leased_at"]);
    const [before, started] = [leased(), Date.now()];
    match(await good("cloud", "sync"), /1 row and 0 bodies sent/);
    equal(team.rows.size, 1);
    record();
    // Nothing but the daemon's absence tells that this pass is dead.
    withDb((db) => db.prepare("UPDATE cloud_pairing SET lease_holder = 'daemon', leased_at = ?").run(Date.now()));
    match(await good("cloud", "sync"), /1 row and 0 bodies sent/);
    ok(before > 0 && Date.now() - started < LEASE_MS, "sooner than the lease runs out by itself");
  });
});

Deno.test("cloud sync ends with a sentence when the server asks for more patience than a person has", async () => {
  await withTeam(async (world) => {
    const { link, record, run } = world;
    await connect(world);
    record();
    const sent = link.seen.length;
    link.setFaults(() => ({ kind: "answer", status: 429, fields: { "retry-after": "3600" } }));
    const { code, err } = await run("cloud", "sync");
    equal(code, 1);
    match(
      err,
      /Cannot sync: the server answered 429, and asked not to be tried again before \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n/,
    );
    equal(link.seen.length - sent, 1, "it is not asked again meanwhile");
  });
});

Deno.test("cloud sync that is interrupted while another pass is at work says so", async () => {
  await withTeam(async (world) => {
    const { home, link, record, withDb } = world;
    await connect(world);
    record();
    const lease = () =>
      withDb((db) =>
        db.prepare("UPDATE cloud_pairing SET lease_holder = ?, leased_at = ?").run(`command ${Deno.pid} x`, Date.now())
      );
    const [batch, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    link.setFaults((_number, path) => {
      if (path.endsWith("/batch")) batch.resolve();
      return { kind: "slow", ms: 2_000 };
    });
    const child = home.start("cloud", "sync");
    await batch.promise;
    lease();
    const keeping = setInterval(lease, 200);
    try {
      let out = "";
      const reading = (async () => {
        for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
          out += text;
          if (out.includes("● POST")) taken.resolve();
        }
      })();
      await taken.promise;
      child.kill("SIGINT");
      equal((await child.status).code, 1);
      await reading;
      match(out, /Interrupted: the next pass goes on from here\n$/);
      equal(await new Response(child.stderr).text(), "");
    } finally {
      clearInterval(keeping);
    }
  });
});

Deno.test("cloud connect to another workspace takes no consent to share prompts along", async () => {
  await withTeam(async (world) => {
    const { good, home, link, record, team } = world;
    match(await connect(world), /and neither are prompts and responses\.\n$/);
    await good("cloud", "privacy", "set", "body-sync", "on");
    match(await connect(world), /Body sync is on: redacted prompts and responses of new calls are sent, too\.\n/);
    const other = standInTeam();
    try {
      const out = await good("cloud", "connect", "--url", other.url);
      match(out, /body sync was on for another workspace,\nand is off now\./);
      match(Deno.readTextFileSync(home.config), /body_sync = false/);
      record({}, [body({ text: "CANARY" })]);
      match(await good("cloud", "sync"), /1 row and 0 bodies sent/);
      deepEqual([other.rows.size, other.bodies.length, team.rows.size], [1, 0, 0]);
      equal(
        link.seen.filter(({ path }) => path === "/v1/daemon/disconnect").length,
        2,
        "the former tokens are revoked",
      );
    } finally {
      await other.stop();
    }
  });
});

Deno.test("cloud connect shows an address that reads as what it is, and ends at once when the approval is unusable", async () => {
  await withTeam(async ({ home, link, run, status }) => {
    const start = {
      code: "ABCD-1234",
      poll_token: "x",
      approve_url: "https://example.com/\u202Egnp.exe",
      interval_s: 0,
    };
    const approval = { status: "approved", token: `hm_sync_${"a".repeat(40)}`, workspace_id: "two words" };
    link.setFaults((_number, path) => ({
      kind: "answer",
      status: 200,
      body: JSON.stringify(path.endsWith("start") ? start : approval),
    }));
    const { code, out, err } = await run("cloud", "connect", "--url", link.url);
    equal(code, 1);
    match(out, /^Pairing code: ABCD-1234\nApprove at: https:\/\/example\.com\/%E2%80%AEgnp\.exe\n$/);
    match(err, /Cannot pair: the server approved it with something else than was agreed on/);
    equal((await status())["reason"], "not_paired");
    link.setFaults(() => ({ kind: "pass" }));
    Deno.writeTextFileSync(home.config, "cloud = { enabled = false }\n");
    const before = link.seen.length;
    const inline = await run("cloud", "connect", "--url", link.url);
    match(inline.err, /cannot be changed line by line/);
    equal(link.seen.length, before, "no token is asked for that could not be used");
  });
});

Deno.test("D7 cloud sync --backfill sends calls from before the pairing only when confirmed, and no bodies", async () => {
  await withTeam(async (world) => {
    const { good, record, run, team, withDb } = world;
    for (let call = 0; call < 3; call++) record({}, [body({ text: "CANARY" })]);
    await connect(world);
    await good("cloud", "privacy", "set", "body-sync", "on");
    const refused = await run("cloud", "sync", "--backfill");
    equal(refused.code, 1);
    match(refused.err, /Nothing was sent: .* was not confirmed/);
    equal(team.rows.size, 0);
    equal(await good("cloud", "sync"), "0 rows and 0 bodies sent\n");
    match(await good("cloud", "sync", "--backfill", "--yes"), /3 rows and 0 bodies sent/);
    equal(team.rows.size, 3);
    equal(team.bodies.length, 0);
    equal(withDb((db) => auditTrail(db, 20)).find(({ event }) => event === "cloud.backfill")?.details["calls"], 3);
  });
});

Deno.test("cloud pause, a refused token and cloud resume go through the documented states", async () => {
  await withTeam(async (world) => {
    const { good, record, run, team } = world;
    equal((await world.status())["state"], "NOT-CONFIGURED");
    await connect(world);
    record();
    await good("cloud", "pause");
    deepEqual([(await world.status())["state"], (await world.status())["paused_reason"]], ["PAUSED", "paused_manual"]);
    const paused = await run("cloud", "sync");
    match(paused.err, /Cannot sync: paused by hand/);
    await good("cloud", "resume");
    equal((await world.status())["state"], "ACTIVE");

    team.removed = true;
    equal((await run("cloud", "sync")).code, 1);
    equal((await world.status())["paused_reason"], "paused_forbidden");
    match((await run("cloud", "resume")).err, /Cannot resume: the server does not let this machine in/);
    equal((await world.status())["paused_reason"], "paused_forbidden");
    await good("cloud", "pause");
    equal((await world.status())["paused_reason"], "paused_forbidden", "what says more stays");
    team.removed = false;
    equal(await good("cloud", "resume"), "Resumed\n");
    match(await good("cloud", "sync"), /1 row and/);

    const tokens = [...team.tokens];
    team.tokens.clear();
    record();
    match((await run("cloud", "sync")).out, /● POST \/v1\/requests\/batch → 401\n/);
    equal((await world.status())["paused_reason"], "paused_unauthorised");
    equal((await world.status())["unsynced_rows"], 1);
    equal((await run("cloud", "resume")).code, 1);
    await connect(world);
    equal((await world.status())["state"], "ACTIVE");
    match(await good("cloud", "sync"), /accepted: 1/, "pairing again loses nothing that waited");
    equal(tokens.length, 1);
  });
});

Deno.test("cloud sync tries again what may pass, says what failed, and the state is degraded until it works", async () => {
  await withTeam(async (world) => {
    const { good, link, record, run } = world;
    await connect(world);
    record();
    let left = 2;
    link.setFaults(() => left-- > 0 ? { kind: "answer", status: 503 } : { kind: "pass" });
    match(await good("cloud", "sync"), /→ failed: the server answered 503\n[^]*→ 200 \{accepted: 1/);
    record();
    link.setFaults(() => ({ kind: "answer", status: 500, fields: { "retry-after": "0" } }));
    const failed = await run("cloud", "sync");
    equal(failed.code, 1);
    match(failed.err, /Cannot sync: the server answered 500/);
    const found = await world.status();
    deepEqual([found["state"], found["last_error"], found["paused_reason"], found["unsynced_rows"]], [
      "DEGRADED",
      "the server answered 500",
      null,
      1,
    ]);
    link.setFaults(() => ({ kind: "pass" }));
    await good("cloud", "sync");
    equal((await world.status())["state"], "ACTIVE");
  });
});

Deno.test("cloud sync shows what the server refused in cloud status, and --parked tries it again", async () => {
  await withTeam(async (world) => {
    const { good, record, team } = world;
    await connect(world);
    const bad = record();
    record();
    team.refuses = (sent) => sent.request_id === bad ? "timestamp_out_of_range" : null;
    match(await good("cloud", "sync"), /rejected: 1\}\n1 row and 0 bodies sent, 1 refused by the server\n$/);
    equal((await world.status())["parked"], 1);
    match(await good("cloud", "status"), /Refused +1 row or body; /);
    team.refuses = () => null;
    match(await good("cloud", "sync", "--parked"), /Trying again what was refused: 1 row or body\n/);
    equal((await world.status())["parked"], 0);
    equal(team.rows.size, 2);
  });
});

Deno.test("cloud whoami tells what the server says, and cloud reconcile compares day by day", async () => {
  await withTeam(async (world) => {
    const { good, link, record, run, team } = world;
    equal((await run("cloud", "whoami")).code, 1);
    await connect(world);
    const who = JSON.parse(await good("cloud", "whoami", "--json"));
    deepEqual([who.workspace_id, who.base_url, who.scopes], [WORKSPACE, link.url, ["sync"]]);
    match(await good("cloud", "whoami"), /Server keeps prompts +no/);
    equal(await good("cloud", "reconcile"), "Nothing was shared in these days\n");
    const first = record();
    record();
    await good("cloud", "sync");
    match(await good("cloud", "reconcile", "--days", "7"), /2 calls +\$2\.00 +agrees\n$/);
    (team.rows as Map<string, unknown>).delete(first);
    const differs = await run("cloud", "reconcile", "--json");
    equal(differs.code, 4);
    deepEqual(
      JSON.parse(differs.out).days.map((day: Record<string, unknown>) => [day["matches"], day["server_requests"]]),
      [
        [false, 1],
      ],
    );
    equal((await run("cloud", "reconcile", "--days", "0")).code, 2);
  });
});

Deno.test("cloud reconcile tells a row that is missing, a cost that differs and a day that is gone here, and mends what it can", async () => {
  await withTeam(async (world) => {
    const { good, record, run, team, withDb } = world;
    await connect(world);
    const first = record();
    record();
    await good("cloud", "sync");
    const rows = team.rows as Map<string, SentRow>;
    rows.delete(first);
    const missing = await run("cloud", "reconcile");
    equal(missing.code, 4);
    match(missing.out, /2 calls +\$2\.00 +differs: the server has 1 call\nSend what was shared of these days again: /);
    const resending = await run("cloud", "reconcile", "--resend");
    deepEqual([resending.code, /2 rows of these days will be sent again/.test(resending.out)], [4, true]);
    match(await good("cloud", "sync"), /accepted: 1, duplicates: 1/);
    match(await good("cloud", "reconcile"), /agrees\n$/);

    const [one] = [...rows.values()];
    if (one === undefined) throw new Error("no row");
    rows.set(one.request_id, { ...one, cost_usd_pico: "1000000000001" });
    const dearer = await run("cloud", "reconcile");
    match(dearer.out, /differs: the server was told \$2\.000000000001, not \$2\n/);
    await run("cloud", "reconcile", "--resend");
    await good("cloud", "sync");
    match(await good("cloud", "reconcile"), /agrees\n$/);

    withDb((db) => db.exec("UPDATE requests SET cost_pico = 5 WHERE seq = 1"));
    match(
      (await run("cloud", "reconcile")).out,
      /1 row waits to be sent, new or changed; until then a day may differ\n/,
    );
    await good("cloud", "sync");
    withDb((db) => db.exec("DELETE FROM request_bodies; DELETE FROM requests"));
    const gone = await run("cloud", "reconcile");
    equal(gone.code, 4);
    equal(gone.out.includes("--resend"), false, "which would not help");
    match(
      gone.out,
      /0 calls +\$0\.000000 +differs: the server has 2 calls; the others were shared in an earlier pairing, or /,
    );
  });
});

Deno.test("cloud disconnect revokes, forgets, and keeps what was recorded", async () => {
  await withTeam(async (world) => {
    const { good, home, record, run, team, withDb } = world;
    equal(await good("cloud", "disconnect"), "This machine is not paired; nothing is sent\n");
    await connect(world);
    record();
    match(await good("cloud", "disconnect"), /^Disconnected: [^\n]+\n$/);
    equal(team.tokens.size, 0);
    equal((await world.status())["state"], "NOT-CONFIGURED");
    match(Deno.readTextFileSync(home.config), /enabled = false/);
    equal(Deno.readTextFileSync(home.config).includes("workspace_id"), false, "by which the local API tells a pairing");
    deepEqual([...Deno.readDirSync(home.folder)].filter(({ name }) => name.startsWith("cloud")), []);
    equal(withDb((db) => db.prepare("SELECT count(*) AS n FROM requests").get()?.["n"]), 1);
    equal((await run("cloud", "sync")).code, 1);
    ok(
      withDb((db) => auditTrail(db, 5)).some(({ event, details }) =>
        event === "cloud.disconnected" && details["revoked"] === true
      ),
    );
  });
});

Deno.test("cloud disconnect works without the server, and says what is left to do", async () => {
  await withTeam(async (world) => {
    const { home, link, run, withDb } = world;
    await connect(world);
    link.setFaults(() => ({ kind: "drop before" }));
    const { code, out } = await run("cloud", "disconnect");
    equal(code, 0);
    match(
      out,
      /The token could not be revoked: [^\n]+\n +Remove this machine \([^)]+\) from the list of devices of Example team\n$/,
    );
    deepEqual([...Deno.readDirSync(home.folder)].filter(({ name }) => name.startsWith("cloud")), []);
    ok(
      withDb((db) => auditTrail(db, 5)).some(({ event, details }) =>
        event === "cloud.disconnected" && details["revoked"] === false
      ),
    );
  });
});

Deno.test("cloud connect and cloud disconnect get over credentials that cannot be read, and say what that leaves undone", async () => {
  await withTeam(async (world) => {
    const { good, home, run } = world;
    const file = `${home.folder}/cloud-credentials.json`;
    await connect(world);
    Deno.writeTextFileSync(file, "{");
    match(
      (await run("cloud", "status")).err,
      /cloud-credentials\.json: it does not hold what it should\n +Run: halton-meter cloud connect/,
    );
    await connect(world);
    equal((await world.status())["state"], "ACTIVE");
    Deno.removeSync(file);
    Deno.symlinkSync(`${home.folder}/elsewhere`, file);
    Deno.writeTextFileSync(`${home.folder}/elsewhere`, "kept");
    match((await run("cloud", "sync")).err, /it is not a file/);
    match(
      await good("cloud", "disconnect"),
      /The token could not be revoked: cloud-credentials\.json could not be read\n +Remove this machine from the list of devices\n$/,
    );
    equal(Deno.readTextFileSync(`${home.folder}/elsewhere`), "kept");
    equal((await world.status())["state"], "NOT-CONFIGURED");
  });
});

Deno.test("cloud disconnect ends the pairing, too, when config.toml cannot be changed", async () => {
  await withTeam(async (world) => {
    const { home, run, withDb } = world;
    await connect(world);
    Deno.writeTextFileSync(home.config, 'cloud = { enabled = true, workspace_id = "w" }\n');
    match((await run("cloud", "disconnect")).err, /cannot be changed line by line/);
    equal((await world.status())["reason"], "not_paired");
    equal(withDb(readSyncRecord)?.disconnectedAt === null, false, "so that no pass goes on");
  });
});

Deno.test("cloud disconnect takes a page that is not there for no word on the token", async () => {
  await withTeam(async (world) => {
    const { link, good } = world;
    await connect(world);
    link.setFaults(() => ({ kind: "answer", status: 404, body: "<html>" }));
    match(
      await good("cloud", "disconnect"),
      /The token could not be revoked: the server refused it \(404 not_said\)\n/,
    );
  });
});

Deno.test("cloud commands send no token to a server that config.toml was changed to", async () => {
  await withTeam(async (world) => {
    const { home, link, record, run } = world;
    await connect(world);
    record();
    const other = standInTeam();
    try {
      const text = Deno.readTextFileSync(home.config);
      Deno.writeTextFileSync(home.config, text.replace(link.url, other.url));
      match((await run("cloud", "sync")).err, /cloud\.base_url is not the server that this machine was paired with/);
      equal((await world.status())["reason"], "other_server");
      deepEqual(other.everything, []);
    } finally {
      await other.stop();
    }
  });
});
