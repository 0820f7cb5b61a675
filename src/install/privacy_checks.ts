/**
 * The three checks of the security page as `doctor` shows them; domain/privacy.ts judges, and the commands of that page say
 * the same.
 *
 * Imports: domain, os, install/findings.ts (types).
 *
 * @module
 */

import { judgeKey, judgeListening, type Judgement, judgeOutbound, type SeenDestination } from "../domain/privacy.ts";
import { keyModes } from "../os/key_modes.ts";
import { listenersOf } from "../os/listeners.ts";
import type { Paths } from "../os/paths.ts";
import type { Runner } from "../os/run.ts";
import type { Finding } from "./findings.ts";

/** Check 1: the API's port is open on 127.0.0.1 and nowhere else. */
export async function listeningCheck(run: Runner, apiPort: number | null): Promise<Finding> {
  const base = { id: "privacy.listen", group: "privacy", label: "the API listens on this machine only" } as const;
  if (apiPort === null) return { ...base, state: "skipped", detail: "no API is running", hint: null };
  return finding(base, judgeListening(apiPort, await listenersOf(run, apiPort)));
}

/** Check 2: the interceptor has been nowhere but at the providers, and roles without a network nowhere at all. */
export function outboundCheck(destinations: readonly SeenDestination[] | null): Finding {
  const base = { id: "privacy.outbound", group: "privacy", label: "plaintext goes to the providers only" } as const;
  return finding(base, judgeOutbound(destinations));
}

/** Check 3: nobody else can read the certificate authority's key. */
export function keyCheck(paths: Pick<Paths, "caFolder" | "caKey">): Finding {
  const base = { id: "privacy.key", group: "privacy", label: "only you can read the certificate's key" } as const;
  return finding(base, judgeKey(keyModes(paths)));
}

function finding(base: Pick<Finding, "id" | "group" | "label">, { state, detail, hint }: Judgement): Finding {
  return { ...base, state: state === "unknown" ? "skipped" : state, detail, hint };
}
