/** The contract, held to a real server process on a real PostgreSQL, with the workspace storing content and not. */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { canRun, CONTRACT_CASES, type Target, whoAmI } from "./contract_kit.ts";
import { postgresTest } from "./support/postgres.ts";
import {
  createPaired,
  endServed,
  envelope,
  type Paired,
  pairMachine,
  row,
  send,
  type Served,
  serveTeam,
  startTeam,
} from "./support/server.ts";
import postgres from "postgres";

interface Stage extends Served {
  readonly paired: Paired;
  readonly target: Target;
  readonly ownerUrl: string;
}

let stage: Stage | null = null;

async function onStage(): Promise<Stage> {
  if (stage !== null) return stage;
  const served = await serveTeam();
  const { place, server, urls } = served;
  const paired = await createPaired(server, place, "acme", "Acme");
  const made = await paired.owner.submit("/settings", "/settings/tokens", {});
  const adminToken = /hm_sync_[\w-]+/.exec(made.text)?.[0] ?? null;
  ok(adminToken !== null);
  stage = {
    ...served,
    paired,
    target: { base: server.base, token: paired.token, adminToken },
    ownerUrl: urls.admin,
  };
  return stage;
}

Deno.test.afterAll(() => endServed(stage));

async function setStoring({ paired }: Stage, on: boolean): Promise<void> {
  const days = { retention_days: "365", body_retention_days: "90", audit_retention_days: "365" };
  const fields = on ? { ...days, store_prompt_content: "on" } : days;
  equal((await paired.owner.submit("/settings", "/settings", fields)).status, 303);
}

for (const storing of [false, true]) {
  for (const one of CONTRACT_CASES) {
    // The rest needs the other setting.
    if (!canRun(one, storing, { base: "", token: "", adminToken: "" })) continue;
    postgresTest(`${one.id} ${one.name} (storing ${storing ? "on" : "off"})`, async () => {
      const now = await onStage();
      await setStoring(now, storing);
      const { machineId, storing: told } = await whoAmI(now.target);
      equal(told, storing);
      await one.run(now.target, machineId);
    });
  }
}

postgresTest("C8 with storing off nothing of a body reaches any table or the log", async () => {
  const now = await onStage();
  await setStoring(now, false);
  const canary = `canary ${crypto.randomUUID()}`;
  const one = row();
  const id = String(one["request_id"]);
  await send(
    now.target.base,
    "/v1/requests/batch",
    { schema: 1, machine_id: now.paired.machineId, rows: [one] },
    now.target.token,
  );
  const { json } = await send(
    now.target.base,
    `/v1/requests/${id}/body`,
    envelope(id, "request", canary),
    now.target.token,
  );
  deepEqual(json, { stored: false, reason: "store_prompt_content_disabled" });
  const sql = postgres(now.ownerUrl, { max: 1 });
  try {
    const tables =
      await sql`SELECT relname::text AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace`;
    ok(tables.length > 10);
    for (const { name } of tables) {
      const [found] = await sql.unsafe(
        `SELECT count(*)::int AS n FROM ${name} t WHERE t::text LIKE '%${canary}%'
           OR t::text LIKE '%' || encode(convert_to('${canary}', 'UTF8'), 'hex') || '%'`,
      );
      equal(found?.["n"], 0, name);
    }
    const [body] = await sql`SELECT count(*)::int AS n FROM request_bodies WHERE request_id = ${id}`;
    equal(body?.["n"], 0);
  } finally {
    await sql.end();
  }
  equal(now.server.log.join("\n").includes(canary), false);
});

postgresTest("C8 the switch is off in a new workspace", async () => {
  const now = await onStage();
  const fresh = await createPaired(now.server, now.place, "fresh");
  equal(
    (await send(now.server.base, "/v1/daemon/whoami", null, fresh.token, "GET")).json["store_prompt_content"],
    false,
  );
});

postgresTest("C3 a revoked token is answered 401, a removed machine 403, and neither says more", async () => {
  const now = await onStage();
  const { base } = now.server;
  const first = await pairMachine(base, now.paired.owner);
  equal((await send(base, "/v1/daemon/disconnect", {}, first.token)).status, 204);
  const batch = { schema: 1, machine_id: first.machineId, rows: [row()] };
  const revoked = await send(base, "/v1/requests/batch", batch, first.token);
  const unknown = await send(base, "/v1/requests/batch", batch, "hm_sync_unknown");
  equal(revoked.status, 401);
  deepEqual(revoked.json, unknown.json);
  const second = await pairMachine(base, now.paired.owner);
  const devices = (await now.paired.owner.get("/devices")).text;
  const actions = [...devices.matchAll(/\/devices\/[0-9a-f-]{36}\/remove/g)].map(([action]) => action);
  for (const action of actions.slice(0, 1)) await now.paired.owner.submit("/devices", action, {});
  equal((await send(base, "/v1/requests/batch", { ...batch, machine_id: second.machineId }, second.token)).status, 403);
});

