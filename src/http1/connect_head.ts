/**
 * Reads the head of the first request that a client sends to the proxy. Performs no I/O.
 *
 * Owns where the head ends and which of the four forms of RFC 9112 section 3.2 its target has. Leaves hosts and ports to
 * authority.ts and what to do with the request to the caller. Fields are checked for their grammar and handed on; only
 * lengths in a CONNECT matter here, since a tunnel has no body.
 *
 * Strict: CRLF only, single spaces, no folded lines, no space around names, HTTP/1.0 and 1.1 only. What is wrong is told
 * at the first byte that shows it, because a client that speaks TLS or SOCKS to the port waits for an answer.
 * Lenient: bytes above 0x7f in an absolute target, as curl sends what was typed; any field in a CONNECT, such as
 * `Proxy-Authorization`, is ignored; so is a `Host` that differs from the target, which RFC 9112 has win.
 *
 * Holds at most MAX_PROXY_HEAD_BYTES. Imports: authority.ts, events.ts, head.ts.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type Authority, parseAuthority } from "./authority.ts";
import type { FieldLines } from "./events.ts";
import { withoutOuterSpace } from "./head.ts";

/** Bytes of the longest head that is read. */
export const MAX_PROXY_HEAD_BYTES = 64 * 1024;

const MAX_FIELD_LINES = 1000;

/** What a client asked of the proxy. `rest` are the bytes after the head; `sentence` repeats nothing of the input. */
export type ProxyHead =
  | { readonly kind: "more" }
  | ConnectHead
  | AbsoluteHead
  | OriginHead
  | { readonly kind: "bad"; readonly sentence: string };

/** A tunnel. `host` is in canonical form, IPv6 without brackets; `raw` is the target as sent. */
export interface ConnectHead {
  readonly kind: "connect";
  readonly host: string;
  readonly port: number;
  readonly raw: string;
  readonly rest: Uint8Array;
}

/** A request in clear text that is to be passed on. */
export interface AbsoluteHead {
  readonly kind: "absolute";
  readonly scheme: "http" | "https";
  readonly method: string;
  readonly host: string;
  readonly port: number;
  /** The target as the server expects it: path and query, Latin-1 text of the bytes sent. */
  readonly target: string;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
  readonly fields: FieldLines;
  /** The head as sent, with its empty line. */
  readonly head: Uint8Array;
  readonly rest: Uint8Array;
}

/** A request to the proxy itself. */
export interface OriginHead {
  readonly kind: "origin";
  readonly method: string;
  readonly target: string;
  readonly fields: FieldLines;
  readonly rest: Uint8Array;
}

const CR = 0x0d;
const LF = 0x0a;
const MORE: ProxyHead = { kind: "more" };
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads one head. */
export class ProxyHeadReader {
  #bytes = new Uint8Array(1024);
  #length = 0;
  #scanned = 0;
  #result: ProxyHead = MORE;

  /** @returns What is known after these bytes, copied where it is kept. Once not `more`, later bytes are ignored. */
  read(bytes: Uint8Array): ProxyHead {
    if (this.#result.kind !== "more") return this.#result;
    this.#append(bytes);
    const end = this.#scan();
    if (typeof end === "string") this.#result = bad(end);
    else if (end > 0) this.#result = parsed(this.#bytes.slice(0, end), this.#bytes.slice(end, this.#length));
    else if (this.#length > MAX_PROXY_HEAD_BYTES) {
      this.#result = bad(`The request head has more than ${MAX_PROXY_HEAD_BYTES} bytes`);
    }
    return this.#result;
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  /** @returns Length of the head, 0 while it is not complete, or what is wrong with it. */
  #scan(): number | string {
    const bytes = this.#bytes;
    for (let at = this.#scanned; at < Math.min(this.#length, MAX_PROXY_HEAD_BYTES); at++) {
      this.#scanned = at + 1;
      const byte = bytes[at] ?? 0;
      if (at === 0 && !isTokenByte(byte)) return notHttp(byte);
      if (byte === LF) {
        if (bytes[at - 1] !== CR) return "A line of the request head ends in LF without CR";
        if (at >= 3 && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
      } else if (bytes[at - 1] === CR) return "The request head has a CR without LF";
      else if (isControl(byte)) return "The request head has a control character";
    }
    return 0;
  }
}

function isTokenByte(byte: number): boolean {
  return byte < 0x80 && TOKEN.test(String.fromCharCode(byte));
}

/** Tab is allowed in field values; elsewhere the grammar of the line refuses it. */
function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== CR && byte !== 0x09) || byte === 0x7f;
}

