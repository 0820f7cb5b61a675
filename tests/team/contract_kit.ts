/**
 * The contract test kit: HTTP cases for C1 to C11 that run against any team server, given its address and a token.
 *
 * As a script: `deno run --allow-net tests/team/contract_kit.ts URL TOKEN [ADMIN_TOKEN]` prints a line per case and exits with 1
 * when one fails. It sends a handful of rows of its own. Cases that need the workspace to store content, or not to, run when
 * it does; cases that look at what was stored need a token of scope `admin`.
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
import { envelope, row, ROW_COST_PICO, send } from "./support/server.ts";

/** What the cases run against. */
export interface Target {
  readonly base: string;
  /** Of scope `sync`, bound to a machine. */
  readonly token: string;
  /** Of scope `admin`; null = stored content is not looked at. */
  readonly adminToken: string | null;
}

/** When a case can run. */
export type Needs = "nothing" | "storing off" | "storing on" | "storing on, admin token" | "admin token";

/** One case. */
export interface ContractCase {
  readonly id: string;
  readonly name: string;
  readonly needs: Needs;
  run(target: Target, machineId: string): Promise<void>;
}

const NOT_STORED = { stored: false, reason: "store_prompt_content_disabled" };

async function batch({ base, token }: Target, machineId: string, rows: readonly unknown[]) {
  return await send(base, "/v1/requests/batch", { schema: 1, machine_id: machineId, rows }, token);
}

/** Sends one row and gives its id. */
async function sentRow(target: Target, machineId: string, changes: Readonly<Record<string, unknown>> = {}) {
  const one = row(changes);
  const { status, json } = await batch(target, machineId, [one]);
  equal(status, 200);
  deepEqual(json, { accepted: 1, duplicates: 0, rejected: [] });
  return String(one["request_id"]);
}

async function body({ base, token }: Target, id: string, sent: unknown) {
  return await send(base, `/v1/requests/${id}/body`, sent, token);
}

async function stored({ base, adminToken }: Target, id: string) {
  return await send(base, `/v1/requests/${id}/body`, null, adminToken, "GET");
}