postgresTest("C3 a removed machine stays removed, whatever a program's token of the same member names", async () => {
  const now = await onStage();
  const { base } = now.server;
  const own = await createPaired(now.server, now.place, "removing");
  const admin = /hm_sync_[\w-]+/.exec((await own.owner.submit("/settings", "/settings/tokens", {})).text)?.[0] ?? "";
  const batch = () => ({ schema: 1, machine_id: own.machineId, rows: [row()] });
  equal((await send(base, "/v1/requests/batch", batch(), admin)).status, 200);
  const action = /\/devices\/[0-9a-f-]{36}\/remove/.exec((await own.owner.get("/devices")).text)?.[0] ?? "";
  equal((await own.owner.submit("/devices", action, {})).status, 303);
  equal((await send(base, "/v1/requests/batch", batch(), admin)).status, 403);
  equal((await send(base, "/v1/requests/batch", batch(), own.token)).status, 403, "its own token is not awake again");
});

postgresTest("C3 a row whose cost no column can hold does not fail the batch that it came in", async () => {
  const now = await onStage();
  const good = row();
  const rows = [
    row({ prompt_tokens: Number.MAX_SAFE_INTEGER }),
    row({ cost_inputs: { extra_usage: { web_search_requests: Number.MAX_SAFE_INTEGER } } }),
    good,
    row({ timestamp: new Date(Date.now() + 22 * 3_600_000).toISOString().replace("Z", "+23:00") }),
  ];
  const batch = { schema: 1, machine_id: now.paired.machineId, rows };
  const { status, json } = await send(now.server.base, "/v1/requests/batch", batch, now.target.token);
  equal(status, 200);
  deepEqual([json["accepted"], json["rejected"]], [4, []]);
});

postgresTest("days that no calendar of the database has are refused with 400", async () => {
  const now = await onStage();
  const { base } = now.server;
  const day = { requests: 0, cost_usd_pico: "0", prompt_tokens: 0, completion_tokens: 0 };
  for (const date of ["0000-01-01", "9999-12-31"]) {
    const days = { machine_id: now.paired.machineId, days: [{ ...day, date }] };
    equal((await send(base, "/v1/reconciliation/daemon-totals", days, now.target.token)).status, 400, date);
    const totals = `/v1/workspace/totals?from=${date}`;
    equal((await send(base, totals, null, now.target.adminToken, "GET")).status, 400, date);
  }
});

