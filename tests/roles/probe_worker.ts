/**
 * Tries what it is asked to try, with the permissions that it was started with, and says what came of it.
 *
 * @module
 */

import "../../src/roles/own_sockets.ts";
import { execFileSync } from "node:child_process";
import { get } from "node:http";
import { open as openInspector, url as inspectorUrl } from "node:inspector";
import { createRequire } from "node:module";
import { connect as connectNode, Server, Socket } from "node:net";
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** One thing to try. */
export type Attempt =
  | { readonly kind: "connect"; readonly hostname: string; readonly port: number }
  | { readonly kind: "connect by node"; readonly hostname: string; readonly port: number }
  | { readonly kind: "connect unix"; readonly path: string }
  | { readonly kind: "listen"; readonly hostname: string; readonly port: number }
  | { readonly kind: "resolve"; readonly name: string }
  | { readonly kind: "fetch"; readonly url: string }
  | {
    readonly kind: "tls";
    readonly hostname: string;
    readonly port: number;
    readonly servername: string;
    readonly ca: string;
  }
  | { readonly kind: "read"; readonly path: string }
  | { readonly kind: "read by node"; readonly path: string }
  | { readonly kind: "list"; readonly path: string }
  | { readonly kind: "write"; readonly path: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "symlink"; readonly from: string; readonly to: string }
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "all env" }
  | { readonly kind: "run"; readonly command: string }
  | { readonly kind: "sys" }
  | { readonly kind: "ffi"; readonly path: string }
  | { readonly kind: "import"; readonly url: string }
  | { readonly kind: "worker" }
  | { readonly kind: "sqlite"; readonly path: string; readonly readOnly: boolean; readonly sql: string }
  | { readonly kind: "ask"; readonly name: Deno.PermissionName }
  | { readonly kind: "adopt" | "cache" | "inspect" | "kill" | "look up" }
  | { readonly kind: "request by node" | "socket of the web"; readonly port: number }
  | { readonly kind: "require" | "run by node" | "import as text"; readonly path: string };

/** `refused` is a lack of permission; anything else that failed is told by its name. */
export type Outcome = "done" | "refused" | `failed: ${string}`;

async function attempt(what: Attempt): Promise<unknown> {
  switch (what.kind) {
    case "connect":
      return (await Deno.connect({ hostname: what.hostname, port: what.port })).close();
    case "connect by node":
      return await new Promise((resolve, reject) => {
        const socket = connectNode({ host: what.hostname, port: what.port });
        socket.once("connect", () => resolve(socket.destroy()));
        // Deno 2.4 calls a lack of permission a refusal of the other side; somebody listens there.
        socket.once("error", (error) => reject(/ECONNREFUSED/.test(error.message) ? notCapable(error) : error));
      });
    case "connect unix":
      return (await Deno.connect({ transport: "unix", path: what.path })).close();
    case "listen":
      return Deno.listen({ hostname: what.hostname, port: what.port }).close();
    case "resolve":
      return await Deno.resolveDns(what.name, "A");
    case "fetch":
      return await (await fetch(what.url)).text();
    case "tls": {
      const tcp = await Deno.connect({ hostname: what.hostname, port: what.port });
      const tls = await Deno.startTls(tcp, { hostname: what.servername, caCerts: [what.ca] });
      await tls.handshake();
      return tls.close();
    }
    case "read":
      return Deno.readFileSync(what.path);
    case "read by node":
      return readFileSync(what.path);
    case "list":
      return [...Deno.readDirSync(what.path)];
    case "write":
      return Deno.writeTextFileSync(what.path, "probe");
    case "remove":
      return Deno.removeSync(what.path);
    case "symlink":
      return Deno.symlinkSync(what.from, what.to);
    case "env":
      return Deno.env.get(what.name);
    case "all env":
      return Deno.env.toObject();
    case "run":
      return await new Deno.Command(what.command).output();
    case "sys":
      return Deno.hostname();
    case "ffi":
      return Deno.dlopen(what.path, {}).close();
    case "import":
      return await import(what.url);
    case "worker":
      return await startInnerWorker();
    case "sqlite":
      return useDatabase(what);
    case "adopt":
      return await adoptSockets();
    case "cache":
      if (!("caches" in globalThis)) throw new Deno.errors.NotCapable("no cache");
      return await (await caches.open("probe")).put("https://probe.test/", new Response("probe"));
    case "inspect":
      openInspector(0, "127.0.0.1");
      if ((inspectorUrl() ?? null) === null) throw new Deno.errors.NotCapable("no inspector");
      return undefined;
    case "kill":
      return Deno.kill(Deno.ppid, "SIGCONT");
    case "request by node":
      return await new Promise((resolve, reject) => {
        get(`http://127.0.0.1:${what.port}/`, resolve).once("error", reject);
      });
    case "socket of the web":
      return await new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${what.port}/`);
        socket.onopen = resolve;
        socket.onerror = (event) =>
          reject(event instanceof ErrorEvent ? event.error ?? new Error(event.message) : event);
      });
    case "look up":
      return await lookup("localhost");
    case "require":
      return createRequire("file:///probe.js")("node:fs").readFileSync(what.path);
    case "run by node":
      return execFileSync(what.path);
    case "import as text":
      return await import(`file://${what.path}`, { with: { type: "json" } });
    case "ask": {
      const { state } = await Deno.permissions.request({ name: what.name } as Deno.PermissionDescriptor);
      if (state !== "granted") throw new Deno.errors.NotCapable(state);
      return undefined;
    }
  }
}

