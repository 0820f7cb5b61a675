/**
 * Finds the tools that {@link judgeClient} judges: where they are, which version, and what their own settings files add to
 * their environment. Contacts nobody: a tool is only asked for its version.
 *
 * Imports: os, install/client_rules.ts.
 *
 * @module
 */

import { codexBaseUrl } from "../os/codex_config.ts";
import type { Runner } from "../os/run.ts";
import type { ClientFacts, ClientName } from "./client_rules.ts";

/** Names that a tool goes by, in the order in which they are tried. */
const COMMANDS: Readonly<Record<ClientName, readonly string[]>> = {
  curl: ["curl"],
  node: ["node"],
  python: ["python3", "python"],
  git: ["git"],
  claude: ["claude"],
  codex: ["codex"],
  gemini: ["gemini"],
};

/** A tool that does not say its version by then is taken for one without. */
const VERSION_MS = 5_000;

/** Reads a text file; null when there is none. */
export type ReadText = (path: string) => string | null;

/** Tools on the PATH of `env`, each with its environment. */
export async function findClients(
  options: {
    readonly run: Runner;
    readonly env: ReadonlyMap<string, string>;
    readonly userHome: string;
    readonly readText: ReadText;
  },
): Promise<readonly ClientFacts[]> {
  const { run, env, userHome, readText } = options;
  const names = Object.keys(COMMANDS) as ClientName[];
  const found = await Promise.all(names.map(async (name): Promise<ClientFacts | null> => {
    const path = await locate(run, COMMANDS[name], env);
    if (path === null) return null;
    const own = settingsOf(name, { userHome, env, readText });
    // Variables from the file that a tool reads as its environment stand back behind those that are set.
    const merged = name === "gemini" ? new Map([...own.variables, ...env]) : new Map([...env, ...own.variables]);
    const files = new Map([...own.files].filter(([variable]) => merged.get(variable) === own.variables.get(variable)));
    return { name, version: await versionOf(run, path, env), env: merged, files };
  }));
  return found.filter((facts) => facts !== null);
}

async function locate(run: Runner, names: readonly string[], env: ReadonlyMap<string, string>): Promise<string | null> {
  const path = env.get("PATH");
  for (const name of names) {
    try {
      const { code, stdout } = await run("/bin/sh", ["-c", 'command -v -- "$1"', "sh", name], {
        ...(path === undefined ? {} : { env: { PATH: path } }),
      });
      const line = stdout.trim();
      if (code === 0 && line.startsWith("/")) return line;
    } catch {
      return null;
    }
  }
  return null;
}

async function versionOf(run: Runner, path: string, env: ReadonlyMap<string, string>): Promise<string | null> {
  try {
    const { stdout, stderr } = await run(path, ["--version"], {
      timeoutMs: VERSION_MS,
      env: { PATH: env.get("PATH") ?? "" },
    });
    return /(\d+\.\d+(?:\.\d+)?)/.exec(`${stdout}\n${stderr}`)?.[1] ?? null;
  } catch {
    return null;
  }
}

/** What a tool's own files set for it. */
export interface OwnSettings {
  readonly variables: ReadonlyMap<string, string>;
  /** Variable → the file that it is from. */
  readonly files: ReadonlyMap<string, string>;
}

/** Where Claude Code's administrators put settings that win over the user's; its documentation, "Settings files". */
const CLAUDE_MANAGED = [
  "/Library/Application Support/ClaudeCode/managed-settings.json",
  "/etc/claude-code/managed-settings.json",
];

/** Reads them. A later file wins. */
export function settingsOf(
  name: ClientName,
  { userHome, env, readText }: {
    readonly userHome: string;
    readonly env: ReadonlyMap<string, string>;
    readonly readText: ReadText;
  },
): OwnSettings {
  const variables = new Map<string, string>();
  const files = new Map<string, string>();
  const take = (path: string, read: (text: string) => ReadonlyMap<string, string>) => {
    for (const [variable, value] of read(readText(path) ?? "")) {
      variables.set(variable, value);
      files.set(variable, path);
    }
  };
  const folder = (variable: string, usual: string) => env.get(variable) || `${userHome}/${usual}`;
  if (name === "curl") take(`${userHome}/.curlrc`, curlSettings);
  if (name === "claude") {
    take(`${folder("CLAUDE_CONFIG_DIR", ".claude")}/settings.json`, claudeSettings);
    for (const path of CLAUDE_MANAGED) take(path, claudeSettings);
  }
  if (name === "codex") take(`${folder("CODEX_HOME", ".codex")}/config.toml`, codexSettings);
  if (name === "gemini") take(`${userHome}/.gemini/.env`, dotenv);
  return { variables, files };
}

/** Options of `.curlrc` that win over the environment, as the variables that they stand for. */
function curlSettings(text: string): ReadonlyMap<string, string> {
  const variables = { proxy: "https_proxy", noproxy: "no_proxy", cacert: "CURL_CA_BUNDLE" } as const;
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\s*(?:--)?(proxy|noproxy|cacert)(?:\s*[=:]\s*|\s+)"?([^"\n]*?)"?\s*$/.exec(line);
    const option = match?.[1];
    if (option === "proxy" || option === "noproxy" || option === "cacert") {
      found.set(variables[option], match?.[2] ?? "");
    }
  }
  return found;
}

function claudeSettings(text: string): ReadonlyMap<string, string> {
  try {
    const { env } = JSON.parse(text) as { readonly env?: unknown };
    if (typeof env !== "object" || env === null) return new Map();
    return new Map(Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch {
    return new Map(); // The tool itself complains about a broken file.
  }
}

function codexSettings(text: string): ReadonlyMap<string, string> {
  const url = codexBaseUrl(text);
  return new Map(url === null ? [] : [["OPENAI_BASE_URL", url]]);
}

function dotenv(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\n").map((line) => /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line));
  return new Map(lines.flatMap((match): [string, string][] => {
    return match?.[1] === undefined ? [] : [[match[1], (match[2] ?? "").replace(/^(["'])(.*)\1$/, "$2")]];
  }));
}
