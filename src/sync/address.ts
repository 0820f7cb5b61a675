/**
 * Where a paired server is: an https address, or one of this machine. A token never goes anywhere else.
 *
 * Imports: domain (types).
 *
 * @module
 */

import type { Address } from "../domain/upstream.ts";

/** A server's address, taken apart. */
export interface ServerAddress extends Address {
  readonly tls: boolean;
  /** What stands before every path; empty or `/…` without closing slash. */
  readonly prefix: string;
  /** `Host` of a request. */
  readonly authority: string;
}

const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

/** `null` for anything but https, or http on loopback; also for one with a user name, a query or a fragment. */
export function serverAddress(baseUrl: string): ServerAddress | null {
  if (!URL.canParse(baseUrl)) return null;
  const url = new URL(baseUrl);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return null;
  const tls = url.protocol === "https:";
  if (!tls && !(url.protocol === "http:" && LOCAL.includes(url.hostname))) return null;
  const port = url.port === "" ? (tls ? 443 : 80) : Number(url.port);
  if (port === 0) return null;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port,
    tls,
    prefix: url.pathname.replace(/\/+$/, ""),
    authority: url.host,
  };
}

/** Whether a page that a server names may be shown to a person: an https address, or one of this machine. */
export function isSafePage(url: string): boolean {
  if (!URL.canParse(url) || /[\s\p{Cc}]/u.test(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && LOCAL.includes(hostname));
}
