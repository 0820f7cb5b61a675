/**
 * What a paired machine calls: batches, bodies, who am I, disconnect, totals.
 *
 * Imports: hono, ./bodies.ts, ./callers.ts, ./database.ts, ./deps.ts (types), ./devices.ts, ./audit.ts, ./ingest.ts, ./problem.ts,
 * ./read_body.ts, ./row_schema.ts, ./secrets.ts, ./totals.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import { writeAudit } from "./audit.ts";
import { checkBody, MAX_ENVELOPE_BYTES, NOT_STORED, storeBody } from "./bodies.ts";
import { asCaller, bearerIn, type Caller, removedMachine } from "./callers.ts";
import type { Sql } from "./database.ts";
import type { TeamDeps, TeamEnv } from "./deps.ts";
import { ensureDevice, noteSeen, wasRemoved } from "./devices.ts";
import { checkRows, writeRows } from "./ingest.ts";
import { Refusal } from "./problem.ts";
import { readJson } from "./read_body.ts";
import { BatchEnvelope, DaemonTotals, MAX_BATCH_BYTES, Uuid } from "./row_schema.ts";
import { hashOf } from "./secrets.ts";
import { dateOf, daysOfDevice } from "./totals.ts";

const MAX_TOTALS_BYTES = 262_144;
const DAY_MS = 86_400_000;

/** Adds the routes. */
export function addMachineRoutes(app: Hono<TeamEnv>, deps: TeamDeps): void {
  const { db } = deps;
  addBatchRoute(app, deps);
  addBodyRoute(app, deps);
  addTotalsRoute(app, deps);

  app.get("/v1/daemon/whoami", async (context) => {
    return await asCaller(db, bearerIn(context.req.raw), ["sync", "admin"], (_, caller) => {
      return Promise.resolve(context.json({
        workspace_id: caller.workspaceId,
        workspace_name: caller.workspaceName,
        machine_id: caller.device?.machineId ?? null,
        hostname: caller.device?.hostname ?? null,
        scopes: [caller.scope],
        store_prompt_content: caller.storePromptContent,
      }));
    });
  });

  app.post("/v1/daemon/disconnect", async (context) => {
    return await asCaller(db, bearerIn(context.req.raw), ["sync", "admin"], async (sql, caller) => {
      await sql("UPDATE tokens SET revoked_at = now() WHERE id = $1::text::uuid", [caller.tokenId]);
      const { workspaceId, memberId, tokenId } = caller;
      await writeAudit(sql, { workspaceId, memberId, event: "token.revoked", details: { token: tokenId } });
      return context.body(null, 204);
    });
  });
}

function addBatchRoute(app: Hono<TeamEnv>, { db, rates, partitions, ingestBudget, log }: TeamDeps): void {
  app.post("/v1/requests/batch", async (context) => {
    const started = performance.now();
    const bearer = bearerIn(context.req.raw);
    if (bearer !== null) ingestBudget.spend(hashOf(bearer));
    // Who may not send at all is told so before the body is read.
    await asCaller(db, bearer, ["sync", "admin"], () => Promise.resolve());
    const envelope = BatchEnvelope.safeParse(await readJson(context.req.raw, MAX_BATCH_BYTES));
    if (!envelope.success) {
      throw new Refusal(
        400,
        "bad_envelope",
        "The body is not a batch",
        "Send {schema: 1, machine_id, rows} with 1 to 500 rows",
      );
    }
    const { machine_id, rows: sent } = envelope.data;
    const { rows, rejected, repeated } = checkRows(sent, rates, Date.now());
    await partitions.ensure(rows.map(({ atMs }) => atMs));
    const accepted = await asCaller(db, bearer, ["sync", "admin"], async (sql, caller) => {
      const { workspaceId, memberId } = caller;
      const deviceId = await deviceFor(sql, caller, machine_id);
      const written = await writeRows(sql, { workspaceId, memberId, deviceId }, rows);
      await noteSeen(sql, deviceId);
      return written;
    });
    const duplicates = rows.length - accepted + repeated;
    const duration_ms = Math.round(performance.now() - started);
    const request = context.env.requestId;
    log({
      event: "ingest.stored",
      request,
      rows: sent.length,
      accepted,
      duplicates,
      rejected: rejected.length,
      duration_ms,
    });
    return context.json({ accepted, duplicates, rejected });
  });
}

