/**
 * What `doctor` finds, and the one word that it comes to.
 *
 * Imports: os (types), install.
 *
 * @module
 */

import type { PlaceState } from "../os/place.ts";
import type { ClientFacts, ClientVerdict } from "./client_rules.ts";
import type { PlannedPlace } from "./plan.ts";

/** Layers in the order in which a call meets them. */
export const GROUPS = [
  "configuration",
  "certificate",
  "trust",
  "services",
  "ports",
  "environment",
  "system proxy",
  "database",
  "privacy",
  "self-test",
  "clients",
] as const;

/** One layer. */
export type Group = typeof GROUPS[number];

/**
 * - `ok`: as it should be. - `warning`: worth knowing; nothing to repair. - `problem`: not as it should be. - `skipped`:
 * cannot be had or looked at here.
 */
export type FindingState = "ok" | "warning" | "problem" | "skipped";

/** One thing that was looked at. */
export interface Finding {
  /** Stable name for programs, e.g. `trust.keychain`. */
  readonly id: string;
  readonly group: Group;
  readonly label: string;
  readonly state: FindingState;
  readonly detail: string;
  /** One thing to type or to do. */
  readonly hint: string | null;
}

/** `BROKEN`: calls are not metered, or fail. `INCONSISTENT`: metered, but something is not as the mode wants it. */
export type Verdict = "HEALTHY" | "INCONSISTENT" | "BROKEN";

/** Layers without which no call is metered. */
const VITAL: readonly Group[] = ["configuration", "certificate", "services", "ports", "database", "self-test"];

/** Findings of those layers with which calls are metered all the same. */
const NOT_VITAL = ["services.version"];

/** The word for all findings. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const problems = findings.filter(({ state }) => state === "problem");
  if (problems.some(({ id, group }) => VITAL.includes(group) && !NOT_VITAL.includes(id))) return "BROKEN";
  return problems.length > 0 ? "INCONSISTENT" : "HEALTHY";
}

const REPAIR = "Run: halton-meter doctor --fix --apply";

/** Looks at every place of a plan without changing one. */
export async function planFindings(plan: readonly PlannedPlace[]): Promise<readonly Finding[]> {
  const found = await Promise.all(plan.map(async ({ place, wanted, required }): Promise<Finding | null> => {
    const state = await place.check().catch((): PlaceState => {
      return { state: "unavailable", detail: "it cannot be looked at", hint: null };
    });
    const judged = wanted ? judgeWanted(state, required) : judgeUnwanted(state);
    const label = LABELS[place.id] ?? place.label;
    return judged === null ? null : { id: place.id, group: groupOf(place.id), label, ...judged };
  }));
  return found.filter((finding) => finding !== null);
}

/** Places as something that is there, where their own labels say what is done. */
const LABELS: Readonly<Record<string, string>> = {
  "certificate.authority": "certificate authority",
  "trust.keychain": "System keychain",
  "trust.anchors": "roots of this system",
  "trust.nss.firefox": "Firefox",
  "trust.nss.chromium": "Chromium",
  "trust.bundle": "bundle for tools",
  "trust.certifi": "Python's certifi",
  "service.daemon": "daemon",
  "service.edge": "edge",
  "service.userenv": "variables at login",
  "service.mode": "mode",
  "environment.shell": "what shells read",
  "environment.zshrc": "zsh",
  "environment.bashrc": "bash",
  "environment.bash-login": "bash, login shells",
  "environment.fish": "fish",
  "environment.session": "desktop session",
  "environment.system-proxy": "system proxy",
};

type Judged = Pick<Finding, "state" | "detail" | "hint">;

function judgeWanted({ state, detail, hint }: PlaceState, required: boolean): Judged {
  switch (state) {
    case "present":
      return { state: "ok", detail, hint };
    case "unavailable":
      return { state: required ? "problem" : "skipped", detail, hint };
    default:
      return { state: "problem", detail, hint: hint ?? REPAIR };
  }
}

/** What another mode has left behind; null for the usual case of nothing. */
function judgeUnwanted({ state, detail, hint }: PlaceState): Judged | null {
  if (state !== "present" && state !== "differs") return null;
  return { state: "problem", detail: `left over from another mode: ${detail}`, hint: hint ?? REPAIR };
}

/** The layer that a place belongs to, from the first part of its name. */
export function groupOf(id: string): Group {
  const groups: Readonly<Record<string, Group>> = {
    certificate: "certificate",
    trust: "trust",
    service: "services",
    environment: "environment",
  };
  if (id === "environment.system-proxy") return "system proxy";
  return groups[id.split(".")[0] ?? ""] ?? "services";
}

const CLIENT_LABELS: Readonly<Record<ClientFacts["name"], string>> = {
  curl: "curl",
  node: "Node",
  python: "Python",
  git: "git",
  claude: "Claude Code",
  codex: "Codex",
  gemini: "Gemini CLI",
};

/** What was found of one tool. One that is pointed elsewhere on purpose is no fault of the installation. */
export function clientFinding(facts: ClientFacts, { verdict, detail, hint }: ClientVerdict): Finding {
  return {
    id: `client.${facts.name}`,
    group: "clients",
    label: `${CLIENT_LABELS[facts.name]}${facts.version === null ? "" : ` ${facts.version}`}`,
    state: verdict === "metered" ? "ok" : verdict === "broken" ? "problem" : "warning",
    detail,
    hint,
  };
}
