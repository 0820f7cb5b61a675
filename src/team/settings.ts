/**
 * What the server is told by its command line and its environment.
 *
 * Imports: domain.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";

/** Where requests are taken, and under which address people and machines know the server. */
export interface TeamSettings {
  readonly listen: string;
  readonly port: number;
  /** Origin without a slash at the end, e.g. `https://meter.example.com`. Empty = made from the port that was given. */
  readonly publicUrl: string;
  /** Whether `X-Forwarded-For` names the client, because a reverse proxy of ours sets it. */
  readonly behindProxy: boolean;
  readonly limits: Limits;
}

/** How often something may be tried. */
export interface Limits {
  /** Batches and bodies per token and minute, on one instance. */
  readonly ingestPerMinute: number;
  /** Pairing codes asked for, per address and 10 minutes. */
  readonly pairingStarts: number;
  /** Wrong pairing codes, per address and 10 minutes. */
  readonly pairingGuesses: number;
  /** Wrong pairing codes and codes asked for, from everywhere, per minute. */
  readonly pairingEverywhere: number;
  /** Wrong passphrases, per member and per address, per 15 minutes. */
  readonly signIns: number;
}

/** In force unless the environment says otherwise. */
export const DEFAULT_LIMITS: Limits = {
  ingestPerMinute: 1_200,
  pairingStarts: 20,
  pairingGuesses: 10,
  pairingEverywhere: 300,
  signIns: 10,
};

/** Reads one variable. */
export type Environment = (name: string) => string | undefined;

/** What `serve` was told on its command line. */
export interface ServeFlags {
  readonly port: number;
  readonly listen: string;
}

/**
 * Reads the settings.
 *
 * @throws {MeterError} `bad_config` for a public address over plain HTTP that is not this machine's, and for listening on others
 *   without a public address: passphrases and tokens would cross the network in clear.
 */
export function readSettings(flags: ServeFlags, env: Environment): TeamSettings {
  const publicUrl = publicUrlIn(env("HALTON_METER_PUBLIC_URL") ?? "");
  if (publicUrl === "" && !isLoopback(flags.listen)) {
    throw new MeterError("bad_config", "Cannot listen beyond this machine: HALTON_METER_PUBLIC_URL is not set", {
      hint: "Set it to the https:// address of the reverse proxy before the server, or listen on 127.0.0.1",
    });
  }
  return {
    listen: flags.listen,
    port: flags.port,
    publicUrl,
    behindProxy: env("HALTON_METER_BEHIND_PROXY") === "1",
    limits: {
      ...DEFAULT_LIMITS,
      ingestPerMinute: wholeIn(env, "HALTON_METER_INGEST_PER_MINUTE", DEFAULT_LIMITS.ingestPerMinute),
    },
  };
}

/** Checks and trims a public address. */
export function publicUrlIn(text: string): string {
  if (text === "") return "";
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "") {
    throw new MeterError("bad_config", "Cannot use HALTON_METER_PUBLIC_URL: it is not the address of a site's root", {
      hint: "Write it as https://meter.example.com",
    });
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw new MeterError("bad_config", "Cannot use HALTON_METER_PUBLIC_URL: it is plain HTTP and not on this machine", {
      hint: "Put a reverse proxy with TLS before the server and write the address with https://",
    });
  }
  return url.origin;
}

function isLoopback(name: string): boolean {
  return name === "localhost" || name === "[::1]" || name === "::1" || /^127(?:\.\d+){3}$/.test(name);
}

function wholeIn(env: Environment, name: string, fallback: number): number {
  const text = env(name);
  if (text === undefined || text === "") return fallback;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new MeterError("bad_config", `Cannot use ${name}: it is not a whole number above zero`, {
    hint: `Write it as ${name}=${fallback}`,
  });
}
