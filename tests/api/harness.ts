/**
 * The API over a real database in a temporary folder, asked without a socket; and calls of every odd kind to fill it with.
 *
 * @module
 */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createApi } from "../../src/api/app.ts";
import type { ApiDeps, PriceChange, ProjectChange } from "../../src/api/deps.ts";
import { type Config, defaultConfig } from "../../src/domain/config.ts";
import { MeterError } from "../../src/domain/errors.ts";
import type { ExchangeRow } from "../../src/domain/exchange.ts";
import { RowHub } from "../../src/roles/event_hub.ts";
import type { Database } from "../../src/store/database.ts";
import { changeProject } from "../../src/store/project_changes.ts";
import { cutRow, NOON, row, unpricedRow, withDatabase, write } from "../store/sample.ts";

export const PORT = 8765;
export const ORIGIN = "http://localhost:3000";

/** An API and what it was asked to change. */
export interface World {
  readonly db: Database;
  readonly api: OpenAPIHono;
  readonly hub: RowHub;
  readonly prices: PriceChange[];
  config: Config;
  /** What handlers get for a database; throws what is put here. */
  failure: Error | null;
  ask(path: string, init?: RequestInit): Promise<Response>;
  json(path: string): Promise<unknown>;
}

/** Runs a test with an API over an empty database, at {@link NOON}, UTC. */
export function withApi(test: (world: World) => void | Promise<void>, changes: Partial<ApiDeps> = {}): Promise<void> {
  return withDatabase((db) => test(worldOf(db, changes)));
}

export function worldOf(db: Database, changes: Partial<ApiDeps> = {}): World {
  const hub = new RowHub();
  const prices: PriceChange[] = [];
  const deps: ApiDeps = {
    version: "9.9.9",
    now: () => NOON,
    timeZone: "UTC",
    port: () => PORT,
    config: () => world.config,
    database() {
      if (world.failure !== null) throw world.failure;
      return db;
    },
    commands: {
      updateProject: (change: ProjectChange) => Promise.resolve(changeProject(db, change, NOON)),
      setPrice(change) {
        prices.push(change);
        return Promise.resolve({ changed: 1 });
      },
    },
    events: hub,
    status: () => Promise.reject(new MeterError("daemon_not_running", "Cannot do this: nobody answers")),
    privacy: () => Promise.reject(new MeterError("daemon_not_running", "Cannot do this: nobody answers")),
    ...changes,
  };
  const api = createApi(deps);
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("host")) headers.set("host", `127.0.0.1:${PORT}`);
    return await api.request(`http://127.0.0.1:${PORT}${path}`, { ...init, headers });
  };
  const world: World = {
    db,
    api,
    hub,
    prices,
    config: defaultConfig(),
    failure: null,
    ask,
    json: async (path) => await (await ask(path)).json(),
  };
  return world;
}

const DAY = 86_400_000;

/** Calls of every odd kind, in three projects, over three months. */
export function oddRows(): ExchangeRow[] {
  const unknown = {
    input: null,
    cacheRead: null,
    cacheWrite5m: null,
    cacheWrite1h: null,
    output: null,
    thinking: null,
  };
  const huge = {
    ...unknown,
    input: 9e15,
    cacheRead: 8e15,
    output: 7e15,
    thinking: 6e15,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
  };
  const list = { kind: "priced", pico: 123_456_789_012n, ratesSource: "override", match: "alias" } as const;
  return [
    row(),
    unpricedRow({ model: null, requestedModel: null, usage: unknown, usageUnknown: "not_reported" }),
    cutRow(),
    row({ billingBasis: "subscription", cost: list }),
    unpricedRow({ billingBasis: "subscription" }),
    row({ billingBasis: "credits", cost: list, requestedAt: NOON - 40 * DAY }),
    row({ billingBasis: "unknown", cost: { kind: "free" }, requestKind: "count_tokens" }),
    row({ provider: "xai", model: "grok-9", usage: huge, cost: { ...list, pico: 9_000_000_000_000_000_000n } }),
    row({
      status: "error",
      httpStatus: 529,
      errorClass: "server_error",
      usage: unknown,
      latencyMs: null,
      ttftMs: null,
      cost: { kind: "free" },
      requestedAt: NOON - 31 * DAY,
    }),
    row({ responseId: "msg_1", method: "GET", requestedAt: NOON - 2 }),
    row({
      responseId: "msg_1",
      method: "GET",
      requestedAt: NOON - 1,
      cost: { kind: "unpriced", reason: "unknown_model" },
    }),
    row({ attribution: { slug: "team/odd:one", layer: "env" }, provider: "openai", model: 'gpt-5,=x"\n' }),
    row({ attribution: { slug: "old", layer: "env" }, requestedAt: NOON - 80 * DAY }),
  ];
}

/** Fills a database with {@link oddRows}, a provider that this program does not know, and an archived project. */
export function fillOdd(db: Database): void {
  write(db, oddRows());
  db.exec("UPDATE projects SET archived_at = 1700000000000 WHERE slug = 'old'");
  write(db, [row({ id: crypto.randomUUID(), provider: "mystery" as ExchangeRow["provider"], model: "m" })]);
}
