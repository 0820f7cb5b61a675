/**
 * The three checks by which a user can see that the meter keeps its promise: who can reach its API, where it connects to, and
 * who can read its key. The commands of the security page say the same.
 *
 * Imports: os (types), install/findings.ts (types).
 *
 * @module
 */

import type { Paths } from "../os/paths.ts";
import type { Runner } from "../os/run.ts";
import type { Finding } from "./findings.ts";

/** One outbound destination, as the processes counted it. */
export interface SeenDestination {
  readonly role: string;
  readonly place: string;
  /** Whether a provider's own name or the configuration allowed it, not a client. */
  readonly expected: boolean;
}

/** Check 1: the API's port is open on 127.0.0.1 and nowhere else. */
export async function listeningCheck(run: Runner, apiPort: number | null): Promise<Finding> {
  const base = { id: "privacy.listen", group: "privacy", label: "the API listens on this machine only" } as const;
  if (apiPort === null) return { ...base, state: "skipped", detail: "no API is running", hint: null };
  const addresses = await listeners(run, apiPort);
  if (addresses === null) {
    return { ...base, state: "skipped", detail: "neither lsof nor ss can be asked", hint: "Install lsof" };
  }
  const others = addresses.filter((address) => address !== "127.0.0.1");
  if (others.length > 0) {
    const detail = `port ${apiPort} is also open on ${others.join(", ")}`;
    return {
      ...base,
      state: "problem",
      detail,
      hint: `See which program it is: lsof -nP -iTCP:${apiPort} -sTCP:LISTEN`,
    };
  }
  if (addresses.length === 0) {
    return {
      ...base,
      state: "problem",
      detail: `nothing listens on port ${apiPort}`,
      hint: "Run: halton-meter status",
    };
  }
  return { ...base, state: "ok", detail: `127.0.0.1:${apiPort}`, hint: null };
}

/** Addresses that a TCP port is open on; null when no tool tells. lsof shows other users' sockets to root only. */
async function listeners(run: Runner, port: number): Promise<string[] | null> {
  const tools = [
    ["lsof", "-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fn"],
    ["ss", "-ltnH", `sport = :${port}`],
  ] as const;
  let answered = false;
  const found = new Set<string>();
  for (const [command, ...args] of tools) {
    try {
      for (const address of addressesIn((await run(command, args)).stdout, port)) found.add(address);
      answered = true;
    } catch {
      continue; // Not installed.
    }
  }
  return answered ? [...found] : null;
}

/** Addresses before `:port` in what lsof and ss print, each once. */
export function addressesIn(text: string, port: number): string[] {
  const pattern = new RegExp(`(?:^|[\\s>n])(\\*|\\[[0-9a-fA-F:.%a-z]*\\]|[0-9.]+):${port}(?=\\s|$)`, "gm");
  return [...new Set([...text.matchAll(pattern)].map((match) => (match[1] ?? "").replace(/^\[|\]$/g, "")))];
}

/** Check 2: the interceptor has been nowhere but at the providers, and roles without a network nowhere at all. */
export function outboundCheck(destinations: readonly SeenDestination[] | null): Finding {
  const base = { id: "privacy.outbound", group: "privacy", label: "plaintext goes to the providers only" } as const;
  if (destinations === null) return { ...base, state: "skipped", detail: "no daemon is running", hint: null };
  // The edge sees ciphertext only, and goes wherever a client asks to go.
  const seeing = destinations.filter(({ role }) => role !== "edge");
  const strangers = seeing.filter(({ role, expected }) => role !== "interceptor" || !expected);
  if (strangers.length > 0) {
    const detail = strangers.map(({ role, place }) => `${role} → ${place}`).join(", ");
    return { ...base, state: "problem", detail, hint: "Stop the meter, and report this to operator@haltonlabs.com" };
  }
  const places = [...new Set(seeing.map(({ place }) => place))].sort();
  const detail = places.length === 0 ? "no call since the start" : places.join(", ");
  return { ...base, state: "ok", detail, hint: "See every destination: halton-meter connections" };
}

/** Check 3: nobody else can read the certificate authority's key. */
export function keyCheck({ caFolder, caKey }: Pick<Paths, "caFolder" | "caKey">): Finding {
  const base = { id: "privacy.key", group: "privacy", label: "only you can read the certificate's key" } as const;
  const [folder, key] = [modeOf(caFolder), modeOf(caKey)];
  if (folder === null || key === null) {
    return { ...base, state: "problem", detail: `there is no key at ${caKey}`, hint: "Run: halton-meter init" };
  }
  const detail = `${shown("d", folder)} ${caFolder}, ${shown("-", key)} ${caKey}`;
  if (folder === 0o700 && key === 0o600) return { ...base, state: "ok", detail, hint: null };
  return { ...base, state: "problem", detail, hint: "Run: halton-meter doctor --fix --apply" };
}

function modeOf(path: string): number | null {
  try {
    return (Deno.lstatSync(path).mode ?? 0) & 0o777;
  } catch {
    return null;
  }
}

/** A mode as `stat` and `ls` show it: `drwx------`. */
export function shown(kind: string, mode: number): string {
  const bits = [6, 3, 0].map((shift) => {
    const three = (mode >> shift) & 7;
    return `${three & 4 ? "r" : "-"}${three & 2 ? "w" : "-"}${three & 1 ? "x" : "-"}`;
  });
  return kind + bits.join("");
}
