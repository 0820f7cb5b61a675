/**
 * What the dashboard's privacy page is judged by. The supervisor looks, since the api may neither read the certificate's folder
 * nor run a command.
 *
 * Hosts that clients asked for tell what their user does, and other users of the machine can ask the local API: of those only
 * counts are handed over. `halton-meter connections` lists them, by the unix socket.
 *
 * Imports: domain, os, roles.
 *
 * @module
 */

import type { PrivacyFacts, RoleOutbound } from "../domain/privacy.ts";
import { keyModes } from "../os/key_modes.ts";
import { listenersOf } from "../os/listeners.ts";
import type { Paths } from "../os/paths.ts";
import { runForOutput } from "../os/run.ts";
import { askSupervisor } from "./control_client.ts";
import type { Destination, Tally } from "./destinations.ts";
import { shown } from "./dial.ts";
import type { ProcessConnections, RoleConnections } from "./process_connections.ts";

/** An edge process that has not answered by then is shown as silent. */
const EDGE_ANSWER_MS = 1_000;

/** An open page asks with every call that is recorded; a port's listeners do not change that often. */
const LISTENING_KEPT_MS = 15_000;

/** Gathers facts, and keeps for a while what takes a command. */
export class PrivacyLook {
  readonly #paths: Paths;
  #listening: { readonly port: number; readonly at: number; readonly found: Promise<string[] | null> } | null = null;

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  /** @param own What the daemon says. @param apiPort `null` when there is no API: nobody is left who could ask. */
  async facts(own: ProcessConnections, apiPort: number | null): Promise<PrivacyFacts> {
    const hasEdge = own.roles.some(({ role }) => role === "edge");
    const [listening, edge] = await Promise.all([
      apiPort === null ? null : this.#listeners(apiPort),
      hasEdge ? null : askSupervisor(this.#paths.edgeSocket, { t: "connections" }, EDGE_ANSWER_MS),
    ]);
    const roles = [...(edge as ProcessConnections | null)?.roles ?? [], ...own.roles];
    return { listening, keyModes: keyModes(this.#paths), outbound: roles.map(outboundOf) };
  }

  #listeners(port: number): Promise<string[] | null> {
    const now = performance.now();
    if (this.#listening?.port !== port || now - this.#listening.at > LISTENING_KEPT_MS) {
      this.#listening = { port, at: now, found: listenersOf(runForOutput, port) };
    }
    return this.#listening.found;
  }
}

/** One role, without the names that clients gave. */
export function outboundOf({ role, running, restarts, mayConnect, log }: RoleConnections): RoleOutbound {
  const named = log?.destinations.filter((found) => !askedByClient(role, found)) ?? [];
  const asked = log?.destinations.filter((found) => askedByClient(role, found)) ?? [];
  const tallies = [...asked, ...log?.others ?? []];
  return {
    role,
    running,
    restarts,
    mayConnect,
    since: log?.since ?? null,
    places: named.map((found) => ({ place: shown(found), ...countOf([found]) })),
    asked: [...Map.groupBy(tallies, ({ allowed }) => allowed)].map(([allowed, members]) => ({
      ...countOf(members),
      allowed,
      places: asked.filter((found) => found.allowed === allowed).length,
    })),
  };
}

/** Behind a proxy the edge is asked for hosts too. */
function askedByClient(role: string, { allowed }: Destination): boolean {
  return allowed === "client" || (role === "edge" && allowed === "proxy");
}

function countOf(tallies: readonly Tally[]) {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  return {
    allowed: tallies[0]?.allowed ?? "client",
    connections: sum(({ connections }) => connections),
    failed: sum(({ failed }) => failed),
    open: sum(({ open }) => open),
    lastAt: Math.max(...tallies.map(({ lastAt }) => lastAt)),
  };
}