function notHttp(byte: number): string {
  if (byte === 0x16) return "The client speaks TLS to the proxy: its proxy URL must start with http://, not https://";
  if (byte === 4 || byte === 5) return "The client speaks SOCKS to the proxy: its proxy URL must start with http://";
  return "The client does not speak HTTP to the proxy";
}

function bad(sentence: string): ProxyHead {
  return { kind: "bad", sentence };
}

function parsed(head: Uint8Array, rest: Uint8Array): ProxyHead {
  const [first = "", ...lines] = Buffer.from(head.buffer, 0, head.length - 4).toString("latin1").split("\r\n");
  const [method = "", target = "", version = "", ...more] = first.split(" ");
  if (!TOKEN.test(method) || target === "" || version === "" || more.length > 0) {
    return bad("The request line is not a method, a target and a version with single spaces between them");
  }
  if (version !== "HTTP/1.1" && version !== "HTTP/1.0") return bad("The request is not HTTP/1.1");
  const fields = fieldsOf(lines);
  if (typeof fields === "string") return bad(fields);
  if (method === "CONNECT") return connect(target, fields, rest);
  if (target.startsWith("/") || (target === "*" && method === "OPTIONS")) {
    if (!isPrintable(target)) return bad("The request target has a control character");
    return { kind: "origin", method, target, fields, rest };
  }
  const absolute = absoluteTarget(target);
  if (typeof absolute === "string") return bad(absolute);
  return { kind: "absolute", method, ...absolute, version, fields, head, rest };
}

function fieldsOf(lines: readonly string[]): FieldLines | string {
  if (lines.length > MAX_FIELD_LINES) return `The request has more than ${MAX_FIELD_LINES} field lines`;
  const fields: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1 || !TOKEN.test(line.slice(0, colon))) return "A field line does not start with a name and a colon";
    fields.push(line.slice(0, colon), withoutOuterSpace(line.slice(colon + 1)));
  }
  return fields;
}

function connect(target: string, fields: FieldLines, rest: Uint8Array): ProxyHead {
  const authority = parseAuthority(target);
  if (typeof authority === "string") return bad(authority);
  if (authority.port === null) return bad("The CONNECT target has no port");
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]?.toLowerCase();
    // A client that takes its first tunnel bytes for a body would disagree with us about where they belong.
    if (name === "transfer-encoding" || (name === "content-length" && fields[at + 1] !== "0")) {
      return bad("The CONNECT request has a body");
    }
  }
  return { kind: "connect", host: authority.host, port: authority.port, raw: target, rest };
}

type AbsoluteTarget = Pick<AbsoluteHead, "scheme" | "host" | "port" | "target">;

function absoluteTarget(target: string): AbsoluteTarget | string {
  const [, schemeAsSent = "", authorityText = "", tail = ""] = /^(https?):\/\/([^/?#]*)(.*)$/is.exec(target) ?? [];
  const scheme = schemeAsSent.toLowerCase();
  if (scheme !== "http" && scheme !== "https") return "The request target is neither a path nor an http:// URL";
  if (tail.includes("#") || !isPrintable(tail)) return "The request target has a fragment or a control character";
  const authority: Authority | string = parseAuthority(authorityText);
  if (typeof authority === "string") return authority;
  return {
    scheme,
    host: authority.host,
    port: authority.port ?? (scheme === "http" ? 80 : 443),
    target: tail.startsWith("/") ? tail : `/${tail}`,
  };
}

function isPrintable(text: string): boolean {
  return /^[\x21-\x7e\x80-\xff]*$/.test(text);
}