/** Highest number of a descriptor that is tried. */
const LAST_DESCRIPTOR = 63;

/** Takes over whatever sockets other parts of the process have open, to speak through them or to accept in their place. */
async function adoptSockets(): Promise<void> {
  for (let fd = 3; fd <= LAST_DESCRIPTOR; fd++) {
    if (
      await isDone((reject, resolve) => {
        const socket = new Socket({ fd, readable: true, writable: true });
        socket.once("error", reject);
        socket.write("stolen", (error) => error ? reject(error) : resolve());
      })
    ) return;
    if (
      await isDone((reject, resolve) => {
        const server = new Server();
        server.once("error", reject);
        server.listen({ fd }, resolve);
      })
    ) return;
  }
  throw new Deno.errors.NotCapable("no socket but its own");
}

/** Whether `act` succeeds; one that neither succeeds nor fails in this time has come to nothing. */
async function isDone(act: (reject: (error: unknown) => void, resolve: () => void) => void): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<boolean>((resolve, reject) => {
      timer = setTimeout(() => resolve(false), 20);
      act(reject, () => resolve(true));
    });
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** A worker inside the worker, with more permissions than its parent has. */
async function startInnerWorker(): Promise<void> {
  const source = "try { Deno.hostname(); postMessage('done'); } catch { postMessage('refused'); }";
  const url = `data:application/javascript,${encodeURIComponent(source)}`;
  const inner = new Worker(url, { type: "module", deno: { permissions: { sys: true, read: true } } });
  try {
    const said = await new Promise((resolve, reject) => {
      inner.onmessage = (event) => resolve(event.data);
      inner.onerror = (event) => {
        event.preventDefault();
        reject(new Deno.errors.NotCapable(event.message));
      };
    });
    if (said !== "done") throw new Deno.errors.NotCapable("inner worker");
  } finally {
    inner.terminate();
  }
}

function notCapable(error: Error): Error {
  return new Deno.errors.NotCapable(error.message);
}

function useDatabase(what: Extract<Attempt, { kind: "sqlite" }>): void {
  const db = new DatabaseSync(what.path, { readOnly: what.readOnly });
  try {
    db.exec(what.sql);
  } finally {
    db.close();
  }
}

async function outcomeOf(what: Attempt): Promise<Outcome> {
  try {
    await attempt(what);
    return "done";
  } catch (error) {
    if (!(error instanceof Error)) return "failed: unknown";
    const denied = error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied ||
      /Requires \w+ access|NotCapable|not capable|EACCES|EPERM/i.test(`${error.name} ${error.message}`);
    return denied ? "refused" : `failed: ${error.name} ${error.message}`;
  }
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  self.onmessage = async (event: MessageEvent<Attempt>) => self.postMessage(await outcomeOf(event.data));
}
