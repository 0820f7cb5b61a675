/**
 * `/v1/pairing/*`: the two calls that a machine makes without a token.
 *
 * Guessing is held off by counts per address and over all addresses, kept in the database for all instances together. Only
 * wrong guesses count; above the limit nothing is looked up any more.
 *
 * Imports: hono, zod, ./deps.ts (types), ./pairing.ts, ./rate_limits.ts, ./read_body.ts, ./row_schema.ts, ./problem.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import { z } from "zod";
import type { TeamDeps, TeamEnv } from "./deps.ts";
import { codeGone, type PollOutcome, pollPairing, startPairing, unknownCode } from "./pairing.ts";
import { Refusal } from "./problem.ts";
import { checkAttempts, countAttempt, type Counter } from "./rate_limits.ts";
import { readJson } from "./read_body.ts";
import { Hostname, Uuid } from "./row_schema.ts";
import type { Limits } from "./settings.ts";

const MAX_BYTES = 4_096;
/** A poll answers within this time. Milliseconds. */
const POLL_MS = 25_000;
/** How often a waiting poll looks. */
const LOOK_MS = 1_000;
/** Polls that wait at the same time on one instance; further ones are answered at once. */
const MAX_WAITING = 500;
const TEN_MINUTES_S = 600;

const Start = z.object({
  machine_id: Uuid,
  hostname: Hostname.nullable().optional(),
  version: z.string().max(40).regex(/^[\w.+-]+$/),
});
const Poll = z.object({ code: z.string().max(20), poll_token: z.string().max(100) });

/** Adds the routes. */
export function addPairingRoutes(app: Hono<TeamEnv>, deps: TeamDeps): void {
  const { db, limits } = deps;
  let waiting = 0;

  app.post("/v1/pairing/start", async (context) => {
    const sent = Start.safeParse(await readJson(context.req.raw, MAX_BYTES));
    if (!sent.success) throw badPairing();
    await countAttempt(db, startCounters(limits, context.env.address));
    const { machine_id, hostname, version } = sent.data;
    const started = await startPairing(db, { machineId: machine_id, hostname: hostname ?? null, version });
    return context.json({
      code: started.code,
      poll_token: started.pollToken,
      approve_url: `${deps.publicUrl()}/connect?code=${started.code}`,
      expires_at: started.expiresAt,
      interval_s: 1,
    }, 201);
  });

  app.post("/v1/pairing/poll", async (context) => {
    const sent = Poll.safeParse(await readJson(context.req.raw, MAX_BYTES));
    if (!sent.success) throw badPairing();
    const guesses = guessCounters(limits, context.env.address);
    await checkAttempts(db, guesses);
    waiting++;
    try {
      const patience = waiting > MAX_WAITING ? 0 : POLL_MS;
      const look = () => pollPairing(db, sent.data.code, sent.data.poll_token);
      const outcome = await lookUntil(look, patience, AbortSignal.any([deps.stopping, context.req.raw.signal]));
      if (outcome.status === "unknown") {
        await countAttempt(db, guesses);
        throw unknownCode();
      }
      return context.json(answerOf(outcome));
    } finally {
      waiting--;
    }
  });
}

async function lookUntil(
  look: () => Promise<PollOutcome>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<PollOutcome> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const outcome = await look();
    if (outcome.status !== "pending" || performance.now() + LOOK_MS > until) return outcome;
    await pause(LOOK_MS, signal);
    // Whoever has left must not collect the token, which is given out once.
    if (signal.aborted) return outcome;
  }
}

/** Waits, less long when `signal` is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

function answerOf(outcome: PollOutcome) {
  switch (outcome.status) {
    case "pending":
      return { status: "pending" };
    case "unknown":
      throw unknownCode();
    case "gone":
      throw codeGone();
    case "approved":
      return {
        status: "approved",
        token: outcome.token,
        workspace_id: outcome.workspaceId,
        workspace_name: outcome.workspaceName,
        member_name: outcome.memberName,
        machine_id: outcome.machineId,
        scopes: ["sync"],
      };
  }
}

function startCounters({ pairingStarts, pairingEverywhere }: Limits, address: string): Counter[] {
  return [
    { purpose: "pairing-start", who: address, limit: pairingStarts, windowS: TEN_MINUTES_S },
    { purpose: "pairing-start", who: "everywhere", limit: pairingEverywhere, windowS: 60 },
  ];
}

/** Wrong codes from one address, and from everywhere. The approval page counts against the same. */
export function guessCounters({ pairingGuesses, pairingEverywhere }: Limits, address: string): Counter[] {
  return [
    { purpose: "pairing-guess", who: address, limit: pairingGuesses, windowS: TEN_MINUTES_S },
    { purpose: "pairing-guess", who: "everywhere", limit: pairingEverywhere, windowS: 60 },
  ];
}

function badPairing(): Refusal {
  return new Refusal(400, "bad_input", "The body is not what it should be", "Update halton-meter and try again");
}