function addBodyRoute(app: Hono<TeamEnv>, { db, ingestBudget }: TeamDeps): void {
  app.post("/v1/requests/:id/body", async (context) => {
    const bearer = bearerIn(context.req.raw);
    if (bearer !== null) ingestBudget.spend(hashOf(bearer));
    await asCaller(db, bearer, ["sync", "admin"], () => Promise.resolve());
    const id = Uuid.safeParse(context.req.param("id"));
    if (!id.success) throw new Refusal(400, "bad_id", "The path names no request", "Put the request's UUID there");
    const body = checkBody(await readJson(context.req.raw, MAX_ENVELOPE_BYTES), id.data);
    const stored = await asCaller(db, bearer, ["sync", "admin"], (sql, caller) => storeBody(sql, caller, body));
    return stored ? context.body(null, 204) : context.json(NOT_STORED);
  });
}

function addTotalsRoute(app: Hono<TeamEnv>, { db }: TeamDeps): void {
  app.post("/v1/reconciliation/daemon-totals", async (context) => {
    const bearer = bearerIn(context.req.raw);
    await asCaller(db, bearer, ["sync", "admin"], () => Promise.resolve());
    const sent = DaemonTotals.safeParse(await readJson(context.req.raw, MAX_TOTALS_BYTES));
    if (!sent.success) {
      throw new Refusal(400, "bad_input", "The body holds no totals", "Send {machine_id, days} with 1 to 400 days");
    }
    const { machine_id, days } = sent.data;
    const dates = days.map(({ date }) => date).sort();
    const [first, last] = [dates[0] ?? "", dates.at(-1) ?? ""];
    const until = dateOf(Date.parse(`${last}T00:00:00Z`) + DAY_MS);
    const known = await asCaller(db, bearer, ["sync", "admin"], async (sql, caller) => {
      return await daysOfDevice(sql, await deviceFor(sql, caller, machine_id), { from: first, until });
    });
    const byDate = new Map(known.map((day) => [day.date, day]));
    return context.json({
      days: days.map((day) => {
        const ours = byDate.get(day.date);
        const server = {
          requests: ours?.requests ?? 0,
          prompt_tokens: String(ours?.promptTokens ?? 0n),
          completion_tokens: String(ours?.completionTokens ?? 0n),
          reported_cost_usd_pico: String(ours?.reportedCostPico ?? 0n),
          cost_usd_pico: String(ours?.costPico ?? 0n),
          unpriced: ours?.unpriced ?? 0,
        };
        const matches = server.requests === day.requests &&
          BigInt(server.prompt_tokens) === BigInt(day.prompt_tokens) &&
          BigInt(server.completion_tokens) === BigInt(day.completion_tokens) &&
          BigInt(server.reported_cost_usd_pico) === BigInt(day.cost_usd_pico);
        const tokens = {
          prompt_tokens: Number(server.prompt_tokens),
          completion_tokens: Number(server.completion_tokens),
        };
        return { date: day.date, matches, server: { ...server, ...tokens } };
      }),
    });
  });
}

/**
 * The device that a call is made for: the token's own, which must be the one that the body names; for a token without one, the
 * named machine of its member, unless that was removed: only pairing brings it back.
 */
async function deviceFor(sql: Sql, caller: Caller, machineId: string): Promise<string> {
  if (caller.device === null) {
    if (await wasRemoved(sql, caller.memberId, machineId)) throw removedMachine();
    const machine = { machineId, hostname: null, version: null };
    return await ensureDevice(sql, caller.workspaceId, caller.memberId, machine);
  }
  if (caller.device.machineId === machineId) return caller.device.id;
  throw new Refusal(403, "machine_mismatch", "This token belongs to another machine", "Pair this machine again");
}
