/**
 * Whether the interceptor accepts, as the edge knows it: cached 1000 ms when good, 200 ms when bad, dropped at once when a
 * connection is refused. Health means that its event loop accepts, not that a page answers.
 *
 * Imports: domain, roles/ports_file.ts, roles/splice.ts.
 *
 * @module
 */

import { type InterceptedHost, SELF_TEST } from "../domain/hosts.ts";
import type { InterceptorPorts } from "./messages.ts";
import { readPorts } from "./ports_file.ts";
import { closeQuietly } from "./splice.ts";

const GOOD_MS = 1000;
const BAD_MS = 200;

/** A stopped or hung daemon still has its ports open: the kernel accepts for it, and only silence tells. */
const PROBE_MS = 250;

/** The daemon as last seen. */
type Health =
  | { readonly kind: "unknown" }
  | { readonly kind: "bad"; readonly until: number }
  | { readonly kind: "good"; readonly until: number; readonly ports: InterceptorPorts };

/** Answers where a host is intercepted right now. */
export class InterceptorHealth {
  readonly #portsFile: string;
  readonly #now: () => number;
  #state: Health = { kind: "unknown" };
  #probing: Promise<Health> | null = null;

  /** @param now Monotonic milliseconds. */
  constructor(portsFile: string, now: () => number) {
    this.#portsFile = portsFile;
    this.#now = now;
  }

  /** The interceptor's port for `host`, or null when the connection must be tunnelled. */
  async portFor(host: InterceptedHost | typeof SELF_TEST.host): Promise<number | null> {
    const fresh = this.#state.kind !== "unknown" && this.#now() < this.#state.until;
    const state = fresh ? this.#state : await (this.#probing ??= this.#startProbe());
    if (state.kind !== "good") return null;
    return host === SELF_TEST.host ? state.ports.selfTest : state.ports.hosts[host];
  }

  /** The interceptor refused or did not answer: the next request asks anew. */
  drop(): void {
    this.#state = { kind: "unknown" };
  }

  /** The word for `status`. */
  get word(): string {
    return this.#state.kind;
  }

  /** Forgets the probe when it is over, and not before it is remembered: without a daemon it is over at once. */
  #startProbe(): Promise<Health> {
    return this.#probe().finally(() => this.#probing = null);
  }

  async #probe(): Promise<Health> {
    const daemon = readPorts(this.#portsFile).daemon;
    const good = daemon !== null && await accepts(daemon.interceptor.health, daemon.interceptor.token);
    this.#state = good
      ? { kind: "good", until: this.#now() + GOOD_MS, ports: daemon.interceptor }
      : { kind: "bad", until: this.#now() + BAD_MS };
    return this.#state;
  }
}

/** Whether the interceptor that published `token` answers at `port`; another program may hold the port by now. */
async function accepts(port: number, token: string): Promise<boolean> {
  let connection: Deno.TcpConn | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<null>((resolve) => timer = setTimeout(() => resolve(null), PROBE_MS));
  try {
    const connecting = Deno.connect({ hostname: "127.0.0.1", port });
    connection = await Promise.race([connecting, silent]);
    if (connection === null) {
      connecting.then(closeQuietly, () => {});
      return false;
    }
    const answer = new Uint8Array(token.length);
    const count = await Promise.race([connection.read(answer), silent]);
    return count === token.length && new TextDecoder().decode(answer) === token;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    if (connection !== null) closeQuietly(connection);
  }
}
