/**
 * Who asks, as far as counting attempts goes.
 *
 * Imports nothing.
 *
 * @module
 */

/**
 * The address to count attempts for. Behind a proxy of ours, the last entry of `X-Forwarded-For`, which that proxy wrote; what
 * stands before it, anybody may have written.
 *
 * An IPv6 client has a network of its own (a /64 at least, RFC 6177), so that counts for its network: else each of its addresses
 * would have its own attempts. Some proxies write a port behind the address, which a client may change as it likes.
 */
export function clientAddress(request: Request, peer: string, behindProxy: boolean): string {
  const told = behindProxy ? request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() : undefined;
  return networkOf(withoutPort(told || peer));
}

function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(text)?.[1] ?? text;
}

/** An IPv4 address as it is, also one that is written as IPv6; of any other the first 64 bits. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const url = `http://[${address.replace(/%.*$/, "")}]`;
  if (!address.includes(":") || !URL.canParse(url)) return address;
  const [head = "", tail] = new URL(url).hostname.slice(1, -1).split("::");
  const [left, right] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return `${[...left, ...Array<string>(zeros).fill("0"), ...right].slice(0, 4).join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
