/** Pairing over HTTP: what a machine, its approver and a guesser see. */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import postgres from "postgres";
import { postgresTest } from "./support/postgres.ts";
import {
  createPaired,
  endServed,
  type Paired,
  pairMachine,
  Person,
  send,
  type Served,
  serveTeam,
  startTeam,
} from "./support/server.ts";

interface Stage extends Served {
  readonly paired: Paired;
}

let stage: Stage | null = null;

async function onStage(): Promise<Stage> {
  if (stage !== null) return stage;
  const served = await serveTeam({ HALTON_METER_BEHIND_PROXY: "1" });
  stage = { ...served, paired: await createPaired(served.server, served.place, "acme") };
  return stage;
}

Deno.test.afterAll(() => endServed(stage));

/** A call from an address of its own, as the reverse proxy tells it. */
async function from(address: string, base: string, path: string, body: unknown) {
  const response = await fetch(`${base}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": `6.6.6.6, ${address}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() as Record<string, unknown>, headers: response.headers };
}

const start = (base: string, address: string) => {
  const body = { machine_id: crypto.randomUUID(), hostname: "ada-laptop", version: "0.1.0" };
  return from(address, base, "/v1/pairing/start", body);
};

postgresTest(
  "a code has 8 characters of Crockford's base 32, lives ten minutes, and leads to the approval page",
  async () => {
    const { server: { base } } = await onStage();
    const { status, json } = await start(base, "10.0.0.1");
    equal(status, 201);
    match(String(json["code"]), /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    match(String(json["poll_token"]), /^[\w-]{43}$/);
    equal(json["approve_url"], `${base}/connect?code=${json["code"]}`);
    const life = Date.parse(String(json["expires_at"])) - Date.now();
    ok(life > 540_000 && life <= 601_000, `${life}`);
  },
);

postgresTest(
  "the approval page needs somebody signed in, shows which machine asks, and gives the token exactly once",
  async () => {
    const { server: { base }, paired, urls } = await onStage();
    const { json: { code, poll_token } } = await start(base, "10.0.0.2");
    const stranger = await new Person(base).get(`/connect?code=${code}`);
    equal(stranger.status, 303);
    equal(stranger.headers.get("location"), `/sign-in?next=${encodeURIComponent(`/connect?code=${code}`)}`);
    const page = await paired.owner.get(`/connect?code=${String(code).toLowerCase().replace("-", "")}`);
    equal(page.status, 200);
    ok(page.text.includes("ada-laptop"));

    const waiting = from("10.0.0.2", base, "/v1/pairing/poll", { code, poll_token });
    const approved = await paired.owner.submit(`/connect?code=${code}`, "/connect", {
      code: String(code),
      decision: "approve",
    });
    equal(approved.status, 200);
    const first = await waiting;
    equal(first.json["status"], "approved");
    match(String(first.json["token"]), /^hm_sync_[\w-]{43}$/);
    deepEqual(first.json["scopes"], ["sync"]);
    equal(first.json["workspace_name"], "acme");
    equal((await from("10.0.0.2", base, "/v1/pairing/poll", { code, poll_token })).status, 410);
    equal((await send(base, "/v1/daemon/whoami", null, String(first.json["token"]), "GET")).status, 200);
    const sql = postgres(urls.admin, { max: 1 });
    try {
      const [found] = await sql`SELECT count(*)::int AS n FROM tokens t WHERE t::text LIKE ${`%${
        first.json["token"]
      }%`}`;
      equal(found?.["n"], 0, "only the hash is stored");
    } finally {
      await sql.end();
    }
  },
);

postgresTest("many polls at once collect one token", async () => {
  const { server: { base }, paired } = await onStage();
  const { json: { code, poll_token } } = await start(base, "10.0.0.3");
  await paired.owner.submit(`/connect?code=${code}`, "/connect", { code: String(code), decision: "approve" });
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => from("10.0.0.3", base, "/v1/pairing/poll", { code, poll_token })),
  );
  deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(11).fill(410)]);
});

postgresTest("a code with a wrong poll token, and a code that nobody gave out, are the same", async () => {
  const { server: { base }, paired } = await onStage();
  const { json: { code, poll_token } } = await start(base, "10.0.0.4");
  await paired.owner.submit(`/connect?code=${code}`, "/connect", { code: String(code), decision: "approve" });
  const wrong = await from("10.0.0.4", base, "/v1/pairing/poll", { code, poll_token: `${poll_token}x` });
  const none = await from("10.0.0.4", base, "/v1/pairing/poll", { code: "0000-0000", poll_token });
  deepEqual([wrong.status, wrong.json], [404, none.json]);
  equal(none.status, 404);
  equal(
    (await from("10.0.0.4", base, "/v1/pairing/poll", { code, poll_token })).json["status"],
    "approved",
    "still there",
  );
});