/** Every case. Names begin with the id of the requirement. */
export const CONTRACT_CASES: readonly ContractCase[] = [
  {
    id: "C1",
    name: "a batch takes the documented fields, and a row with any other is refused",
    needs: "nothing",
    async run(target, machineId) {
      await sentRow(target, machineId);
      for (const field of ["prompt", "completion", "messages", "body", "request_body", "raw_usage"]) {
        const { status, json } = await batch(target, machineId, [row({ [field]: "What is the capital of France?" })]);
        equal(status, 200, field);
        equal(json["accepted"], 0, field);
        match(JSON.stringify(json), /"code":"unknown_field"/);
        equal(JSON.stringify(json).includes("capital"), false, "an answer repeats nothing of what was sent");
      }
      for (const field of ["model", "error_class", "provider_error_code", "path", "rates_source", "project"]) {
        const { json } = await batch(target, machineId, [row({ [field]: "What is the capital of France?" })]);
        equal(json["accepted"], 0, `${field} holds no sentence`);
      }
    },
  },
  {
    id: "C1",
    name: "a batch is idempotent: a row that comes again is a duplicate, a bad one holds up no other",
    needs: "nothing",
    async run(target, machineId) {
      const [good, bad] = [row(), row({ prompt_tokens: -1 })];
      const first = await batch(target, machineId, [good, bad, "no row"]);
      equal(first.json["accepted"], 1);
      deepEqual(
        (first.json["rejected"] as { request_id: unknown; code: unknown }[]).map((
          { request_id, code },
        ) => [request_id, code]),
        [[bad["request_id"], "bad_row"], [null, "bad_row"]],
      );
      deepEqual((await batch(target, machineId, [good])).json, { accepted: 0, duplicates: 1, rejected: [] });
      deepEqual((await batch(target, machineId, [good, good])).json, { accepted: 0, duplicates: 2, rejected: [] });
    },
  },
  {
    id: "C2",
    name: "cost is recomputed from the server's rates, whatever the machine says",
    needs: "admin token",
    async run(target, machineId) {
      const project = `kit-${crypto.randomUUID()}`;
      for (const claim of ["1", "999999999999", null]) {
        await sentRow(target, machineId, { project, cost_usd_pico: claim });
      }
      const path = "/v1/workspace/totals?by=project";
      const { json } = await send(target.base, path, null, target.adminToken, "GET");
      const lines = json["lines"] as { key: string; cost_usd_pico: string }[];
      equal(lines.find(({ key }) => key === project)?.cost_usd_pico, String(3n * ROW_COST_PICO));
    },
  },
  {
    id: "C3",
    name: "bodies and batches need a valid bearer token",
    needs: "nothing",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      const sent = envelope(id, "request", "hello");
      for (const token of [null, "hm_sync_wrong", `${target.token}x`, target.token.slice(0, -1)]) {
        equal((await send(target.base, `/v1/requests/${id}/body`, sent, token)).status, 401);
        equal(
          (await send(target.base, "/v1/requests/batch", { schema: 1, machine_id: machineId, rows: [row()] }, token))
            .status,
          401,
        );
        equal((await send(target.base, "/v1/daemon/whoami", null, token, "GET")).status, 401);
      }
      const basic = await fetch(`${target.base}/v1/requests/${id}/body`, {
        method: "POST",
        headers: { authorization: `Basic ${target.token}`, "content-type": "application/json" },
        body: JSON.stringify(sent),
      });
      await basic.body?.cancel();
      equal(basic.status, 401);
      ok([200, 204].includes((await body(target, id, sent)).status));
    },
  },
  {
    id: "C3",
    name: "a token of scope sync may not read the workspace",
    needs: "nothing",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      equal((await send(target.base, "/v1/workspace/totals", null, target.token, "GET")).status, 403);
      equal((await send(target.base, `/v1/requests/${id}/body`, null, target.token, "GET")).status, 403);
    },
  },
  {
    id: "C3",
    name: "a token of scope admin may send bodies too",
    needs: "admin token",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      const { status } = await send(
        target.base,
        `/v1/requests/${id}/body`,
        envelope(id, "request", "hi"),
        target.adminToken,
      );
      ok([200, 204].includes(status));
    },
  },
  {
    id: "C4",
    name: "an envelope has the documented fields, each of its type",
    needs: "nothing",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      const good = envelope(id, "request", "hello");
      ok([200, 204].includes((await body(target, id, good)).status));
      const wrong: Readonly<Record<string, unknown>> = {
        request_id: "not-a-uuid",
        direction: "sideways",
        content_type: 7,
        body_b64: null,
        redaction_applied: "yes",
        redaction_summary: "email",
        original_size_bytes: -1,
      };
      for (const [field, value] of Object.entries(wrong)) {
        equal((await body(target, id, { ...good, [field]: value })).status, 400, field);
        const without = Object.fromEntries(Object.entries(good).filter(([name]) => name !== field));
        equal((await body(target, id, without)).status, 400, `without ${field}`);
      }
      equal((await body(target, id, { ...good, request_id: crypto.randomUUID() })).status, 400, "another request's");
      equal((await body(target, id, "[")).status, 400);
      equal((await body(target, "not-a-uuid", good)).status, 400);
    },
  },
  {
    id: "C4",
    name: "a body of a request that was never sent is refused with 404",
    needs: "nothing",
    async run(target) {
      const id = crypto.randomUUID();
      equal((await body(target, id, envelope(id, "request", "hello"))).status, 404);
    },
  },
  {
    id: "C4",
    name: "what is too large is refused with 413",
    needs: "nothing",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      equal((await body(target, id, envelope(id, "request", "x".repeat(5 * 1_048_576)))).status, 413);
      const rows = Array.from({ length: 500 }, () => row({ source_workdir: "w".repeat(5_000) }));
      equal((await batch(target, machineId, rows)).status, 413);
    },
  },
  {
    id: "C5",
    name: "two directions make one record; the last write of a direction wins",
    needs: "storing on, admin token",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      for (const [direction, text] of [["request", "first"], ["response", "answer"], ["request", "second"]] as const) {
        equal((await body(target, id, envelope(id, direction, text))).status, 204);
      }
      const { json } = await stored(target, id);
      equal((json["request"] as { text: string }).text, "second");
      equal((json["response"] as { text: string }).text, "answer");
    },
  },
  {
    id: "C5",
    name: "the same content under two requests is stored twice",
    needs: "storing on, admin token",
    async run(target, machineId) {
      for (let i = 0; i < 2; i++) {
        const id = await sentRow(target, machineId);
        equal((await body(target, id, envelope(id, "request", "the same"))).status, 204);
        equal(((await stored(target, id)).json["request"] as { text: string }).text, "the same");
      }
    },
  },
  {
    id: "C6",
    name: "the server stores what it was sent, byte for byte, and redacts nothing itself",
    needs: "storing on, admin token",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      const text = '{"key":"[REDACTED:aws-access-key]","odd":"\u0000 ü 😀 \\"","mail":"ada@example.com"}';
      equal((await body(target, id, envelope(id, "request", text))).status, 204);
      equal(((await stored(target, id)).json["request"] as { text: string }).text, text);
    },
  },
  {
    id: "C7",
    name: "invalid Base64 and invalid UTF-8 are refused with 400",
    needs: "nothing",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      // Alphabet, padding, length, left-over bits; then: stray continuation, cut sequence, overlong, surrogate, beyond U+10FFFF.
      const bad = ["a*==", "YQ", "YQ=", "YR==", "Y Q==", "-_8=", "gA==", "4oI=", "wK8=", "7aCA", "9JCAgA=="];
      for (const body_b64 of bad) {
        equal((await body(target, id, envelope(id, "request", "", { body_b64 }))).status, 400, body_b64);
      }
      for (const text of ["", "plain", "ü€😀"]) {
        ok([200, 204].includes((await body(target, id, envelope(id, "request", text))).status), text);
      }
    },
  },
  {
    id: "C8",
    name: "with storing off the answer is the documented one",
    needs: "storing off",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      for (const direction of ["request", "response"]) {
        const { status, json } = await body(target, id, envelope(id, direction, "a canary sentence"));
        equal(status, 200);
        deepEqual(json, NOT_STORED);
      }
      if (target.adminToken !== null) equal((await stored(target, id)).status, 404);
    },
  },
  {
    id: "C8",
    name: "with storing on the answer is 204 without a body",
    needs: "storing on",
    async run(target, machineId) {
      const id = await sentRow(target, machineId);
      const { status, json } = await body(target, id, envelope(id, "request", "kept"));
      equal(status, 204);
      deepEqual(json, {});
    },
  },
  {
    id: "C9",
    name: "redaction_applied is OR-merged over the directions, in either order",
    needs: "storing on, admin token",
    async run(target, machineId) {
      const hit = { redaction_applied: true, redaction_summary: ["email", "aws-access-key"] };
      const cases: [Record<string, unknown>, Record<string, unknown>, boolean][] = [
        [hit, {}, true],
        [{}, hit, true],
        [hit, { redaction_applied: false, redaction_summary: ["email"] }, true],
        [{}, {}, false],
      ];
      for (const [request, response, expected] of cases) {
        const id = await sentRow(target, machineId);
        await body(target, id, envelope(id, "request", "a", request));
        await body(target, id, envelope(id, "response", "b", response));
        equal((await stored(target, id)).json["redaction_applied"], expected);
      }
    },
  },
  {
    id: "C10",
    name: "a machine that sends no bodies has none stored, whatever the workspace's switch",
    needs: "admin token",
    async run(target, machineId) {
      equal((await stored(target, await sentRow(target, machineId))).status, 404);
    },
  },
  {
    id: "C11",
    name: "whoami tells the workspace, the machine and the switch, for the machine to show",
    needs: "nothing",
    async run(target, machineId) {
      const { status, json } = await send(target.base, "/v1/daemon/whoami", null, target.token, "GET");
      equal(status, 200);
      equal(json["machine_id"], machineId);
      deepEqual(json["scopes"], ["sync"]);
      equal(typeof json["store_prompt_content"], "boolean");
      notEqual(json["workspace_id"], "");
    },
  },
];