postgresTest("C3 more than the budget of a token is answered 429 with Retry-After", async () => {
  const now = await onStage();
  const strict = await startTeam(now.place, { HALTON_METER_INGEST_PER_MINUTE: "3" });
  try {
    const batch = { schema: 1, machine_id: now.paired.machineId, rows: [row()] };
    for (let i = 0; i < 3; i++) {
      equal((await send(strict.base, "/v1/requests/batch", batch, now.target.token)).status, 200);
    }
    const refused = await send(strict.base, "/v1/requests/batch", batch, now.target.token);
    equal(refused.status, 429);
    match(refused.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    equal(refused.headers.get("content-type"), "application/problem+json");
    const body = await send(strict.base, `/v1/requests/${crypto.randomUUID()}/body`, {}, now.target.token);
    equal(body.status, 429);
  } finally {
    await strict.stop();
  }
});

postgresTest(
  "C2 a correction of a higher revision replaces the row, a lower one and another machine's do not",
  async () => {
    const now = await onStage();
    const { base } = now.server;
    const project = `revised-${crypto.randomUUID()}`;
    const one = row({ project });
    const machine_id = now.paired.machineId;
    const post = (token: string, machine: string, rows: unknown[]) =>
      send(base, "/v1/requests/batch", { schema: 1, machine_id: machine, rows }, token);
    await post(now.target.token, machine_id, [one]);
    const later = {
      ...one,
      revision: 3,
      completion_tokens: 1_850,
      timestamp: new Date(Date.now() - 40 * 86_400_000).toISOString(),
    };
    deepEqual((await post(now.target.token, machine_id, [later])).json, { accepted: 0, duplicates: 1, rejected: [] });
    await post(now.target.token, machine_id, [{ ...one, revision: 2, completion_tokens: 1 }]);
    const other = await pairMachine(base, now.paired.owner);
    await post(other.token, other.machineId, [{ ...one, revision: 9, completion_tokens: 2 }]);
    const { json } = await send(base, "/v1/workspace/totals?by=project", null, now.target.adminToken, "GET");
    const line = (json["lines"] as Record<string, unknown>[]).find(({ key }) => key === project);
    equal(line?.["requests"], 1);
    equal(line?.["completion_tokens"], "1850");
    equal(line?.["cost_usd_pico"], String(56_000_000_000n + 1_000n * 25_000_000n));
  },
);

postgresTest(
  "C1 a batch may be gzip, and one that unpacks to more than 2 MiB is refused while it unpacks",
  async () => {
    const now = await onStage();
    const post = async (text: string) => {
      const packed = new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")));
      const response = await fetch(`${now.target.base}/v1/requests/batch`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${now.target.token}`,
          "content-type": "application/json",
          "content-encoding": "gzip",
        },
        body: await packed.arrayBuffer(),
      });
      await response.body?.cancel();
      return response.status;
    };
    const batch = { schema: 1, machine_id: now.paired.machineId, rows: [row()] };
    equal(await post(JSON.stringify(batch)), 200);
    equal(await post(" ".repeat(200 * 1_048_576) + JSON.stringify(batch)), 413);
    equal(await post("not a batch"), 400);
  },
);

postgresTest("C2 totals of a machine's days are compared with what it reported, beside the server's own", async () => {
  const now = await onStage();
  const { base } = now.server;
  const { token, machineId } = await pairMachine(base, now.paired.owner);
  const date = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
  const rows = [
    row({ timestamp: `${date}T00:00:00Z`, cost_usd_pico: "7" }),
    row({
      timestamp: `${date}T23:59:59.999Z`,
      cost_usd_pico: null,
      cost_missing: "unknown_model",
      model: "no-such-model",
    }),
    row({
      timestamp: `${date}T12:00:00Z`,
      duplicate_of: crypto.randomUUID(),
      cost_usd_pico: null,
      cost_missing: "duplicate",
    }),
  ];
  await send(base, "/v1/requests/batch", { schema: 1, machine_id: machineId, rows }, token);
  const told = { date, requests: 2, cost_usd_pico: "7", prompt_tokens: 2_400, completion_tokens: 1_700 };
  const ask = async (day: unknown) =>
    (await send(base, "/v1/reconciliation/daemon-totals", { machine_id: machineId, days: [day] }, token)).json["days"];
  deepEqual(await ask(told), [{
    date,
    matches: true,
    server: {
      requests: 2,
      prompt_tokens: 2_400,
      completion_tokens: 1_700,
      reported_cost_usd_pico: "7",
      cost_usd_pico: "56000000000",
      unpriced: 1,
    },
  }]);
  for (const wrong of [{ requests: 3 }, { cost_usd_pico: "8" }, { prompt_tokens: 0 }, { completion_tokens: 0 }]) {
    equal((await ask({ ...told, ...wrong }) as { matches: boolean }[])[0]?.matches, false);
  }
});

postgresTest("C2 the sums by day are those of the rows after corrections, duplicates and batches at once", async () => {
  const now = await onStage();
  const { base } = now.server;
  const { token, machineId } = await pairMachine(base, now.paired.owner);
  const rows = Array.from({ length: 60 }, (_, i) =>
    row({
      timestamp: new Date(Date.now() - i * 7_200_000).toISOString(),
      model: ["claude-opus-5", "no-such-model", null][i % 3],
      project: i % 4 === 0 ? null : `sums-${i % 4}`,
      status: i % 5 === 0 ? "error" : "success",
      prompt_tokens: i % 6 === 0 ? null : i,
      usage_unknown: i % 6 === 0 ? "cut" : null,
    }));
  const post = (some: readonly unknown[]) =>
    send(base, "/v1/requests/batch", { schema: 1, machine_id: machineId, rows: some }, token);
  await Promise.all([post(rows), post(rows.toReversed()), post(rows.slice(20))]);
  const later = (revision: number) =>
    rows.filter((_, i) => i % 2 === 0).map((one, i) => ({
      ...one,
      revision,
      completion_tokens: revision * i,
      project: "sums-moved",
      model: "claude-opus-5",
      ...(i % 7 === 0 ? { duplicate_of: crypto.randomUUID() } : {}),
    }));
  await Promise.all([2, 3, 4, 5].map((revision) => post(later(revision))));
  const sql = postgres(now.ownerUrl, { max: 1 });
  try {
    const kept = await sql`
      SELECT day::text, provider, model, project, requests::text, errors::text, priced::text, cost_pico::text,
        reported_cost_pico::text, prompt_known::text, prompt_tokens::text, completion_tokens::text
      FROM usage_days WHERE requests > 0 AND device_id = (SELECT id FROM devices WHERE machine_id = ${machineId})
      ORDER BY 1, 2, 3, 4`;
    const counted = await sql`
      SELECT (occurred_at AT TIME ZONE 'UTC')::date::text AS day, provider, coalesce(model, requested_model, '') AS model,
        coalesce(project, '') AS project, count(*)::text AS requests,
        count(*) FILTER (WHERE status = 'error')::text AS errors, count(cost_pico)::text AS priced,
        coalesce(sum(cost_pico), 0)::text AS cost_pico, coalesce(sum(reported_cost_pico), 0)::text AS reported_cost_pico,
        count(prompt_tokens)::text AS prompt_known, coalesce(sum(prompt_tokens), 0)::text AS prompt_tokens,
        coalesce(sum(completion_tokens), 0)::text AS completion_tokens
      FROM requests WHERE duplicate_of IS NULL AND device_id = (SELECT id FROM devices WHERE machine_id = ${machineId})
      GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;
    ok(counted.length > 10);
    deepEqual(kept.map((one) => ({ ...one })), counted.map((one) => ({ ...one })));
    const [revisions] = await sql`SELECT count(*) FILTER (WHERE revision = 5)::int AS n FROM requests
      WHERE device_id = (SELECT id FROM devices WHERE machine_id = ${machineId})`;
    equal(revisions?.["n"], 30);
  } finally {
    await sql.end();
  }
});
