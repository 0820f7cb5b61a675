/**
 * What a role counts of the connections that it opens: where to, on whose word, how often, how many are open now.
 *
 * Touched when a connection is dialled and when it ends, never while bytes move. Names come from clients, which may be
 * hostile: they are cut, stripped of everything but plain characters, and bounded in number. A name that goes unused
 * longest is folded into one line, so that the sums stay right.
 *
 * Imports: domain (types).
 *
 * @module
 */

import type { Address } from "../domain/upstream.ts";

/** On whose word a role connects somewhere: a provider's own name, the configuration, a pairing, or a client that asked for it. */
export type Allowance = "provider" | "client" | "map" | "proxy" | "self-test" | "cloud";

/** One count. Times: UTC epoch ms. */
export interface Tally {
  readonly allowed: Allowance;
  /** Attempts, those that failed and those under way included. */
  readonly connections: number;
  readonly failed: number;
  /** Under way or open. */
  readonly open: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** One place that was connected to. */
export interface Destination extends Tally {
  /** What was dialled: the proxy or what the map names, where the configuration says so. */
  readonly host: string;
  readonly port: number;
  /** What was asked for. */
  readonly askedHost: string;
  readonly askedPort: number;
  /** IP addresses that answered, the latest last. */
  readonly addresses: readonly string[];
}

/** Everything since `since`, UTC epoch ms; the latest used last. */
export interface DestinationLog {
  readonly since: number;
  readonly destinations: readonly Destination[];
  /** Sums over destinations that are not listed any more, by allowance. */
  readonly others: readonly Tally[];
  /** How often a destination was folded into `others`; one that comes back may be folded again. */
  readonly folded: number;
}

/** A connection from its dial to its end. */
export interface Outgoing {
  /** It came about, with that IP address. */
  reached(address: string): void;
  /** It is over, or never came about. Only the first call counts. */
  ended(failed: boolean): void;
}

/** Destinations that clients name, per role; a busy developer's machine names some dozens. */
export const MAX_ASKED = 256;

/** A provider answers from a handful of addresses; the latest tell where it is now. */
const MAX_ADDRESSES = 4;

/** The longest name of DNS (RFC 1035 section 2.3.4). */
const MAX_NAME = 253;

interface Count extends Tally {
  connections: number;
  failed: number;
  open: number;
  lastAt: number;
}

interface Entry extends Count, Destination {
  connections: number;
  failed: number;
  open: number;
  lastAt: number;
  addresses: string[];
  /** Where its connections are counted since it was folded; null while it is listed. */
  folded: Count | null;
}

/** What one role has connected to. */
export class Destinations {
  readonly #now: () => number;
  readonly #since: number;
  /** In order of use. The first map holds what the configuration and the list of providers bound in number. */
  readonly #known = new Map<string, Entry>();
  readonly #asked = new Map<string, Entry>();
  readonly #others = new Map<Allowance, Count>();
  #folded = 0;

  /** @param now UTC epoch ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** Counts a connection to `dialled` that is about to be opened. `asked` is what the caller wanted to reach. */
  begin(dialled: Address, asked: Address, allowed: Allowance): Outgoing {
    const entry = this.#entryFor(dialled, asked, allowed);
    entry.connections++;
    entry.open++;
    entry.lastAt = this.#now();
    let over = false;
    return {
      reached(address) {
        if (entry.addresses.at(-1) === address) return;
        const others = entry.addresses.filter((known) => known !== address);
        entry.addresses = [...others, plain(address)].slice(-MAX_ADDRESSES);
      },
      ended(failed) {
        if (over) return;
        over = true;
        const count = entry.folded ?? entry;
        count.open--;
        if (failed) count.failed++;
      },
    };
  }

  log(): DestinationLog {
    const listed = [...this.#known.values(), ...this.#asked.values()];
    return {
      since: this.#since,
      destinations: listed.map(({ folded: _, ...entry }) => entry),
      others: [...this.#others.values()].map((count) => ({ ...count })),
      folded: this.#folded,
    };
  }

  #entryFor(dialled: Address, asked: Address, allowed: Allowance): Entry {
    const [host, askedHost] = [plain(dialled.host), plain(asked.host)];
    const key = `${allowed} ${host} ${dialled.port} ${askedHost} ${asked.port}`;
    // Behind a proxy, clients choose what is asked for; everywhere else the list of providers or the map does.
    const map = allowed === "client" || allowed === "proxy" ? this.#asked : this.#known;
    const known = map.get(key);
    if (known !== undefined) {
      map.delete(key);
      map.set(key, known);
      return known;
    }
    if (map === this.#asked && map.size >= MAX_ASKED) this.#foldOldest();
    const now = this.#now();
    const entry: Entry = {
      host,
      port: dialled.port,
      askedHost,
      askedPort: asked.port,
      allowed,
      connections: 0,
      failed: 0,
      open: 0,
      firstAt: now,
      lastAt: now,
      addresses: [],
      folded: null,
    };
    map.set(key, entry);
    return entry;
  }

  #foldOldest(): void {
    for (const [key, entry] of this.#asked) {
      this.#asked.delete(key);
      this.#folded++;
      const { allowed, connections, failed, open, firstAt, lastAt } = entry;
      const sum = this.#others.get(allowed);
      if (sum === undefined) {
        entry.folded = { allowed, connections, failed, open, firstAt, lastAt };
        this.#others.set(allowed, entry.folded);
        return;
      }
      entry.folded = Object.assign(sum, {
        connections: sum.connections + connections,
        failed: sum.failed + failed,
        open: sum.open + open,
        firstAt: Math.min(sum.firstAt, firstAt),
        lastAt: Math.max(sum.lastAt, lastAt),
      });
      return;
    }
  }
}

/** What a role and the one before it counted together. The one before has ended, and its connections with it. */
export function joinLogs(before: DestinationLog | null, now: DestinationLog | null): DestinationLog | null {
  if (before === null) return now;
  const listed = new Map<string, Destination>();
  for (const found of [...before.destinations.map((one) => ({ ...one, open: 0 })), ...now?.destinations ?? []]) {
    const key = JSON.stringify([found.allowed, found.host, found.port, found.askedHost, found.askedPort]);
    const known = listed.get(key);
    listed.delete(key);
    listed.set(key, known === undefined ? found : joinedPlace(known, found));
  }
  return {
    since: before.since,
    destinations: [...listed.values()],
    others: [...before.others.map((one) => ({ ...one, open: 0 })), ...now?.others ?? []],
    folded: before.folded + (now?.folded ?? 0),
  };
}

function joinedPlace(before: Destination, now: Destination): Destination {
  return {
    ...now,
    connections: before.connections + now.connections,
    failed: before.failed + now.failed,
    firstAt: before.firstAt,
    addresses: [...new Set([...before.addresses, ...now.addresses])].slice(-MAX_ADDRESSES),
  };
}

/** A name without anything that could steer a terminal, and of bounded length. */
function plain(name: string): string {
  return name.slice(0, MAX_NAME).replace(/[^\x21-\x7e]/g, "?");
}
