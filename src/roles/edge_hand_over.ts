/**
 * Holds a port between two listening sockets, so that changing from one to the other turns nobody away.
 *
 * A connection that the kernel has completed waits in the queue of one listening socket until it is accepted. Closing that
 * socket resets it, and Linux does not move it to another socket of the same port unless root asked for that
 * (net.ipv4.tcp_migrate_req, https://lwn.net/Articles/853637/). Accepting until the queue is empty does not do: the next
 * client may arrive before the socket is closed. But while a queue is full, Linux lets no further client in, and that
 * client tries again a second later. So the queue is filled with connections of our own and everybody else is taken out;
 * then the successor listens, and then the socket with nobody but ourselves in its queue is closed.
 *
 * Imports: roles/splice.ts.
 *
 * @module
 */

import { closeQuietly } from "./splice.ts";

/**
 * A connection on loopback is complete, or has found the queue full, within microseconds. When none has been completed for
 * so long, the queue is taken for full; where that were wrong, more work but no harm would come of it.
 */
const STALLED_MS = 10;

/** The same, where it must be right: above any pause of this process, below the 1000 ms after which clients try again. */
const FULL_MS = 500;

/** How often the queue is filled anew because somebody else was in it. */
const TRIES = 25;

/** Connections opened at a time while the length of a queue is measured. */
const BATCH = 64;

/** Queues are at most this long: the default of `net.core.somaxconn`, and one. */
const MAX_QUEUE = 4097;

/** After which the socket is closed, whoever waits. */
const GIVE_UP_MS = 5_000;

/**
 * How many connections wait at most for `listener` to accept, found by trying: the kernel's limit depends on its settings
 * and on the runtime. `listener` is never accepted from, and closed.
 */
export async function queueLength(listener: Deno.TcpListener): Promise<number> {
  const own = new OwnConnections(listener.addr.port);
  try {
    while (own.queued < MAX_QUEUE && await own.open(BATCH, FULL_MS));
    return own.queued;
  } finally {
    own.close();
    closeQuietly(listener);
  }
}

/** A listening socket that lets nobody in. */
export interface HeldPort {
  /** False when a client that waits in the queue may not have been taken out. */
  readonly clean: boolean;
  /** Closes the socket. */
  close(): void;
}

/**
 * Fills the queue of `listener`, the only socket of its port, with connections of our own.
 *
 * What remains: a client that arrives in the very microseconds in which the last place is taken may believe, as our own
 * connection does, to have it. Measured at 450 new connections a second: 1 of 24,000 calls lost in 120 hand-overs, where
 * closing at once lost 1 in 3 hand-overs.
 *
 * @param accepting The caller's own pending `accept()`, which takes one more connection.
 * @param length From {@link queueLength}, of a listener made alike.
 * @param serve Takes each client that was found waiting.
 */
export async function holdPort(
  listener: Deno.TcpListener,
  accepting: Promise<Deno.TcpConn>,
  length: number,
  serve: (client: Deno.TcpConn) => void,
): Promise<HeldPort> {
  let own = new OwnConnections(listener.addr.port);
  const close = () => {
    closeQuietly(listener);
    own.close();
  };
  const take = (client: Deno.TcpConn) => own.recognises(client) ? closeQuietly(client) : serve(client);
  const timer = setTimeout(close, GIVE_UP_MS);
  try {
    await Promise.all([own.open(1, FULL_MS), accepting.then(take)]);
    // Opened anew each time, since the last place in a queue is the only one that two can believe to have.
    for (let tries = 1; !await own.open(length, STALLED_MS) && !own.failed && tries < TRIES; tries++) {
      for (let taken = 0; taken < length; taken++) {
        const client = await acceptOrNull(listener);
        if (client !== null) take(client);
      }
      own.close();
      own = new OwnConnections(listener.addr.port);
    }
  } catch {
    // It took too long.
  }
  clearTimeout(timer);
  return { clean: own.queued >= length, close };
}

/** The next client; null when it has left. @throws when the listener is closed. */
async function acceptOrNull(listener: Deno.TcpListener): Promise<Deno.TcpConn | null> {
  try {
    return await listener.accept();
  } catch (error) {
    if (error instanceof Deno.errors.BadResource) throw error;
    return null;
  }
}

/** Connections of this process to one of its own ports. */
class OwnConnections {
  readonly #port: number;
  /** By local port; none of them was accepted yet. */
  readonly #queued = new Map<number, Deno.TcpConn>();
  /** Remote ports of clients that were accepted and not recognised: their connection may be one of ours, told later. */
  readonly #met = new Set<number>();
  #settled = 0;
  #failed = false;
  #closed = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** How many wait in the queue. */
  get queued(): number {
    return this.#queued.size;
  }

  /** Whether one could not be opened at all. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * Opens so many.
   *
   * @returns whether all of them found a place; false when none more did for `stalledMs`. The others go on trying.
   */
  async open(count: number, stalledMs: number): Promise<boolean> {
    let done = false;
    const all = Promise.all(Array.from({ length: count }, () => this.#connect())).then(() => done = true);
    for (let before = -1; !done && before !== this.#settled;) {
      before = this.#settled;
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([all, new Promise((resolve) => timer = setTimeout(resolve, stalledMs))]);
      clearTimeout(timer);
    }
    return done && !this.#failed;
  }

  /** Whether `client`, just accepted, is the far end of one of these. */
  recognises(client: Deno.TcpConn): boolean {
    const { port } = client.remoteAddr as Deno.NetAddr;
    const own = this.#queued.get(port);
    if (own === undefined) {
      this.#met.add(port);
      return false;
    }
    this.#queued.delete(port);
    closeQuietly(own);
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#queued.forEach(closeQuietly);
    this.#queued.clear();
  }

  async #connect(): Promise<void> {
    let own: Deno.TcpConn;
    try {
      own = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    } catch {
      this.#failed = true;
      return;
    } finally {
      this.#settled++;
    }
    const { port } = own.localAddr as Deno.NetAddr;
    if (this.#closed || this.#met.delete(port)) closeQuietly(own);
    else this.#queued.set(port, own);
  }
}
