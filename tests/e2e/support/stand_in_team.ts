/**
 * A small stand-in for a team server on loopback: what the agreement says of one workspace, kept in memory, so that a test of the
 * meter sees exactly what was sent. Not for tests of the server.
 *
 * @module
 */

import { gunzipSync } from "node:zlib";

/** A row as it arrived. */
export type SentRow = Readonly<Record<string, unknown>> & { readonly request_id: string; readonly revision: number };

/** The stand-in. */
export interface StandInTeam {
  readonly url: string;
  /** The newest revision of each row. */
  readonly rows: ReadonlyMap<string, SentRow>;
  /** Batches as they arrived, unpacked. */
  readonly batches: readonly string[];
  /** Envelopes as they arrived. */
  readonly bodies: readonly Readonly<Record<string, unknown>>[];
  /** Everything that arrived, unpacked, to be searched. */
  readonly everything: readonly string[];
  /** Tokens that hold. */
  readonly tokens: Set<string>;
  /** `store_prompt_content`. */
  keepsBodies: boolean;
  /** Answers 403 to every token. */
  removed: boolean;
  /** Approves every code at once. */
  approves: boolean;
  /** Refuses rows: an answer for the batch with such a row, or the code for the row. */
  refuses: (row: SentRow) => 400 | 413 | string | null;
  stop(): Promise<void>;
}

export const WORKSPACE = "0198a000-0000-7000-8000-000000000001";

/** Starts it, on a free port unless one is given. */
export function standInTeam(port = 0): StandInTeam {
  const rows = new Map<string, SentRow>();
  const state = { batches: [] as string[], bodies: [] as Record<string, unknown>[], everything: [] as string[] };
  const codes = new Map<string, { poll: string; machine: string; collected: boolean }>();
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, handle);
  const team: StandInTeam & Record<string, unknown> = {
    url: `http://127.0.0.1:${server.addr.port}`,
    rows,
    ...state,
    tokens: new Set<string>(),
    keepsBodies: false,
    removed: false,
    approves: true,
    refuses: () => null,
    stop: () => server.shutdown(),
  };

  async function handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const sent = new Uint8Array(await request.arrayBuffer());
    const text = new TextDecoder().decode(
      request.headers.get("content-encoding") === "gzip" ? gunzipSync(sent) : sent,
    );
    const fields = [...request.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    state.everything.push(`${request.method} ${request.url}\n${fields}\n\n${text}`);
    const body = text === "" ? {} : JSON.parse(text);
    if (pathname.startsWith("/v1/pairing/")) return pair(pathname, body);
    const token = request.headers.get("authorization")?.replace("Bearer ", "") ?? "";
    if (!team.tokens.has(token)) return problem(401, "unauthorised");
    if (team.removed) return problem(403, "machine_removed");
    if (pathname === "/v1/requests/batch") return batch(text, body);
    if (/^\/v1\/requests\/[0-9a-f-]{36}\/body$/.test(pathname)) return keepBody(body);
    if (pathname === "/v1/daemon/whoami") {
      return Response.json({
        workspace_id: WORKSPACE,
        workspace_name: "Example team",
        machine_id: "m",
        hostname: null,
        scopes: ["sync"],
        store_prompt_content: team.keepsBodies,
      });
    }
    if (pathname === "/v1/daemon/disconnect") {
      team.tokens.delete(token);
      return new Response(null, { status: 204 });
    }
    if (pathname === "/v1/reconciliation/daemon-totals") return totals(body);
    return problem(404, "not_found");
  }

  function pair(path: string, body: Record<string, unknown>): Response {
    if (path.endsWith("/start")) {
      const code = `ABCD-${String(1_000 + codes.size)}`;
      codes.set(code, { poll: crypto.randomUUID(), machine: String(body["machine_id"]), collected: false });
      return Response.json({
        code,
        poll_token: codes.get(code)?.poll,
        approve_url: `${team.url}/connect?code=${code}`,
        expires_at: "2026-01-01T00:10:00Z",
        interval_s: 0.05,
      }, { status: 201 });
    }
    const found = codes.get(String(body["code"]));
    if (found === undefined || found.poll !== body["poll_token"]) return problem(404, "unknown_code");
    if (found.collected) return problem(410, "code_expired");
    if (!team.approves) return Response.json({ status: "pending" });
    found.collected = true;
    const token = `hm_sync_${crypto.randomUUID().replaceAll("-", "")}`;
    team.tokens.add(token);
    return Response.json({
      status: "approved",
      token,
      workspace_id: WORKSPACE,
      workspace_name: "Example team",
      machine_id: found.machine,
      scopes: ["sync"],
    });
  }

  function batch(text: string, body: { readonly rows: SentRow[] }): Response {
    const verdicts = body.rows.map((row) => [row, team.refuses(row)] as const);
    const whole = verdicts.map(([, verdict]) => verdict).find((verdict) => typeof verdict === "number");
    if (typeof whole === "number") return problem(whole, "refused");
    state.batches.push(text);
    const counts = { accepted: 0, duplicates: 0 };
    const rejected: Record<string, unknown>[] = [];
    for (const [row, verdict] of verdicts) {
      const before = rows.get(row.request_id);
      if (verdict !== null) rejected.push({ request_id: row.request_id, code: verdict, message: "no" });
      else if (before === undefined) counts.accepted++;
      else counts.duplicates++;
      if (verdict === null && (before === undefined || before.revision < row.revision)) rows.set(row.request_id, row);
    }
    return Response.json({ ...counts, rejected });
  }

  function keepBody(body: Record<string, unknown>): Response {
    if (!rows.has(String(body["request_id"]))) return problem(404, "unknown_request");
    state.bodies.push(body);
    return team.keepsBodies
      ? new Response(null, { status: 204 })
      : Response.json({ stored: false, reason: "store_prompt_content_disabled" });
  }

  function totals(body: { readonly days: Record<string, unknown>[] }): Response {
    const days = body.days.map((day) => {
      const own = [...rows.values()].filter((row) =>
        String(row["timestamp"]).startsWith(String(day["date"])) && row["duplicate_of"] === null
      );
      const cost = own.reduce((sum, row) => sum + BigInt(String(row["cost_usd_pico"] ?? 0)), 0n);
      const matches = own.length === day["requests"] && String(cost) === day["cost_usd_pico"];
      return { date: day["date"], matches, server: { requests: own.length, reported_cost_usd_pico: String(cost) } };
    });
    return Response.json({ days });
  }

  return team;
}

function problem(status: number, code: string): Response {
  return Response.json({ status, code, title: "No", next: "Nothing" }, { status });
}
