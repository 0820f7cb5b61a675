/**
 * The name constraints extension (RFC 5280 section 4.2.1.10), written and read.
 *
 * Owns its DER encoding and the matching of DNS names. Reads only what decides
 * whether a DNS name may be signed: names of other kinds are skipped. The X.509
 * package offers no class for this extension.
 *
 * Imports: nothing.
 *
 * @module
 */

/** Object identifier of the extension. */
export const NAME_CONSTRAINTS_OID = "2.5.29.30";

/** What a CA certificate says about DNS names. */
export interface NameConstraints {
  /** Subtrees that may be signed for; `null` where DNS names are not limited to a list. */
  readonly permittedDns: readonly string[] | null;
  /** Subtrees that may not be signed for. */
  readonly excludedDns: readonly string[];
}

const SEQUENCE = 0x30;
const SUBTREES_PERMITTED = 0xa0;
const SUBTREES_EXCLUDED = 0xa1;
const NAME_DNS = 0x82;
const NAME_IP = 0x87;

/** Address and mask of 0.0.0.0/0 and of ::/0: every IP address. */
const ALL_IPV4 = new Uint8Array(8);
const ALL_IPV6 = new Uint8Array(32);

/**
 * Encodes constraints that permit `hosts`, with their subdomains, and no IP address.
 *
 * The addresses need their own exclusion, since a list of DNS names says nothing about names of other kinds.
 *
 * @param hosts Lower-case ASCII names, at least one.
 * @returns DER, the value of the extension.
 * @throws {RangeError} If the list is empty or a name is not plain: either would make a CA that is not limited as meant.
 */
export function encodeNameConstraints(hosts: readonly string[]): Uint8Array<ArrayBuffer> {
  if (hosts.length === 0) throw new RangeError("Name constraints need at least one host");
  const permitted = hosts.map((host) => {
    if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(host)) throw new RangeError(`Not a plain DNS name: ${host}`);
    return tlv(SEQUENCE, tlv(NAME_DNS, new TextEncoder().encode(host)));
  });
  const excluded = [ALL_IPV4, ALL_IPV6].map((range) => tlv(SEQUENCE, tlv(NAME_IP, range)));
  return tlv(SEQUENCE, tlv(SUBTREES_PERMITTED, ...permitted), tlv(SUBTREES_EXCLUDED, ...excluded));
}

/**
 * Reads the value of the extension.
 *
 * @param der The value, without the wrapping octet string.
 * @throws {RangeError} If the bytes are not a name constraints value.
 */
export function decodeNameConstraints(der: Uint8Array): NameConstraints {
  const [outer, ...trailing] = elements(der);
  if (outer?.tag !== SEQUENCE || trailing.length > 0) throw new RangeError("Name constraints are not one sequence");
  const parts = elements(outer.content);
  const permitted = dnsNames(parts, SUBTREES_PERMITTED);
  return {
    permittedDns: permitted.length > 0 ? permitted : null,
    excludedDns: dnsNames(parts, SUBTREES_EXCLUDED),
  };
}

/** Whether a certificate for `host` (lower-case) satisfies `constraints`; no constraints permit everything. */
export function permits(constraints: NameConstraints | null, host: string): boolean {
  if (constraints === null) return true;
  const { permittedDns, excludedDns } = constraints;
  if (permittedDns !== null && !permittedDns.some((base) => isWithin(host, base))) return false;
  return !excludedDns.some((base) => isWithin(host, base));
}

function isWithin(host: string, base: string): boolean {
  const name = base.toLowerCase();
  if (name === "" || host === name) return true;
  return host.endsWith(name.startsWith(".") ? name : `.${name}`);
}

function dnsNames(parts: readonly Element[], tag: number): string[] {
  return parts.filter((part) => part.tag === tag)
    .flatMap((part) => elements(part.content))
    .flatMap((subtree) => elements(subtree.content).slice(0, 1))
    .filter((base) => base.tag === NAME_DNS)
    .map((base) => new TextDecoder().decode(base.content));
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** Splits DER into its elements. Tags of several bytes do not occur in this extension and are refused. */
function elements(der: Uint8Array): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < der.length) {
    const tag = der[at];
    const first = der[at + 1];
    if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new RangeError("Not readable as DER");
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || lengthBytes > 3) throw new RangeError("Not readable as DER: length out of range");
    const start = at + 2 + lengthBytes;
    const length = lengthBytes === 0 ? first : der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
    if (start + length > der.length) throw new RangeError("Not readable as DER: element cut short");
    found.push({ tag, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

function tlv(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const lengthBytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthBytes.unshift(rest % 256);
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 | lengthBytes.length, ...lengthBytes];
  const out = new Uint8Array(head.length + length);
  out.set(head);
  let at = head.length;
  for (const content of contents) {
    out.set(content, at);
    at += content.length;
  }
  return out;
}
