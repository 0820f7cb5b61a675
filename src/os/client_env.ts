/**
 * The environment that routes one command's calls through the meter and makes it trust the meter's certificate.
 *
 * Variables that replace a client's roots point at a bundle of the system's roots and ours; those that add to them point at
 * ours. What the user had set before is kept inside the bundle.
 *
 * Imports: domain, os/client_variables.ts, os/trust_bundle.ts, os/paths.ts (types).
 *
 * @module
 */

import { REPLACING_VARIABLES as REPLACING } from "./client_variables.ts";
import type { Environment, Paths } from "./paths.ts";
import { ensureBundle, ensureNodeExtra } from "./trust_bundle.ts";

/** What to set for the command, and what could not be set. */
export interface ClientEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Sentences without full stop for the user. */
  readonly warnings: readonly string[];
}

/** Builds the environment. @throws {MeterError} `failed` when a bundle cannot be written. */
export async function clientEnvironment(options: {
  readonly paths: Paths;
  readonly caCertPem: string;
  readonly edgePort: number;
  readonly project: string | null;
  readonly env: Environment;
}): Promise<ClientEnvironment> {
  const { paths, caCertPem, edgePort, project, env } = options;
  const proxy = `http://127.0.0.1:${edgePort}`;
  const variables: Record<string, string> = {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NODE_USE_ENV_PROXY: "1",
    NODE_EXTRA_CA_CERTS: paths.caCertificate,
  };
  const warnings: string[] = [];
  const earlier = REPLACING.map((name) => env.get(name)).filter((value) => value !== undefined && value !== "");
  const bundle = await ensureBundle({
    home: paths.home,
    caCertPem,
    base: [...new Set([paths.caBundle, ...earlier])] as string[],
  });
  if (bundle.path === null) warnings.push(`${bundle.reason}; only Node clients are set up`);
  else for (const name of REPLACING) variables[name] = bundle.path;
  const extra = env.get("NODE_EXTRA_CA_CERTS");
  if (extra !== undefined && extra !== "" && extra !== paths.caCertificate) {
    const node = await ensureNodeExtra({ home: paths.home, caCertPem, existing: extra });
    if (node.path !== null) variables["NODE_EXTRA_CA_CERTS"] = node.path;
  }
  for (const file of bundle.skipped) warnings.push(`${file} holds no readable certificate and was left out`);
  if (project !== null) variables["HALTON_PROJECT"] = project;
  return { variables, warnings };
}
