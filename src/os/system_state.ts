/**
 * `system_state.json`: what `init` found set before it set its own, so that `uninstall` can put it back.
 *
 * The first finding counts; what a later `init` sees may be the meter's own. May hold the address of a proxy with a
 * password, hence mode 0600.
 *
 * Imports: os/ca_files.ts, os/paths.ts.
 *
 * @module
 */

import { replaceFile } from "./ca_files.ts";
import { ensureHome, type Paths } from "./paths.ts";

/** The automatic proxy setting of one network service. */
export interface AutoProxy {
  readonly url: string | null;
  readonly enabled: boolean;
}

/** Everything that is remembered. */
export interface SystemState {
  /** Network service → its setting. */
  readonly autoProxies: Readonly<Record<string, AutoProxy>>;
  /** Variable of the login session → its value. */
  readonly session: Readonly<Record<string, string>>;
}

/** Reads the file. What cannot be read counts as nothing found. */
export async function readSystemState(paths: Paths): Promise<SystemState> {
  try {
    const value: unknown = JSON.parse(await Deno.readTextFile(paths.systemState));
    if (!isRecord(value)) return { autoProxies: {}, session: {} };
    return { autoProxies: entries(value["autoProxies"], autoProxy), session: entries(value["session"], text) };
  } catch {
    return { autoProxies: {}, session: {} };
  }
}

/** Replaces parts of the file, or removes it when nothing is left to remember. */
export async function writeSystemState(paths: Paths, part: Partial<SystemState>): Promise<void> {
  const state = { ...await readSystemState(paths), ...part };
  if (Object.keys(state.autoProxies).length + Object.keys(state.session).length === 0) {
    await Deno.remove(paths.systemState).catch(() => {}); // It may never have been written.
    return;
  }
  ensureHome(paths);
  await replaceFile(paths.systemState, `${JSON.stringify(state, null, 2)}\n`, 0o600);
}

function entries<T>(value: unknown, read: (value: unknown) => T | null): Record<string, T> {
  const found: Record<string, T> = {};
  for (const [name, entry] of isRecord(value) ? Object.entries(value) : []) {
    const item = read(entry);
    if (item !== null) found[name] = item;
  }
  return found;
}

function autoProxy(value: unknown): AutoProxy | null {
  if (!isRecord(value)) return null;
  return { url: text(value["url"]), enabled: value["enabled"] === true };
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
