/**
 * Real clients of tests/clients, run as a user runs them: one streamed call, told about proxy and certificate only by the
 * environment, its result printed as JSON or, for curl, as it came.
 *
 * @module
 */

import { PROJECT_FOLDER } from "./program.ts";

const FOLDER = `${PROJECT_FOLDER}tests/clients`;

/** Installs the npm clients once, exactly as locked. Needs the npm registry, or npm's own cache. */
export async function ensureClients(): Promise<void> {
  const installed = await modified(`${FOLDER}/node_modules/.package-lock.json`);
  if (installed !== null && installed >= (await modified(`${FOLDER}/package-lock.json`) ?? 0)) return;
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    cwd: FOLDER,
  }).output();
  if (!success) throw new Error(`npm ci in tests/clients failed: ${new TextDecoder().decode(stderr)}`);
}

async function modified(path: string): Promise<number | null> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? null;
  } catch {
    return null;
  }
}

/** One client. */
export interface Client {
  readonly title: string;
  readonly provider: "anthropic" | "openai";
  /** As the row names it. */
  readonly clientName: string;
  /** The call's key and prompt come as arguments. */
  readonly command: (key: string, prompt: string) => readonly [string, ...string[]];
}

/** Every client that is tried. */
export const CLIENTS: readonly Client[] = [
  { title: "curl", provider: "anthropic", clientName: "curl", command: curl },
  node("undici's EnvHttpProxyAgent", "anthropic", "undici", ["fetch.mjs", "env"]),
  node("undici's ProxyAgent", "anthropic", "undici", ["fetch.mjs", "proxy"]),
  {
    title: "Python's urllib",
    provider: "anthropic",
    clientName: "python-urllib",
    command: (key, prompt) => ["python3", `${FOLDER}/urllib_call.py`, key, prompt],
  },
  node("@anthropic-ai/sdk", "anthropic", "anthropic-sdk-js", ["anthropic.mjs"]),
  node("the openai SDK", "openai", "openai-sdk-js", ["openai.mjs"]),
];

function node(title: string, provider: Client["provider"], clientName: string, args: readonly string[]): Client {
  const [script, ...more] = args;
  return {
    title,
    provider,
    clientName,
    command: (key, prompt) => ["node", `${FOLDER}/${script}`, key, prompt, ...more],
  };
}

function curl(key: string, prompt: string): readonly [string, ...string[]] {
  const body = { model: "claude-opus-5", max_tokens: 64, stream: true, messages: [{ role: "user", content: prompt }] };
  return [
    "curl",
    "--silent",
    "--show-error",
    "--no-buffer",
    "--raw",
    "--include",
    "--suppress-connect-headers",
    "--header",
    `X-Api-Key: ${key}`,
    "--header",
    "anthropic-VERSION: 2023-06-01",
    "--header",
    "content-type: application/json",
    "--data-binary",
    JSON.stringify(body),
    "https://api.anthropic.com/v1/messages?beta=true",
  ];
}

/** The variables that tell clients of a proxy and of the roots to trust. */
export function clientVariables(proxyUrl: string, caFile: string): Record<string, string> {
  return {
    HTTPS_PROXY: proxyUrl,
    https_proxy: proxyUrl,
    NODE_EXTRA_CA_CERTS: caFile,
    SSL_CERT_FILE: caFile,
    CURL_CA_BUNDLE: caFile,
  };
}
