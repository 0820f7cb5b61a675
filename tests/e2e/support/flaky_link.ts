/**
 * A bad line between a meter and a team server: an HTTP proxy on loopback that does to each request what it is told to.
 *
 * Faults come from a function of the request's number, so that a test says exactly what happens; {@link randomFaults} gives one
 * that is reproducible from its seed.
 *
 * @module
 */

/** What is done to one request. */
export type Fault =
  | { readonly kind: "pass" }
  /** The connection is closed before anything is forwarded. */
  | { readonly kind: "drop before" }
  /** The server has taken it; the answer is lost. */
  | { readonly kind: "drop after" }
  /** Half of the answer arrives. */
  | { readonly kind: "cut" }
  /** The server gets it twice, as from a network that repeats; the second answer arrives. */
  | { readonly kind: "twice" }
  | { readonly kind: "slow"; readonly ms: number }
  /** Bytes that are no HTTP. */
  | { readonly kind: "garbage" }
  /** Something in between answers. */
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly fields?: Readonly<Record<string, string>>;
    readonly body?: string;
  };

/** A request as it crossed the line. */
export interface SeenRequest {
  /** From 0. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** As sent, packed or not. */
  readonly body: Uint8Array;
  readonly fault: Fault["kind"];
}

/** Chooses what is done. */
export type Faults = (number: number, path: string) => Fault;

/** A running line. */
export interface FlakyLink {
  readonly url: string;
  readonly port: number;
  /** Everything that was sent over it, in order. */
  readonly seen: readonly SeenRequest[];
  /** What is done from now on. */
  setFaults(faults: Faults): void;
  /** Another server stands behind the line from now on. */
  setTarget(url: string): void;
  close(): Promise<void>;
}

/** Nothing is done. */
export const SOUND: Faults = () => ({ kind: "pass" });

/** Does what a list says, one by one, then nothing. */
export function inTurn(...faults: Fault[]): Faults {
  let at = 0;
  return () => faults[at++] ?? { kind: "pass" };
}

/** Faults at random with this chance, the same ones for the same seed. */
export function randomFaults(seed: number, chance: number, slowMs = 200): Faults {
  const random = generator(seed);
  const kinds: readonly Fault[] = [
    { kind: "drop before" },
    { kind: "drop after" },
    { kind: "cut" },
    { kind: "twice" },
    { kind: "slow", ms: slowMs },
    { kind: "garbage" },
    { kind: "answer", status: 500 },
    { kind: "answer", status: 503, fields: { "retry-after": "0" } },
    { kind: "answer", status: 429, fields: { "retry-after": "0" } },
  ];
  return () => random() < chance ? kinds[Math.floor(random() * kinds.length)] ?? { kind: "pass" } : { kind: "pass" };
}

/** Listens, in front of the server at `target`. */
export function flakyLink(target: string, faults: Faults = SOUND): FlakyLink {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const seen: SeenRequest[] = [];
  const open = new Set<Deno.TcpConn>();
  const state = { faults, target };
  const serving = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      serve(connection, state, seen).catch(() => {}).finally(() => {
        open.delete(connection);
        closed(connection);
      });
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    port: listener.addr.port,
    seen,
    setFaults: (faults) => void (state.faults = faults),
    setTarget: (target) => void (state.target = target),
    async close() {
      listener.close();
      for (const connection of open) closed(connection);
      await serving;
    },
  };
}

async function serve(
  connection: Deno.TcpConn,
  state: { faults: Faults; target: string },
  seen: SeenRequest[],
): Promise<void> {
  const bytes = new Incoming(connection);
  for (;;) {
    const request = await readRequest(bytes);
    if (request === null) return;
    const number = seen.length;
    const fault = state.faults(number, request.path);
    seen.push({ ...request, number, fault: fault.kind });
    const answer = await answerTo(request, fault, state.target);
    if (answer === null) return;
    await writeAll(connection, answer.bytes);
    if (answer.last) return;
  }
}

type Request = Pick<SeenRequest, "method" | "path" | "fields" | "body">;

/** What is written; `null` = nothing. `last`: the connection ends after it. */
async function answerTo(request: Request, fault: Fault, target: string) {
  switch (fault.kind) {
    case "drop before":
      return null;
    case "drop after":
      await forward(request, target);
      return null;
    case "cut": {
      const whole = await forward(request, target);
      return { bytes: whole.subarray(0, Math.ceil(whole.length / 2)), last: true };
    }
    case "twice":
      await forward(request, target);
      return { bytes: await forward(request, target), last: false };
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, fault.ms));
      return { bytes: await forward(request, target), last: false };
    case "garbage":
      return { bytes: crypto.getRandomValues(new Uint8Array(300)), last: true };
    case "answer":
      return { bytes: answerText(fault.status, fault.fields ?? {}, fault.body ?? ""), last: false };
    case "pass":
      return { bytes: await forward(request, target), last: false };
  }
}

/** Asks the server itself; one that is away is a bad gateway. */
async function forward({ method, path, fields, body }: Request, target: string): Promise<Uint8Array> {
  const headers = new Headers();
  for (const [name, value] of fields) {
    if (!["host", "connection", "content-length"].includes(name)) headers.set(name, value);
  }
  try {
    const response = await fetch(`${target}${path}`, {
      method,
      headers,
      redirect: "manual",
      ...(method === "GET" ? {} : { body: body.slice() }),
    });
    const text = await response.text();
    const kept: Record<string, string> = {};
    for (const name of ["content-type", "retry-after", "location"]) {
      const value = response.headers.get(name);
      if (value !== null) kept[name] = value;
    }
    return answerText(response.status, kept, text);
  } catch {
    return answerText(502, {}, "");
  }
}

function answerText(status: number, fields: Readonly<Record<string, string>>, body: string): Uint8Array {
  const bytes = new TextEncoder().encode(body);
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const length = status === 204 ? "" : `content-length: ${bytes.length}\r\n`;
  const head = new TextEncoder().encode(`HTTP/1.1 ${status} Status\r\n${lines}${length}\r\n`);
  const whole = new Uint8Array(head.length + (status === 204 ? 0 : bytes.length));
  whole.set(head);
  if (status !== 204) whole.set(bytes, head.length);
  return whole;
}

async function readRequest(bytes: Incoming): Promise<Request | null> {
  const head = await bytes.until("\r\n\r\n");
  if (head === null) return null;
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  const fields = new Map(
    lines.filter((line) => line !== "").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = await bytes.take(Number(fields.get("content-length") ?? 0));
  return body === null ? null : { method, path, fields, body };
}

/** Bytes of one connection, as far as they were asked for. */
class Incoming {
  readonly #connection: Deno.TcpConn;
  #held = new Uint8Array();

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  async until(mark: string): Promise<string | null> {
    for (;;) {
      const end = new TextDecoder("latin1").decode(this.#held).indexOf(mark);
      if (end >= 0) {
        const taken = await this.take(end + mark.length);
        return taken === null ? null : new TextDecoder("latin1").decode(taken);
      }
      if (!await this.#more()) return null;
    }
  }

  async take(count: number): Promise<Uint8Array | null> {
    while (this.#held.length < count) if (!await this.#more()) return null;
    const taken = this.#held.slice(0, count);
    this.#held = this.#held.slice(count);
    return taken;
  }

  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(64 * 1024);
    const count = await this.#connection.read(buffer);
    if (count === null) return false;
    const all = new Uint8Array(this.#held.length + count);
    all.set(this.#held);
    all.set(buffer.subarray(0, count), this.#held.length);
    this.#held = all;
    return true;
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function closed(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // The other side was first.
  }
}

/** Numbers from 0 up to 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
