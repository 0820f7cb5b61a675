/**
 * How providers and tunnelled hosts are reached. Types and one parser of `host:port`; imports nothing.
 *
 * @module
 */

/** A TCP address; IPv6 without brackets. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** An HTTP CONNECT proxy. `authorization` is the ready `Proxy-Authorization` value, or null. */
export interface UpstreamProxy extends Address {
  readonly authorization: string | null;
}

/** `[upstream]` of the configuration, resolved. */
export interface UpstreamSettings {
  /** Normalized host → address dialled in its place, for port 443. */
  readonly map: Readonly<Record<string, Address>>;
  readonly proxy: UpstreamProxy | null;
  /** PEM text of further roots for provider certificates; empty = the built-in roots only. */
  readonly caCerts: readonly string[];
}

/** Nothing overridden. */
export const DIRECT: UpstreamSettings = { map: {}, proxy: null, caCerts: [] };

/** Parses `host:port` or `[v6]:port`; null when it is neither. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([^\s:\[\]\/@]{1,253})):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const host = match[1] ?? match[2];
  const port = Number(match[3]);
  return host === undefined || port < 1 || port > 65535 ? null : { host, port };
}
