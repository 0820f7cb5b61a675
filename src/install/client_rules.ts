/**
 * Whether a tool's calls would be metered in a given environment, and if not, why. Pure: looks at facts, asks nobody.
 *
 * Which variable a tool obeys is taken from its documentation, and was seen with the versions named in README.md.
 *
 * Imports: domain.
 *
 * @module
 */

import { INTERCEPTED_HOSTS, type InterceptedHost, isIntercepted, normalizeHost } from "../domain/hosts.ts";

/** Tools that are looked for. */
export type ClientName = "curl" | "node" | "python" | "git" | "claude" | "codex" | "gemini";

/** A tool as found on the machine. */
export interface ClientFacts {
  readonly name: ClientName;
  /** `major.minor.patch` as it told itself; null when it told none. */
  readonly version: string | null;
  /** The environment its calls are made in, its own settings files included. */
  readonly env: ReadonlyMap<string, string>;
  /** Variable → the settings file of the tool that it is from. */
  readonly files?: ReadonlyMap<string, string>;
}

/** What is known of the meter and of trust on this machine. */
export interface MeterFacts {
  /** The port that the edge serves. */
  readonly edgePort: number;
  /** Whether the system's own trust store holds the meter's certificate. */
  readonly systemTrusts: boolean;
  /** Whether a file of certificates holds it. */
  readonly fileTrusts: (path: string) => boolean;
}

/**
 * - `metered`: its calls are metered. - `unmetered`: they work, past the meter. - `broken`: they would fail.
 * - `partly`: it depends on how the tool is used.
 */
export interface ClientVerdict {
  readonly verdict: "metered" | "unmetered" | "broken" | "partly";
  readonly detail: string;
  /** One thing to type or to change; null when there is nothing to do. */
  readonly hint: string | null;
}

/** How one tool finds its way. */
interface ClientRule {
  /** Providers that it calls. */
  readonly hosts: readonly InterceptedHost[];
  /** Variables that name another server, and what reads them. */
  readonly endpoints: readonly string[];
  /** Switches that send its calls to another cloud: variable → that cloud. */
  readonly clouds: Readonly<Record<string, string>>;
  /** Variables with a proxy for https, in the order in which they win. */
  readonly proxies: readonly string[];
  /** Variables with a file of roots, in the order in which they win. */
  readonly roots: readonly string[];
  /** Whether it asks the system's trust store where none of `roots` is set. */
  readonly systemRoots: boolean;
}

const PROXIES = ["https_proxy", "HTTPS_PROXY"];

const RULES: Readonly<Record<Exclude<ClientName, "git">, ClientRule>> = {
  curl: {
    hosts: INTERCEPTED_HOSTS,
    endpoints: [],
    clouds: {},
    proxies: [...PROXIES, "all_proxy", "ALL_PROXY"],
    roots: ["CURL_CA_BUNDLE", "SSL_CERT_FILE"],
    systemRoots: true,
  },
  node: {
    hosts: INTERCEPTED_HOSTS,
    endpoints: ["ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"],
    clouds: {},
    proxies: PROXIES,
    roots: ["NODE_EXTRA_CA_CERTS"],
    systemRoots: false,
  },
  python: {
    hosts: INTERCEPTED_HOSTS,
    endpoints: ["ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"],
    clouds: {},
    proxies: PROXIES,
    roots: ["SSL_CERT_FILE"],
    systemRoots: true,
  },
  claude: {
    hosts: ["api.anthropic.com"],
    endpoints: ["ANTHROPIC_BASE_URL"],
    clouds: {
      CLAUDE_CODE_USE_BEDROCK: "Amazon Bedrock",
      CLAUDE_CODE_USE_VERTEX: "Google Vertex AI",
      CLAUDE_CODE_USE_FOUNDRY: "Microsoft Foundry",
    },
    proxies: PROXIES,
    roots: ["NODE_EXTRA_CA_CERTS"],
    systemRoots: true,
  },
  codex: {
    hosts: ["chatgpt.com", "api.openai.com"],
    endpoints: ["OPENAI_BASE_URL"],
    clouds: {},
    proxies: PROXIES,
    roots: ["CODEX_CA_CERTIFICATE", "SSL_CERT_FILE"],
    systemRoots: true,
  },
  gemini: {
    hosts: ["generativelanguage.googleapis.com", "cloudcode-pa.googleapis.com"],
    endpoints: ["GOOGLE_GEMINI_BASE_URL", "CODE_ASSIST_ENDPOINT"],
    clouds: { GOOGLE_GENAI_USE_VERTEXAI: "Google Vertex AI" },
    proxies: PROXIES,
    roots: ["NODE_EXTRA_CA_CERTS"],
    systemRoots: false,
  },
};

/** Judges one tool. */
export function judgeClient(facts: ClientFacts, meter: MeterFacts): ClientVerdict {
  if (facts.name === "git") return judgeGit(facts, meter);
  const rule = RULES[facts.name];
  return elsewhere(rule, facts) ?? pastTheProxy(rule, facts, meter) ?? nodeSwitch(facts) ??
    untrusting(rule, facts.env, meter) ?? { verdict: "metered", detail: "metered", hint: null };
}

