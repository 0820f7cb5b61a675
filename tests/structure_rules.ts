/**
 * The rules of how this program is put together, as data, and the functions that find what breaks them.
 *
 * @module
 */

import { importsOf, isMark, tokensOf } from "./module_tokens.ts";

/** One source file; `path` from the root of the project. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** A file or folder below `src/`, and what its files may import from there beside themselves. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  http1: [],
  websocket: [],
  "log.ts": [],
  providers: ["domain", "http1/sse.ts"],
  redact: ["domain"],
  meter: ["domain"],
  ca: ["domain"],
  store: ["domain"],
  os: ["domain"],
  sync: ["domain"],
  // What is put where on a machine, in which order.
  install: ["domain", "ca", "os", "log.ts"],
  // Meter: a call's page explains its price, and prices are listed; both are pure.
  api: ["domain", "meter", "store"],
  roles: [
    "domain",
    "http1",
    "websocket",
    "providers",
    "redact",
    "meter",
    "ca",
    "store",
    "os",
    "sync",
    "api",
    "log.ts",
  ],
  // Meter: `pricing` shows and recomputes prices, which are pure. Sync: `cloud` shows policies and states, and runs a pass.
  cli: ["domain", "meter", "store", "ca", "os", "install", "sync", "roles", "log.ts"],
  // A program of its own, which nothing else imports. Meter: cost is recomputed with the very code that the meter prices with.
  team: ["domain", "meter"],
  "main.ts": ["cli"],
};

/** Packages and modules of the runtime that only some folders may import; a name ending in `/` covers what is below it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "node:sqlite": ["store"],
  "node:child_process": [],
  "node:worker_threads": [],
  "node:cluster": [],
  "node:net": ["roles"],
  "node:tls": ["roles"],
  "node:https": [],
  "node:dgram": [],
  "node:dns": [],
  "node:http2": [],
  "node:fs": [],
  "node:fs/promises": [],
  "node:vm": [],
  "node:process": ["roles"], // One switch that silences a warning of an older runtime.
  "node:os": [],
  "node:http": [],
  ws: ["websocket"],
  "@hono/zod-openapi": ["api", "team"],
  zod: ["api", "team"],
  // For tests only.
  "playwright-core": [],
  "axe-core": [],
  plist: [],
  hono: ["api", "team"],
  "hono/": ["api", "team"],
  "undici/": ["http1"],
  "eventsource-parser": ["http1"],
  // The one folder with a PostgreSQL client, and the one file for each kind of database.
  postgres: ["team/postgres.ts"],
  "@electric-sql/pglite": ["team/pglite.ts"],
  fzstd: ["http1"],
  "@peculiar/x509": ["ca"],
  "reflect-metadata": ["ca"],
  "smol-toml": ["os"],
  "@stricli/core": ["cli", "team/command_line.ts"],
  "cli-table3": ["cli"],
  picocolors: ["cli"],
  "string-width": ["cli"],
};

/** Folders that depend on nothing but the language and pure packages. */
const WITHOUT_PACKAGES = ["domain", "log.ts"];

/** Folders that do no I/O and read no clock of their own through the runtime. */
const PURE = ["domain", "http1", "websocket", "providers", "redact", "meter", "ca", "log.ts"];

/** Members of `Deno` that only some files may use. */
const DENO_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Command: ["os"],
  // Paths come from the environment; the command line hands it on to what it starts, and reads one switch for bug reports.
  env: ["os", "cli", "team/commands.ts"],
  // `demo` ends at once at Ctrl-C, since its folder is already gone.
  exit: ["main.ts", "cli/demo_command.ts", "team/main.ts"],
  dlopen: [],
  UnsafePointer: [],
  UnsafeFnPointer: [],
  UnsafeCallback: [],
  listen: ["roles"],
  listenTls: ["roles"],
  connect: ["roles"],
  connectTls: ["roles"],
  startTls: ["roles"],
  serve: ["roles", "team/server.ts"],
  listenDatagram: [],
  resolveDns: [],
};