postgresTest("a machine that is turned away, or whose code expired, is told 410", async () => {
  const { server: { base }, paired, urls } = await onStage();
  const denied = (await start(base, "10.0.0.5")).json;
  await paired.owner.submit(`/connect?code=${denied["code"]}`, "/connect", {
    code: String(denied["code"]),
    decision: "deny",
  });
  const poll = (json: Record<string, unknown>) =>
    from("10.0.0.5", base, "/v1/pairing/poll", { code: json["code"], poll_token: json["poll_token"] });
  equal((await poll(denied)).status, 410);
  const late = (await start(base, "10.0.0.5")).json;
  const sql = postgres(urls.admin, { max: 1 });
  try {
    await sql`UPDATE pairings SET expires_at = now() - interval '1 second' WHERE state = 'pending'`;
  } finally {
    await sql.end();
  }
  equal((await poll(late)).status, 410);
  equal((await paired.owner.get(`/connect?code=${late["code"]}`)).status, 404);
});

postgresTest(
  "guessing codes stops after ten wrong ones from an address, whatever the instance, also for the right one",
  async () => {
    const { server: { base }, paired, place } = await onStage();
    const other = await startTeam(place, { HALTON_METER_BEHIND_PROXY: "1" });
    try {
      const { json: { code, poll_token } } = await start(base, "10.0.0.6");
      await paired.owner.submit(`/connect?code=${code}`, "/connect", { code: String(code), decision: "approve" });
      const statuses: number[] = [];
      for (let i = 0; i < 14; i++) {
        const guess = `${String(i).padStart(4, "0")}-ZZZZ`;
        const where = i % 2 === 0 ? base : other.base;
        statuses.push((await from("10.0.0.66", where, "/v1/pairing/poll", { code: guess, poll_token })).status);
      }
      deepEqual(statuses, [...Array(10).fill(404), ...Array(4).fill(429)]);
      const right = await from("10.0.0.66", other.base, "/v1/pairing/poll", { code, poll_token });
      equal(right.status, 429);
      match(right.headers.get("retry-after") ?? "", /^\d+$/);
      equal(
        (await from("10.0.0.6", base, "/v1/pairing/poll", { code, poll_token })).json["status"],
        "approved",
        "another address goes on",
      );
    } finally {
      await other.stop();
    }
  },
);

postgresTest("guessing codes on the approval page is stopped by the same count", async () => {
  const { server: { base }, paired } = await onStage();
  const person = new Person(base);
  const token = /name="form_token" value="([^"]+)"/.exec((await paired.owner.get("/sign-out")).text)?.[1] ?? "";
  const statuses: number[] = [];
  for (let i = 0; i < 12; i++) {
    const response = await fetch(`${base}/connect?code=${String(i).padStart(8, "0")}`, {
      headers: { cookie: paired.owner.cookie, "x-forwarded-for": "10.0.0.7" },
    });
    await response.body?.cancel();
    statuses.push(response.status);
  }
  deepEqual(statuses, [...Array(10).fill(404), 429, 429]);
  equal(
    (await person.post("/connect", { code: "00000000", decision: "approve", form_token: token })).status,
    303,
    "signed out",
  );
});

postgresTest("codes asked for are limited per address", async () => {
  const { server: { base } } = await onStage();
  const statuses: number[] = [];
  for (let i = 0; i < 22; i++) statuses.push((await start(base, "10.0.0.8")).status);
  deepEqual(statuses, [...Array(20).fill(201), 429, 429]);
});

postgresTest("pairing a machine again revokes its former token", async () => {
  const { server: { base }, paired } = await onStage();
  const first = await pairMachine(base, paired.owner);
  const second = await pairMachine(base, paired.owner, first.machineId);
  notEqual(first.token, second.token);
  equal((await send(base, "/v1/daemon/whoami", null, first.token, "GET")).status, 401);
  equal((await send(base, "/v1/daemon/whoami", null, second.token, "GET")).status, 200);
});

postgresTest("bad bodies are refused with 400 and looked at by nobody", async () => {
  const { server: { base } } = await onStage();
  for (const body of [{}, { machine_id: "x", version: "1" }, { machine_id: crypto.randomUUID(), version: "a b" }, []]) {
    equal((await from("10.0.0.9", base, "/v1/pairing/start", body)).status, 400);
  }
  equal((await from("10.0.0.9", base, "/v1/pairing/poll", { code: 7 })).status, 400);
});