/** Calls that go to a server which is no intercepted provider. */
function elsewhere(rule: ClientRule, { env, files }: ClientFacts): ClientVerdict | null {
  const sends = (name: string, where: string) => {
    const file = files?.get(name);
    return unmetered(
      `${file ?? name} sends its calls to ${where}`,
      `${file === undefined ? `Unset ${name}` : `Change ${file}`} to have them metered`,
    );
  };
  for (const [name, cloud] of Object.entries(rule.clouds)) if (isOn(env.get(name))) return sends(name, cloud);
  for (const name of rule.endpoints) {
    const value = env.get(name) ?? "";
    if (value === "") continue;
    const host = hostOf(value);
    const unknown = files?.has(name) && /^[\w-]+$/.test(value)
      ? `the provider "${value}"`
      : "a server that cannot be read";
    if (host === null || !isIntercepted(host)) return sends(name, host ?? unknown);
  }
  return null;
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? normalizeHost(new URL(url).hostname) : null;
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false", "no", "off"].includes(value.toLowerCase());
}

function pastTheProxy(rule: ClientRule, { env, files }: ClientFacts, meter: MeterFacts): ClientVerdict | null {
  const name = rule.proxies.find((variable) => (env.get(variable) ?? "") !== "");
  if (name === undefined) {
    return unmetered("no HTTPS_PROXY is set", "Open a new terminal, or put `halton-meter run --` before the command");
  }
  const value = env.get(name) ?? "";
  if (!isOurs(value, meter.edgePort)) {
    const other = URL.canParse(value) ? new URL(value).host : "something else";
    const file = files?.get(name);
    return unmetered(
      `${file ?? name} names another proxy (${other})`,
      `Set it as upstream.proxy in config.toml, and ${file === undefined ? `unset ${name}` : `take it out of ${file}`}`,
    );
  }
  const exempt = ["no_proxy", "NO_PROXY"].find((variable) => {
    return rule.hosts.some((host) => exempts(env.get(variable) ?? "", host));
  });
  if (exempt === undefined) return null;
  const list = files?.get(exempt) ?? exempt;
  return unmetered(`${list} exempts its provider from the proxy`, `Take the provider out of ${list}`);
}

function isOurs(value: string, edgePort: number): boolean {
  const text = value.includes("://") ? value : `http://${value}`;
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, port } = new URL(text);
  return protocol === "http:" && ["127.0.0.1", "localhost"].includes(hostname) && Number(port) === edgePort;
}

/** Whether a list such as `localhost,.corp.example` exempts `host`. A name exempts what is below it as well. */
export function exempts(list: string, host: string): boolean {
  return list.split(/[,\s]+/).filter((entry) => entry !== "").some((entry) => {
    if (entry === "*") return true;
    const name = normalizeHost(entry.replace(/:\d+$/, "")).replace(/^\*?\./, "");
    return name !== "" && (host === name || host.endsWith(`.${name}`));
  });
}

/** Node's own `fetch` obeys the proxy from 22.21 and 24.0 on, when it is told to; its `https` module from 24.5 on. */
function nodeSwitch({ name, version, env }: ClientFacts): ClientVerdict | null {
  if (name !== "node") return null;
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  const can = major >= 24 || (major === 22 && minor >= 21);
  if (!can) {
    return {
      verdict: "partly",
      detail: `the fetch of Node ${
        version ?? "of this version"
      } ignores proxies; SDKs that obey HTTPS_PROXY are metered`,
      hint: "Use Node 22.21, 24.0 or newer",
    };
  }
  if (isOn(env.get("NODE_USE_ENV_PROXY"))) return null;
  return unmetered("NODE_USE_ENV_PROXY is not set, so that its fetch ignores the proxy", "Set NODE_USE_ENV_PROXY=1");
}

function untrusting(rule: ClientRule, env: ReadonlyMap<string, string>, meter: MeterFacts): ClientVerdict | null {
  const name = rule.roots.find((variable) => (env.get(variable) ?? "") !== "");
  if (name !== undefined && meter.fileTrusts(env.get(name) ?? "")) return null;
  const asksSystem = rule.systemRoots || isOn(env.get("NODE_USE_SYSTEM_CA"));
  if (name === undefined && asksSystem && meter.systemTrusts) return null;
  const found = name === undefined
    ? `it does not trust the meter's certificate, and ${rule.roots[0]} is not set`
    : `the file in ${name} does not hold the meter's certificate`;
  return {
    verdict: "broken",
    detail: `would fail: ${found}`,
    hint: "Run `halton-meter init --apps` and open a new terminal, or put `halton-meter run --` before the command",
  };
}

/** Git calls no provider: it must only go on working. */
function judgeGit({ env }: ClientFacts, meter: MeterFacts): ClientVerdict {
  const file = env.get("GIT_SSL_CAINFO") ?? "";
  if (file === "" || meter.fileTrusts(file)) {
    return { verdict: "metered", detail: "works; it calls no provider, so that there is nothing to meter", hint: null };
  }
  return {
    verdict: "broken",
    detail: "would fail: the file in GIT_SSL_CAINFO is not the meter's bundle, or is gone",
    hint: "Open a new terminal, or unset GIT_SSL_CAINFO",
  };
}

function unmetered(detail: string, hint: string): ClientVerdict {
  return { verdict: "unmetered", detail, hint };
}
