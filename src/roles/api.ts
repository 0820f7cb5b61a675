/**
 * The api role: serves the local API on 127.0.0.1 from a read-only database, asks the recorder for changes and the supervisor for
 * the daemon's state.
 *
 * Imports: api, domain, store, roles.
 *
 * @module
 */

import { createApi } from "../api/app.ts";
import type { ApiDeps, Commands } from "../api/deps.ts";
import type { Config } from "../domain/config.ts";
import { machineTimeZone } from "../domain/days.ts";
import type { ApiAnswer, ApiAsk, ApiToRecorder, RecorderToApi } from "./api_messages.ts";
import { apiService } from "./api_service.ts";
import { RowHub } from "./event_hub.ts";
import { type LocalServer, type LocalServerLimits, serveLocal } from "./local_server.ts";
import { PendingAsks } from "./pending_asks.ts";
import { ReadDatabase } from "./read_database.ts";

/** How long another role may take to answer, ms. The supervisor asks all roles for their state, with its own bound. */
const ANSWER_MS = 3_000;

/** What the role is started with. */
export interface ApiRoleOptions {
  readonly database: string;
  /** Tried in order; 0 = any free port. */
  readonly ports: readonly number[];
  readonly config: Config;
  readonly version: string;
  /** Sends a question to the supervisor, which answers by {@link ApiServer.answer}. */
  readonly ask: (id: number, ask: ApiAsk) => void;
  readonly limits?: LocalServerLimits;
}

/** A running API. */
export interface ApiServer {
  readonly port: number;
  counters(): Readonly<Record<string, number>>;
  /** Settings that hold from now on. */
  configure(config: Config): void;
  /** The recorder has this port from now on; what the one before owed is given up. */
  connectRecorder(recorder: MessagePort): void;
  answer(answer: ApiAnswer): void;
  stop(): void;
}

/** Listens on the first port that is free. @throws {Deno.errors.AddrInUse} when none is. */
export function startApi(options: ApiRoleOptions): ApiServer {
  const database = new ReadDatabase(options.database);
  const hub = new RowHub();
  const changes = new PendingAsks<Extract<RecorderToApi, { kind: "done" | "refused" }>>(ANSWER_MS);
  const asks = new PendingAsks<ApiAnswer>(ANSWER_MS);
  const state: { config: Config; recorder: MessagePort | null; requests: number } = {
    config: options.config,
    recorder: null,
    requests: 0,
  };
  const server: { current: LocalServer | null } = { current: null };
  const port = () => server.current?.port ?? 0;
  const deps: ApiDeps = {
    version: options.version,
    now: Date.now,
    timeZone: machineTimeZone(),
    port,
    config: () => state.config,
    database: () => database.open(),
    commands: commandsOf(changes, asks, () => state.recorder, options.ask),
    events: hub,
    status: async () => {
      const answer = await asks.ask((id) => options.ask(id, { kind: "status" }));
      if (answer.kind !== "status") throw new Error("The supervisor answered something else");
      return answer.status;
    },
    privacy: async () => {
      const answer = await asks.ask((id) => options.ask(id, { kind: "privacy" }));
      if (answer.kind !== "privacy") throw new Error("The supervisor answered something else");
      return answer.facts;
    },
  };
  const app = createApi(deps);
  const service = apiService((request) => {
    state.requests++;
    return app.fetch(request);
  }, port);
  server.current = serveLocal(options.ports, service, options.limits);
  return {
    port: server.current.port,
    counters: () => ({
      requests: state.requests,
      subscribers: hub.subscribers,
      ...server.current?.counters(),
    }),
    configure: (config) => state.config = config,
    connectRecorder(recorder) {
      state.recorder?.close();
      changes.abandon();
      state.recorder = recorder;
      recorder.onmessage = (event: MessageEvent<RecorderToApi>) => {
        if (event.data.kind === "written") hub.notify();
        else changes.answer(event.data);
      };
      hub.notify();
    },
    answer: (answer) => asks.answer(answer),
    stop() {
      server.current?.close();
      state.recorder?.close();
      changes.abandon();
      asks.abandon();
      database.close();
    },
  };
}

function commandsOf(
  changes: PendingAsks<Extract<RecorderToApi, { kind: "done" | "refused" }>>,
  asks: PendingAsks<ApiAnswer>,
  recorder: () => MessagePort | null,
  ask: ApiRoleOptions["ask"],
): Commands {
  return {
    async updateProject(change) {
      await changes.ask((id) => {
        recorder()?.postMessage({ id, command: { kind: "project.change", change } } satisfies ApiToRecorder);
      });
    },
    async setPrice(price) {
      const answer = await asks.ask((id) => ask(id, { kind: "price", price }));
      return { changed: answer.kind === "price" ? answer.changed : 0 };
    },
  };
}