/** Globals that only some files may use. A network call by any of them would be a way out that no role has. */
const GLOBALS: Readonly<Record<string, readonly string[]>> = {
  fetch: ["sync"],
  WebSocket: [],
  EventSource: [],
  XMLHttpRequest: [],
  eval: [],
  Function: [],
};

/** Whether `path`, as below `src/`, is `scope` or lies in it. */
function within(path: string, scope: string): boolean {
  return path === scope || path.startsWith(`${scope}/`);
}

/** `path` without `src/`, and its row. */
function placeOf(path: string): { readonly inner: string; readonly row: string } {
  const inner = path.replace(/^src\//, "");
  return { inner, row: inner.split("/")[0] ?? "" };
}

/** What `source` imports and may not. */
export function importViolations({ path, text }: Source): string[] {
  const { inner, row } = placeOf(path);
  const allowed = MAY_IMPORT[row];
  if (allowed === undefined) return [`${path} is in a folder without a row in the table of imports`];
  return importsOf(text).flatMap(({ specifier }): string[] => {
    if (specifier === null) return [`${path} imports a module whose name is computed`];
    if (/^\.\.?\//.test(specifier)) {
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      const { inner: wanted, row: theirs } = placeOf(target);
      if (!target.startsWith("src/")) return [`${path} imports ${target}, which is not below src/`];
      if (path.startsWith("src/") && theirs === row) return [];
      return allowed.some((scope) => within(wanted, scope)) ? [] : [`${path} imports ${target}`];
    }
    return packageViolations(path, inner, row, specifier);
  });
}

function packageViolations(path: string, inner: string, row: string, specifier: string): string[] {
  if (/^(?:https?|jsr|npm|file|data|blob):/.test(specifier)) return [`${path} imports ${specifier} past deno.json`];
  if (WITHOUT_PACKAGES.includes(row)) return [`${path} imports ${specifier}, and may import no package`];
  const rule = Object.entries(PACKAGES).find(([name]) => {
    return specifier === name || (name.endsWith("/") && specifier.startsWith(name));
  });
  if (rule === undefined || rule[1].some((scope) => within(inner, scope))) return [];
  return [`${path} imports ${specifier}`];
}

/** What `source` uses of the runtime and may not. */
export function useViolations({ path, text }: Source): string[] {
  const { inner, row } = placeOf(path);
  const tokens = tokensOf(text);
  const found: string[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== "name") continue;
    const [before, next, member] = [tokens[i - 1], tokens[i + 1], tokens[i + 2]];
    if (token.text === "Deno" && (!isMark(before, ".") || tokens[i - 2]?.text === "globalThis")) {
      if (PURE.includes(row)) found.push(`${path} uses Deno`);
      else if (!isMark(next, ".") || member?.kind !== "name") {
        found.push(`${path} uses Deno otherwise than by a member`);
      } else if (!mayUse(DENO_MEMBERS, member.text, inner)) found.push(`${path} uses Deno.${member.text}`);
    }
    if (token.text === "Worker" && before?.text === "new" && !within(inner, "roles")) {
      found.push(`${path} starts a worker`);
    }
    const called = !isMark(before, ".") && (isMark(next, "(") || before?.text === "new" || isMark(next, "."));
    if (called && !isMark(next, ":") && !mayUse(GLOBALS, token.text, inner)) found.push(`${path} uses ${token.text}`);
    if (token.text === "globalThis" && isMark(next, "[")) found.push(`${path} looks up a global by a computed name`);
  }
  return found;
}

function mayUse(rules: Readonly<Record<string, readonly string[]>>, name: string, inner: string): boolean {
  const scopes = Object.hasOwn(rules, name) ? rules[name] : undefined;
  return scopes === undefined || scopes.some((scope) => within(inner, scope));
}

/** Imports of deno.json that are not pinned to one exact version, or come from anywhere but npm. */
export function unpinned(imports: Readonly<Record<string, string>>): string[] {
  const exact = /^npm:\/?(?:@[a-z0-9._-]+\/)?[a-z0-9._-]+@\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?\/?$/;
  return Object.entries(imports).filter(([, target]) => !exact.test(target)).map(([name]) => name);
}
