/**
 * A dashboard for tests: the API with its pages over a real database, on a real port, with a daemon that says how it fares.
 *
 * @module
 */

import { createApi } from "../../../src/api/app.ts";
import type { ApiDeps, LiveRole, LiveStatus } from "../../../src/api/deps.ts";
import { type Config, defaultConfig } from "../../../src/domain/config.ts";
import { machineTimeZone } from "../../../src/domain/days.ts";
import type { PrivacyFacts, SeenCount } from "../../../src/domain/privacy.ts";
import { RowHub } from "../../../src/roles/event_hub.ts";
import type { Database } from "../../../src/store/database.ts";
import { setBodyCapture } from "../../../src/store/settings.ts";

/** The configuration of an empty file. */
export const CONFIG: Config = defaultConfig();

/** Deps over a database; the only change that can be asked for is that of body capture. */
export function depsOf(db: () => Database, changes: Partial<ApiDeps> = {}): ApiDeps {
  return {
    version: "0.1.0",
    now: Date.now,
    timeZone: machineTimeZone(),
    port: () => 8765,
    config: () => CONFIG,
    database: db,
    commands: {
      updateProject({ slug, bodyCapture }) {
        if (bodyCapture !== undefined) {
          setBodyCapture(db(), slug, bodyCapture, { now: Date.now(), newId: () => crypto.randomUUID() });
        }
        return Promise.resolve();
      },
      setPrice: () => Promise.reject(new Error("Prices cannot be changed here")),
    },
    events: new RowHub(),
    status: () => Promise.resolve(STATUS),
    privacy: () => Promise.resolve(PRIVACY),
    ...changes,
  };
}

/** A served dashboard. */
export interface Dashboard {
  readonly origin: string;
  readonly port: number;
  /** Tells open pages that calls were recorded. */
  recorded(): void;
  stop(): Promise<void>;
}

/** Serves one. `port` 0 = any free one. */
export function serveDashboard(db: () => Database, port = 0): Dashboard {
  const hub = new RowHub();
  const listening: { port: number } = { port };
  const api = createApi(depsOf(db, { events: hub, port: () => listening.port }));
  const ending = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, onListen: () => {}, signal: ending.signal },
    (request) => api.fetch(request),
  );
  listening.port = server.addr.port;
  return {
    origin: `http://127.0.0.1:${listening.port}`,
    port: listening.port,
    recorded: () => hub.notify(),
    async stop() {
      ending.abort(); // Streams of events would keep a gentle end waiting.
      await server.finished;
    },
  };
}

function role(counters: Readonly<Record<string, number>>, restarts = 0): LiveRole {
  return { running: true, counters, notes: [], restarts };
}

/** A daemon in good health, with a few errors that it swallowed. */
export const STATUS: LiveStatus = {
  version: "0.1.0",
  pid: 4217,
  startedAt: Date.now() - 93_600_000,
  edge: { kind: "listening", port: 8081 },
  apiPort: 8765,
  apiProblem: null,
  leavesNotAfter: Date.now() + 5 * 86_400_000,
  caConstrained: true,
  roles: {
    edge: role({
      connections: 5_210,
      open: 4,
      intercepted: 2_380,
      tunnel_not_intercepted: 2_819,
      tunnel_daemon_down: 7,
      tunnel_no_http1: 0,
      unreachable: 3,
      broken: 1,
      accept_failed: 0,
    }),
    interceptor: role({ exchanges: 2_391, connections: 1_044, opaqueConnections: 0, exchangesGivenUp: 0, broken: 2 }),
    recorder: role({ rows_written: 2_391, rows_dropped: 0, bodies_dropped: 0, failed: 0, sweeps: 2 }, 1),
    api: role({ requests: 812 }),
  },
  owners: { owners_resolved: 2_377, owners_unresolved: 14, malformed_slugs: 0, rc_problems: 0 },
  configProblems: [],
  refusedControlMessages: 0,
};

function seen(allowed: string, connections: number, failed = 0, open = 0): SeenCount {
  return { allowed, connections, failed, open, lastAt: Date.now() - 40_000 };
}

const SINCE = Date.now() - 93_600_000;
const COUNTED = { running: true, restarts: 0, since: SINCE, places: [], asked: [] } as const;

/** What the supervisor of a meter in good health finds. */
export const PRIVACY: PrivacyFacts = {
  listening: ["127.0.0.1"],
  keyModes: {
    folder: "/home/ada/.mitmproxy",
    folderMode: 0o700,
    key: "/home/ada/.mitmproxy/mitmproxy-ca.pem",
    keyMode: 0o600,
  },
  outbound: [
    { ...COUNTED, role: "edge", mayConnect: true, asked: [{ ...seen("client", 2_819, 3, 4), places: 37 }] },
    {
      ...COUNTED,
      role: "interceptor",
      mayConnect: ["api.anthropic.com:443"],
      places: [
        { place: "api.openai.com:443", ...seen("provider", 214) },
        { place: "api.anthropic.com:443", ...seen("provider", 830, 2, 3) },
      ],
    },
    { ...COUNTED, role: "recorder", mayConnect: false, since: null },
    { ...COUNTED, role: "api", mayConnect: ["127.0.0.1:8765"], since: null },
  ],
};
