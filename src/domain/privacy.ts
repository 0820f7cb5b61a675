/**
 * The three checks by which a user can see that the meter keeps its promise: who can reach its API, where it connects to, and
 * who can read its key. Facts in, judgements out; `doctor` and the dashboard say the same.
 *
 * Imports nothing.
 *
 * @module
 */

/** What a check came to. `unknown`: it could not be looked at. */
export interface Judgement {
  readonly state: "ok" | "problem" | "unknown";
  readonly detail: string;
  /** One thing to type or to do. */
  readonly hint: string | null;
}

/** One outbound destination, as the processes counted it. */
export interface SeenDestination {
  readonly role: string;
  readonly place: string;
  /** Whether a provider's own name or the configuration allowed it, not a client. */
  readonly expected: boolean;
}

/** Modes of the certificate folder and of the key in it; `null` = not there. */
export interface KeyModes {
  readonly folder: string;
  readonly folderMode: number | null;
  readonly key: string;
  readonly keyMode: number | null;
}

/** How often a role connected somewhere. Times are UTC epoch ms. */
export interface SeenCount {
  /** On whose word: `provider`, `client`, `map`, `proxy`, `self-test` or `cloud`. */
  readonly allowed: string;
  readonly connections: number;
  readonly failed: number;
  readonly open: number;
  readonly lastAt: number;
}

/** One place that a role connected to, `host:port`. */
export interface SeenPlace extends SeenCount {
  readonly place: string;
}

/** What one role connected to. */
export interface RoleOutbound {
  readonly role: string;
  readonly running: boolean;
  /** Starts after a crash: what was counted before is gone. */
  readonly restarts: number;
  /** Addresses that the runtime lets it use; `true` = all, `false` = none. */
  readonly mayConnect: boolean | readonly string[];
  /** `null` = it was not asked, since its row reaches nothing, or did not answer. */
  readonly since: number | null;
  /** Places that the program or its configuration named, the latest used last. */
  readonly places: readonly SeenPlace[];
  /** What clients asked for, without its names: one count per way, and how many places. */
  readonly asked: readonly (SeenCount & { readonly places: number })[];
}

/** What the three checks are judged by. */
export interface PrivacyFacts {
  /** Addresses that the API's port is open on; `null` = no tool of the machine tells. */
  readonly listening: readonly string[] | null;
  readonly keyModes: KeyModes;
  readonly outbound: readonly RoleOutbound[];
}

/** Check 1: the API's port is open on 127.0.0.1 and nowhere else. */
export function judgeListening(port: number, addresses: readonly string[] | null): Judgement {
  if (addresses === null) {
    return { state: "unknown", detail: "neither lsof nor ss can be asked", hint: "Install lsof" };
  }
  const others = addresses.filter((address) => address !== "127.0.0.1");
  if (others.length > 0) {
    const hint = `See which program it is: lsof -nP -iTCP:${port} -sTCP:LISTEN`;
    return { state: "problem", detail: `port ${port} is also open on ${others.join(", ")}`, hint };
  }
  if (addresses.length === 0) {
    return { state: "problem", detail: `nothing listens on port ${port}`, hint: "Run: halton-meter status" };
  }
  return { state: "ok", detail: `127.0.0.1:${port}`, hint: null };
}

/**
 * Roles that see text, or what was made of it, and connect anywhere: the interceptor to the providers, and the sync role to the
 * server that this machine was paired with.
 */
const MAY_CONNECT = ["interceptor", "sync"];

/** Check 2: the interceptor has been nowhere but at the providers, and roles without a network nowhere at all. */
export function judgeOutbound(destinations: readonly SeenDestination[] | null): Judgement {
  if (destinations === null) return { state: "unknown", detail: "no daemon is running", hint: null };
  // The edge sees ciphertext only, and goes wherever a client asks to go.
  const seeing = destinations.filter(({ role }) => role !== "edge");
  const strangers = seeing.filter(({ role, expected }) => !MAY_CONNECT.includes(role) || !expected);
  if (strangers.length > 0) {
    const detail = strangers.map(({ role, place }) => `${role} → ${place}`).join(", ");
    return { state: "problem", detail, hint: "Stop the meter, and report this to operator@haltonlabs.com" };
  }
  const places = [...new Set(seeing.map(({ place }) => place))].sort();
  const detail = places.length === 0 ? "no call since the start" : places.join(", ");
  return { state: "ok", detail, hint: "See every destination: halton-meter connections" };
}

/** Check 3: nobody else can read the certificate authority's key. */
export function judgeKey({ folder, folderMode, key, keyMode }: KeyModes): Judgement {
  if (folderMode === null || keyMode === null) {
    return { state: "problem", detail: `there is no key at ${key}`, hint: "Run: halton-meter init" };
  }
  const detail = `${modeText("d", folderMode)} ${folder}, ${modeText("-", keyMode)} ${key}`;
  if (folderMode === 0o700 && keyMode === 0o600) return { state: "ok", detail, hint: null };
  return { state: "problem", detail, hint: "Run: halton-meter doctor --fix --apply" };
}

/** A mode as `stat` and `ls` show it: `drwx------`. */
export function modeText(kind: string, mode: number): string {
  const bits = [6, 3, 0].map((shift) => {
    const three = (mode >> shift) & 7;
    return `${three & 4 ? "r" : "-"}${three & 2 ? "w" : "-"}${three & 1 ? "x" : "-"}`;
  });
  return kind + bits.join("");
}
