/**
 * What the tests of the roles share: certificates, raw servers on loopback, and ways to wait.
 *
 * @module
 */

import { createAuthority, issueLeaf, readAuthority } from "../../src/ca/authority.ts";
import { INTERCEPTED_HOSTS, type InterceptedHost } from "../../src/domain/hosts.ts";
import { issueLeaves } from "../../src/roles/leaves.ts";
import type { IssuedLeaves } from "../../src/roles/messages.ts";
import type { Leaf } from "../../src/roles/messages.ts";

/** Waiting longer than this is a failure. No limit of the program itself, which some tests shorten. */
const LONGEST_WAIT_MS = 29_000;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until `check` holds. */
export async function eventually(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const until = performance.now() + LONGEST_WAIT_MS;
  while (!await check()) {
    if (performance.now() > until) throw new Error(`Waited in vain: ${what}`);
    await pause(5);
  }
}

/** Fails when `promise` takes too long, so that a hang is a failure with a name. */
export async function within<T>(promise: Promise<T>, what: string, ms = LONGEST_WAIT_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Took too long: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Calls `body` with a new folder that is gone afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "halton-roles-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Bytes that repeat nowhere near, so that a lost or doubled stretch shows. */
export function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

/** What tests need of a socket. */
export interface Socket {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

export async function send(to: Socket, bytes: Uint8Array | string): Promise<void> {
  const all = typeof bytes === "string" ? utf8(bytes) : bytes;
  for (let at = 0; at < all.length;) at += await to.write(all.subarray(at));
}

/** The next bytes; empty at the end. */
export async function receive(from: Socket): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(65_536);
  return buffer.slice(0, await from.read(buffer) ?? 0);
}

/** Everything up to the end. A reset counts as an end. */
export async function receiveAll(from: Socket): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = await receive(from).catch(() => new Uint8Array(0));
    if (part.length === 0) return concat(parts);
    parts.push(part);
  }
}

/** Exactly `length` bytes. */
export async function receiveBytes(from: Socket, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let got = 0; got < length;) {
    const count = await from.read(bytes.subarray(got));
    if (count === null) throw new Error(`The connection ended after ${got} of ${length} bytes`);
    got += count;
  }
  return bytes;
}

/** Text up to and with `mark`, byte by byte, so that nothing after it is taken. */
export async function receiveUntil(from: Socket, mark: string): Promise<string> {
  let got = "";
  const one = new Uint8Array(1);
  while (!got.endsWith(mark)) {
    if (await from.read(one) === null) throw new Error(`The connection ended before ${JSON.stringify(mark)}: ${got}`);
    got += String.fromCharCode(one[0] ?? 0);
  }
  return got;
}

/** Reads one HTTP message with a Content-Length. */
export async function receiveMessage(from: Socket): Promise<{ head: string; body: Uint8Array }> {
  const head = await receiveUntil(from, "\r\n\r\n");
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  return { head, body: length === 0 ? new Uint8Array(0) : await receiveBytes(from, length) };
}

/** A listener whose connections are all closed at the end. */
export interface Server<C extends Socket> {
  readonly port: number;
  readonly connections: C[];
  stop(): void;
}

export function tcpServer(handle: (connection: Deno.TcpConn) => Promise<void>, port = 0): Server<Deno.TcpConn> {
  return serve(Deno.listen({ hostname: "127.0.0.1", port }), handle);
}

export function tlsServer(leaf: Leaf, handle: (connection: Deno.TlsConn) => Promise<void>): Server<Deno.TlsConn> {
  const options = { hostname: "127.0.0.1", port: 0, cert: leaf.certPem, key: leaf.keyPem };
  return serve(Deno.listenTls({ ...options, alpnProtocols: ["http/1.1"] }), handle);
}

function serve<C extends Socket>(
  listener: { accept(): Promise<C>; close(): void; readonly addr: Deno.Addr },
  handle: (connection: C) => Promise<void>,
): Server<C> {
  const connections: C[] = [];
  (async () => {
    for (;;) {
      const connection = await listener.accept().catch(() => null);
      if (connection === null) return;
      connections.push(connection);
      handle(connection).catch(() => close(connection)); // A client that goes away is for the test to notice.
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    connections,
    stop() {
      listener.close();
      connections.forEach(close);
    },
  };
}

export function close(connection: { close(): void }): void {
  try {
    connection.close();
  } catch {
    // Closed before.
  }
}

/** A port of loopback where nothing listens. */
export function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** A root with leaves, as the meter and the providers have. */
export interface Pki {
  readonly caCertPem: string;
  readonly issued: IssuedLeaves;
}

const made = new Map<string, Promise<Pki>>();

/** A root of its own per name and test file, with a leaf for every intercepted host. */
export function pki(name: "meter" | "provider"): Promise<Pki> {
  const known = made.get(name);
  if (known !== undefined) return known;
  const pki = makePki();
  made.set(name, pki);
  return pki;
}

async function makePki(): Promise<Pki> {
  const ca = await createAuthority({ hosts: INTERCEPTED_HOSTS, now: Date.now() });
  return { caCertPem: ca.certPem, issued: await issueLeaves(ca.keyPem + ca.certPem, Date.now()) };
}

/** New leaves under a root made by {@link pki}'s maker; for one host only. */
export async function strangeLeaf(host: InterceptedHost): Promise<Leaf> {
  const ca = await createAuthority({ hosts: INTERCEPTED_HOSTS, now: Date.now() });
  const authority = await readAuthority(ca.keyPem + ca.certPem, { hosts: INTERCEPTED_HOSTS, now: Date.now() });
  return await issueLeaf(authority, host, Date.now(), 1);
}

/** Runs `body` while timers of `from` milliseconds take `to`, for limits that are longer than a test may last. */
export async function withShortTimer(from: number, to: number, body: () => Promise<void>): Promise<void> {
  const original = globalThis.setTimeout;
  const short = (callback: () => void, ms?: number) => original(callback, ms === from ? to : ms);
  globalThis.setTimeout = Object.assign(short, { __promisify__: original.__promisify__ });
  try {
    await body();
  } finally {
    globalThis.setTimeout = original;
  }
}
