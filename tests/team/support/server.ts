/**
 * A real server process on a database of its own, and what a person and a machine do with it.
 *
 * @module
 */

import { type Cluster, type DatabaseUrls, startCluster } from "./postgres.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** A server process. */
export interface TeamProcess {
  readonly base: string;
  readonly pid: number;
  /** Lines that it logged so far. */
  readonly log: string[];
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Where the database is, as environment or as arguments. */
export interface Place {
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

/** On PostgreSQL. */
export function onPostgres({ owner, server }: DatabaseUrls): Place {
  return { env: { DATABASE_OWNER_URL: owner, DATABASE_URL: server }, args: [] };
}

/** The program's command line: the compiled binary where HALTON_METER_TEAM_BINARY names one. */
export function teamCommand(args: readonly string[], env: Readonly<Record<string, string>>): Deno.Command {
  const binary = Deno.env.get("HALTON_METER_TEAM_BINARY");
  const permissions = ["net", "read", "write", "env", "sys"].map((name) => `--allow-${name}`);
  const source = ["run", "--no-prompt", "--no-check", "--quiet", ...permissions, `${ROOT}src/team/main.ts`];
  return new Deno.Command(binary ?? Deno.execPath(), {
    args: binary === undefined ? [...source, ...args] : [...args],
    env: { PATH: "/usr/bin:/bin", NO_COLOR: "1", DENO_DIR: denoFolder(), HOME: "/nonexistent", ...env },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

function denoFolder(): string {
  return Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME") ?? ""}/.cache/deno`;
}

/** Runs one command to its end. */
export async function runTeam(
  args: readonly string[],
  place: Place,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const { code, stdout, stderr } = await teamCommand([...args, ...place.args], place.env).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** Starts a server and waits until it says that it is ready. */
export async function startTeam(place: Place, env: Readonly<Record<string, string>> = {}): Promise<TeamProcess> {
  const child = teamCommand(["serve", "--port", "0", ...place.args], { ...place.env, ...env }).spawn();
  const log: string[] = [];
  const ready = Promise.withResolvers<number>();
  const reading = (async () => {
    let rest = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        log.push(line);
        const port = /"event":"server.ready","port":(\d+)/.exec(line)?.[1];
        if (port !== undefined) ready.resolve(Number(port));
      }
    }
    ready.reject(new Error(`The server ended: ${log.join("\n")}${rest}`));
  })();
  const draining = child.stdout.cancel();
  const port = await ready.promise;
  ready.promise.catch(() => {});
  const ended = async () => {
    const { code } = await child.status;
    await Promise.all([reading, draining]);
    return code;
  };
  return {
    base: `http://127.0.0.1:${port}`,
    pid: child.pid,
    log,
    async stop() {
      child.kill("SIGTERM");
      return await ended();
    },
    async kill() {
      child.kill("SIGKILL");
      await ended();
    },
  };
}

/** A server on a cluster of its own, made ready as an operator does. */
export interface Served {
  readonly cluster: Cluster;
  readonly urls: DatabaseUrls;
  readonly place: Place;
  readonly server: TeamProcess;
}

/** Starts a cluster and a server on it. @param env More variables for the server. */
export async function serveTeam(env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const cluster = await startCluster();
  const urls = await cluster.database();
  const place = onPostgres(urls);
  const { code, err } = await runTeam(["migrate"], place);
  if (code !== 0) throw new Error(err);
  return { cluster, urls, place, server: await startTeam(place, env) };
}

/** Ends both. */
export async function endServed(served: Pick<Served, "cluster" | "server"> | null): Promise<void> {
  await served?.server.stop();
  await served?.cluster.stop();
}

/** Somebody at a browser without scripts: a cookie, pages, and forms with their hidden fields. */
export class Person {
  readonly #base: string;
  #cookie = "";

  constructor(base: string) {
    this.#base = base;
  }

  get cookie(): string {
    return this.#cookie;
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> {
    return await this.#send(path, { method: "GET" });
  }

  /** Opens `page`, takes its form token along and sends the fields to `action`. */
  async submit(page: string, action: string, fields: Readonly<Record<string, string>>) {
    const { text } = await this.get(page);
    const token = /name="form_token" value="([^"]+)"/.exec(text)?.[1];
    return await this.post(action, { ...fields, ...(token === undefined ? {} : { form_token: token }) });
  }

  async post(
    action: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = { origin: this.#base },
  ) {
    return await this.#send(action, { method: "POST", body: new URLSearchParams(fields), headers });
  }

  async #send(path: string, init: RequestInit) {
    const headers = new Headers(init.headers);
    if (this.#cookie !== "") headers.set("cookie", this.#cookie);
    const response = await fetch(`${this.#base}${path}`, { ...init, headers, redirect: "manual" });
    const set = response.headers.get("set-cookie");
    if (set !== null) this.#cookie = set.split(";")[0] ?? "";
    return { status: response.status, text: await response.text(), headers: response.headers };
  }
}

/** JSON to a machine's route. */
export async function send(
  base: string,
  path: string,
  body: unknown,
  token: string | null = null,
  method = "POST",
): Promise<{ readonly status: number; readonly json: Record<string, unknown>; readonly headers: Headers }> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(method === "GET" ? {} : { "content-type": "application/json" }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(method === "GET" ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === "" ? {} : JSON.parse(text), headers: response.headers };
}

/** A workspace, its owner at a browser, and a paired machine. */
export interface Paired {
  readonly owner: Person;
  readonly token: string;
  readonly machineId: string;
  readonly workspaceId: string;
}

/** Passphrase of everybody in the tests. */
export const PASSPHRASE = "correct horse battery";

/** Makes a workspace on the command line, joins as its owner, and pairs a machine. */
export async function createPaired(server: TeamProcess, place: Place, slug: string, name = slug): Promise<Paired> {
  const { out, err, code } = await runTeam(["workspace", "create", slug, "--name", name], place);
  if (code !== 0) throw new Error(err);
  const owner = await join(server.base, linkIn(out), "Olga Owner");
  return { owner, ...await pairMachine(server.base, owner) };
}

/** The path of a one-time link in a text. */
export function linkIn(text: string): string {
  const path = /\/invite\/[\w-]+/.exec(text)?.[0];
  if (path === undefined) throw new Error(`There is no link in: ${text}`);
  return path;
}

/** Uses an invite up. */
export async function join(base: string, link: string, name: string): Promise<Person> {
  const person = new Person(base);
  const { status, text } = await person.post(link, { name, passphrase: PASSPHRASE, again: PASSPHRASE });
  if (status !== 303) throw new Error(`The invite was not taken: ${status} ${text}`);
  return person;
}

/** Pairs a machine, approved by `person`. */
export async function pairMachine(
  base: string,
  person: Person,
  machineId: string = crypto.randomUUID(),
): Promise<{ readonly token: string; readonly machineId: string; readonly workspaceId: string }> {
  const started = await send(base, "/v1/pairing/start", {
    machine_id: machineId,
    hostname: "ada-laptop",
    version: "0.1.0",
  });
  const { code, poll_token } = started.json;
  const approved = await person.submit(`/connect?code=${code}`, "/connect", {
    code: String(code),
    decision: "approve",
  });
  if (approved.status !== 200) throw new Error(`The machine was not approved: ${approved.status}`);
  const polled = await send(base, "/v1/pairing/poll", { code, poll_token });
  if (polled.json["status"] !== "approved") throw new Error(`No token: ${JSON.stringify(polled.json)}`);
  return { token: String(polled.json["token"]), machineId, workspaceId: String(polled.json["workspace_id"]) };
}

/** A row as a meter sends it; the cost that it names is wrong on purpose. */
export function row(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    request_id: crypto.randomUUID(),
    revision: 1,
    timestamp: new Date(Date.now() - 60_000).toISOString(),
    provider: "anthropic",
    host: "api.anthropic.com",
    method: "POST",
    path: "/v1/messages",
    requested_model: "claude-opus-5",
    model: "claude-opus-5",
    mode: "streaming",
    request_kind: "chat",
    status: "success",
    status_code: 200,
    error_class: null,
    provider_error_code: null,
    prompt_tokens: 1_200,
    completion_tokens: 850,
    thinking_tokens: null,
    cache_read_tokens: 20_000,
    cache_write_tokens: 3_000,
    cache_write_5m_tokens: 3_000,
    cache_write_1h_tokens: 0,
    tokens_complete: true,
    usage_unknown: null,
    cost_inputs: { served_tier: "standard" },
    cost_usd_pico: "1",
    cost_missing: null,
    rates_source: "override",
    billing_basis: "metered",
    latency_ms: 1234.5,
    ttft_ms: 210.25,
    project: "acme/site",
    client_name: "claude-cli",
    duplicate_of: null,
    hostname: "ada-laptop",
    prompt_hash: "ab".repeat(32),
    source_workdir: null,
    ...changes,
  };
}

/** What {@link row} costs by the bundled list: 1,200 × 5 + 3,000 × 6.25 + 20,000 × 0.5 + 850 × 25 millionths of a dollar. */
export const ROW_COST_PICO = 56_000_000_000n;

/** A body envelope around `text`. */
export function envelope(
  requestId: string,
  direction: string,
  text: string,
  changes: Readonly<Record<string, unknown>> = {},
) {
  const bytes = new TextEncoder().encode(text);
  return {
    request_id: requestId,
    direction,
    content_type: "application/json",
    body_b64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")),
    redaction_applied: false,
    redaction_summary: [],
    original_size_bytes: bytes.length,
    ...changes,
  };
}