/** Whether a case can run, given what the workspace does and which tokens there are. */
export function canRun({ needs }: ContractCase, storing: boolean, { adminToken }: Target): boolean {
  if (needs.includes("admin token") && adminToken === null) return false;
  if (needs.startsWith("storing on")) return storing;
  return needs !== "storing off" || !storing;
}

/** What the server says of the token. */
export async function whoAmI(
  { base, token }: Target,
): Promise<{ readonly machineId: string; readonly storing: boolean }> {
  const { status, json } = await send(base, "/v1/daemon/whoami", null, token, "GET");
  equal(status, 200, "the token is valid");
  return { machineId: String(json["machine_id"]), storing: json["store_prompt_content"] === true };
}

async function runAsScript([base, token, adminToken]: readonly string[]): Promise<number> {
  if (base === undefined || token === undefined) {
    console.error("Usage: contract_kit.ts URL TOKEN [ADMIN_TOKEN]");
    return 2;
  }
  const target = { base: base.replace(/\/$/, ""), token, adminToken: adminToken ?? null };
  const { machineId, storing } = await whoAmI(target);
  let failed = 0;
  for (const one of CONTRACT_CASES) {
    if (!canRun(one, storing, target)) {
      console.log(`skip ${one.id} ${one.name} (needs ${one.needs})`);
      continue;
    }
    try {
      await one.run(target, machineId);
      console.log(`ok   ${one.id} ${one.name}`);
    } catch (error) {
      failed++;
      console.log(`FAIL ${one.id} ${one.name}: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
    }
  }
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await runAsScript(Deno.args));
