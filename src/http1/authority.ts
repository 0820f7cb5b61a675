/**
 * Reads `host:port` as it stands in a request target. Imports nothing.
 *
 * Names are checked by length and letters only, since a resolver decides whether they exist. Strict: no user name, no
 * percent-encoding, no zone, no port 0, no leading zeros, IPv4 only as four decimal numbers, because other spellings of an
 * address are read differently by different programs. Lenient: underscores, which Docker and Windows put into names; one
 * dot at the end, which marks a full name and is removed.
 *
 * @module
 */

/** Where a request goes. */
export interface Authority {
  /** Lower case, without a final dot; IPv6 in its shortest form without brackets. */
  readonly host: string;
  /** 1 to 65535, or null when none was sent. */
  readonly port: number | null;
}

/** @returns The parts, or a sentence that says what is wrong and repeats nothing of the input, which may be a password. */
export function parseAuthority(text: string): Authority | string {
  if (text.includes("@")) return "The request target has a user name, which does not belong there";
  const [, bracketed, plain, portText] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text) ?? [];
  const host = bracketed !== undefined ? ipv6(bracketed) : plain !== undefined ? nameOrIpv4(plain) : null;
  if (host === null) return "The host in the request target is not a name or an address";
  if (portText === undefined) return { host, port: null };
  const port = /^[1-9][0-9]{0,4}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65535) return "The port in the request target is not a number from 1 to 65535";
  return { host, port };
}

function ipv6(text: string): string | null {
  if (!/^[0-9a-f:.]{2,45}$/i.test(text)) return null;
  const { hostname } = URL.parse(`http://[${text}]/`) ?? {};
  return hostname?.slice(1, -1) ?? null;
}

function nameOrIpv4(text: string): string | null {
  const host = text.toLowerCase().replace(/\.$/, "");
  const labels = host.split(".");
  if (host.length > 253 || !labels.every((label) => /^[a-z0-9_-]{1,63}$/.test(label))) return null;
  // The same rule as in the URL standard: a last label that is a number makes it an address.
  const last = labels.at(-1) ?? "";
  return !/^(?:[0-9]+|0x[0-9a-f]*)$/.test(last) || isIpv4(labels) ? host : null;
}

function isIpv4(labels: readonly string[]): boolean {
  return labels.length === 4 && labels.every((label) => /^(?:0|[1-9][0-9]{0,2})$/.test(label) && Number(label) <= 255);
}
