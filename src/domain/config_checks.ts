/**
 * Checks of single values of the configuration, and what a failed check reports.
 *
 * Owns the rule that a string of the file is never repeated: it may be a password or a token.
 *
 * Imports: ./slug.ts, ./upstream.ts.
 *
 * @module
 */

import { isSlug } from "./slug.ts";
import type { UpstreamProxy } from "./upstream.ts";

/** Names and list positions that lead to a value. */
export type KeyPath = readonly (string | number)[];

/** What is wrong in the configuration. Safe to show. */
export interface Problem {
  readonly path: KeyPath;
  /** The path as it would be written, for people: `pricing.overrides[0].input`. */
  readonly keyPath: string;
  /** A type, or the value itself if it is a number or a boolean. */
  readonly found: string;
  readonly wanted: string;
  /** For an unknown key: the known one that was probably meant. */
  readonly suggestion: string | null;
}

/** Where a value stands, and where problems with it go. */
export interface Place {
  readonly path: KeyPath;
  readonly problems: Problem[];
}

/** Turns a value of the file into what the program uses. Undefined after reporting at least one problem. */
export type Check<T> = (value: unknown, place: Place) => T | undefined;

/** A table of the file. */
export type Table = Readonly<Record<string, unknown>>;

/** One sentence without its place: `bodies.enabled: found 1, wanted true or false`. */
export function describeProblem({ keyPath, found, wanted, suggestion }: Problem): string {
  const remedy = suggestion === null ? `, wanted ${wanted}` : `; did you mean "${suggestion}"?`;
  return `${keyPath}: found ${found}${remedy}`;
}

/** Keys that people give to settings are shorter and have fewer digits; anything else may be a secret in the wrong place. */
const SHOWN_KEY = /^(?!(?:.*\d){6})[^]{1,40}$/;

/** Writes a path as TOML would, with list positions from 0, and `…` for a key that may be a secret. */
export function formatKeyPath(path: KeyPath): string {
  return path.map((part, index) => {
    if (typeof part === "number") return `[${part}]`;
    if (!SHOWN_KEY.test(part)) return index === 0 ? "…" : ".…";
    const name = /^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part);
    return index === 0 ? name : `.${name}`;
  }).join("");
}

/** Adds a problem. Always undefined, so that a check can return it. */
export function report(place: Place, found: string, wanted: string, suggestion: string | null = null): undefined {
  const { path } = place;
  place.problems.push({ path, keyPath: formatKeyPath(path), found, wanted, suggestion });
  return undefined;
}

/** The place of a part of a value. */
export function within(place: Place, part: string | number): Place {
  return { path: [...place.path, part], problems: place.problems };
}

/** What a value is, without saying what a string says. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return "a string";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  return value instanceof Date ? "a date or time" : "a table";
}

/** Whether `value` is a table, not a list or a date. */
export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The value of `key`; undefined for what the table merely inherits. */
export function ownValue(table: Table, key: string): unknown {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** True or false. */
export const boolean: Check<boolean> = (value, place) => {
  return typeof value === "boolean" ? value : report(place, describeValue(value), "true or false");
};

/** A whole number in a range. `wanted` names it with its unit. */
export function integer(wanted: string, least: number, most: number): Check<number> {
  return (value, place) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    return report(place, describeValue(value), `${wanted} from ${least} to ${most}`);
  };
}

/** A string that passes `read`; null from `read` means that it does not. */
export function text<T>(wanted: string, read: (text: string) => T | null): Check<T> {
  return (value, place) => {
    if (typeof value !== "string") return report(place, describeValue(value), wanted);
    return read(value) ?? report(place, "another string", wanted);
  };
}

/** One of a few words. */
export function enumeration<T extends string>(words: readonly T[]): Check<T> {
  const wanted = words.map((word) => `"${word}"`).join(" or ");
  return text(wanted, (value) => words.find((word) => word === value) ?? null);
}

/** A list whose every item passes `check`. */
export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) return report(place, describeValue(value), "a list");
    const items = value.map((item, index) => check(item, within(place, index)));
    const good = items.filter((item) => item !== undefined);
    return good.length === items.length ? good : undefined;
  };
}

/** A project's slug. */
export const slug: Check<string> = text(
  "lower-case letters, digits and - _ : / only",
  (value) => isSlug(value) ? value : null,
);

/** One word, an identifier that a server gave out. */
export const identifier: Check<string> = text("one word", (value) => /^[!-~]{1,256}$/.test(value) ? value : null);

/** The path of a file. */
export const absolutePath: Check<string> = text(
  "an absolute path",
  (value) => value.startsWith("/") && !value.includes("\0") ? value : null,
);

/** A web origin. A wildcard is none: it would show the API to every page. */
export const origin: Check<string> = text("an origin such as http://localhost:3000", (value) => {
  const url = parseUrl(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === value ? value : null;
});

/** The address of a server that gets a token, so never in clear text beyond this machine. No slash at the end. */
export const serverUrl: Check<string> = text("an https URL without user name and query", (value) => {
  const url = parseUrl(value);
  if (url === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return null;
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const safe = url.protocol === "https:" || (url.protocol === "http:" && local);
  return safe ? url.href.replace(/\/+$/, "") : null;
});

/** A CONNECT proxy, spoken to without TLS. User name and password become its `Proxy-Authorization` value. */
export const connectProxy: Check<UpstreamProxy> = text("a proxy such as http://proxy.example:3128", (value) => {
  const url = parseUrl(value);
  if (url === null || url.protocol !== "http:" || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return null;
  }
  const credentials = decoded(`${url.username}:${url.password}`);
  const port = url.port === "" ? 80 : Number(url.port);
  if (credentials === null || port === 0) return null;
  const authorization = credentials === ":" ? null : `Basic ${base64(credentials)}`;
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port, authorization };
});

function parseUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

function base64(value: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)));
}
