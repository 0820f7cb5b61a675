/**
 * Reads server name and protocols from the first bytes of a TLS connection. Performs no I/O.
 *
 * Owns where a ClientHello ends, over any number of records, and which of its extensions say where it is going (RFC 8446
 * sections 4.1.2 and 5.1, RFC 6066 section 3, RFC 7301). Decrypts nothing: with encrypted ClientHello the name is the
 * outer one. Works on a copy; whoever feeds it keeps the bytes to forward.
 *
 * Strict: lengths must add up exactly. Anything else is `not_tls` with the reason, at the first byte that shows it, so
 * that the caller can tunnel blindly. Holds at most MAX_HELLO_BYTES; hellos with post-quantum keys have about 1,800.
 *
 * Imports nothing.
 *
 * @module
 */

/** Handshake bytes of the longest ClientHello that is read. */
export const MAX_HELLO_BYTES = 64 * 1024;

/** Bytes in one record: RFC 8446 section 5.1. */
const MAX_RECORD_BYTES = 1 << 14;

const RECORD_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;

/** What is known so far. The last two do not change any more. */
export type HelloResult =
  | { readonly kind: "more" }
  | { readonly kind: "not_tls"; readonly reason: string }
  | ClientHello;

/** What a ClientHello asks for. */
export interface ClientHello {
  readonly kind: "hello";
  /** Host name in lower case, as sent otherwise; null when the client names none. */
  readonly sni: string | null;
  /** Protocols in the client's order, placeholders of RFC 8701 left out; null without the extension. */
  readonly alpn: readonly string[] | null;
}

const MORE: HelloResult = { kind: "more" };

/** Thrown inside this file only. */
class Malformed extends Error {}

/** Reads one ClientHello. Feed it from the first byte of the connection; bytes after the hello are ignored. */
export class ClientHelloReader {
  #result: HelloResult = MORE;
  /** Bytes of a record header, five at most. */
  readonly #header: number[] = [];
  #recordLeft = 0;
  #handshake = new Uint8Array(512);
  #length = 0;

  /** @returns What is known after these bytes. */
  read(bytes: Uint8Array): HelloResult {
    try {
      for (let at = 0; at < bytes.length && this.#result.kind === "more";) at += this.#take(bytes, at);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#result = { kind: "not_tls", reason: error.message };
    }
    return this.#result;
  }

  #take(bytes: Uint8Array, at: number): number {
    if (this.#recordLeft === 0) {
      this.#header.push(bytes[at] ?? 0);
      this.#checkHeader();
      return 1;
    }
    const count = Math.min(this.#recordLeft, bytes.length - at);
    this.#recordLeft -= count;
    this.#append(bytes.subarray(at, at + count));
    return count;
  }

  /** Looks at each byte as it comes: what is not TLS must not wait for more that may never be sent. */
  #checkHeader(): void {
    const [type, major, , high, low] = this.#header;
    if (type !== RECORD_HANDSHAKE) throw new Malformed("A record is not a TLS handshake");
    if (major !== undefined && major !== 3) throw new Malformed("The record version is not one of TLS");
    if (high === undefined || low === undefined) return;
    const length = high << 8 | low;
    if (length === 0 || length > MAX_RECORD_BYTES) throw new Malformed("A record has an impossible length");
    this.#recordLeft = length;
    this.#header.length = 0;
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#handshake.length) {
      const larger = new Uint8Array(Math.max(length, this.#handshake.length * 2));
      larger.set(this.#handshake.subarray(0, this.#length));
      this.#handshake = larger;
    }
    this.#handshake.set(bytes, this.#length);
    this.#length = length;
    const [type = 0, high = 0, middle = 0, low = 0] = this.#handshake;
    if (type !== CLIENT_HELLO) throw new Malformed("The first handshake message is not a ClientHello");
    if (length < 4) return;
    const end = 4 + (high << 16 | middle << 8 | low);
    if (end > MAX_HELLO_BYTES) throw new Malformed(`A ClientHello has more than ${MAX_HELLO_BYTES} bytes`);
    if (length >= end) this.#result = hello(new Fields(this.#handshake.subarray(4, end)));
  }
}

/** True when a server that speaks only HTTP/1.1 can answer: no protocols named, or `http/1.1` among them. */
export function acceptsHttp1(hello: ClientHello): boolean {
  return hello.alpn === null || hello.alpn.includes("http/1.1");
}

function hello(fields: Fields): ClientHello {
  fields.skip(2 + 32);
  fields.vector(1);
  fields.vector(2);
  fields.vector(1);
  let sni: string | null = null;
  let alpn: string[] | null = null;
  // Before TLS 1.2 a hello may end here.
  const extensions = fields.ended ? new Fields(new Uint8Array(0)) : fields.vector(2);
  if (!fields.ended) throw new Malformed("A ClientHello is longer than its parts");
  const seen = new Set<number>();
  while (!extensions.ended) {
    const type = extensions.number(2);
    const content = extensions.vector(2);
    if (seen.has(type)) throw new Malformed("An extension comes twice");
    seen.add(type);
    if (type === EXTENSION_SERVER_NAME) sni = serverName(content);
    else if (type === EXTENSION_ALPN) alpn = protocols(content);
  }
  return { kind: "hello", sni, alpn };
}

function serverName(content: Fields): string | null {
  const names = content.vector(2);
  if (!content.ended) throw new Malformed("The server name extension is longer than its list");
  let found: string | null = null;
  while (!names.ended) {
    const type = names.number(1);
    const name = names.vector(2);
    if (type !== 0 || found !== null) continue;
    const text = name.length <= 255 ? name.text() : "";
    if (!/^[\x21-\x7e]+$/.test(text)) {
      throw new Malformed("The server name is not 1 to 255 characters of printable ASCII");
    }
    found = text.toLowerCase();
  }
  return found;
}

function protocols(content: Fields): string[] {
  const list = content.vector(2);
  if (!content.ended || list.ended) throw new Malformed("The protocol list has an impossible length");
  const names: string[] = [];
  while (!list.ended) {
    const name = list.vector(1).text();
    if (name === "") throw new Malformed("A protocol has no name");
    if (!isPlaceholder(name)) names.push(name);
  }
  return names;
}

/** RFC 8701 section 2: two equal bytes of the form 0x?a, sent so that servers get used to the unknown. */
function isPlaceholder(name: string): boolean {
  return name.length === 2 && name[0] === name[1] && (name.charCodeAt(0) & 0x0f) === 0x0a;
}

/** Takes numbers and vectors off a byte array, never beyond its end. */
class Fields {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.length === 0;
  }

  get length(): number {
    return this.#bytes.length - this.#at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  number(size: number): number {
    return this.#take(size).reduce((value, byte) => value << 8 | byte, 0);
  }

  vector(sizeOfLength: number): Fields {
    return new Fields(this.#take(this.number(sizeOfLength)));
  }

  /** The rest, one character per byte. */
  text(): string {
    return String.fromCharCode(...this.#take(this.length));
  }

  #take(count: number): Uint8Array {
    if (count > this.length) throw new Malformed("A length points beyond the ClientHello");
    const start = this.#at;
    this.#at += count;
    return this.#bytes.subarray(start, this.#at);
  }
}
