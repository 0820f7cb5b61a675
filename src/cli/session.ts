/**
 * What every command starts from: the folders, the checked configuration, the way out.
 *
 * Imports: domain, os.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import { loadConfig } from "../os/config_file.ts";
import { ensureHome, type Paths, paths } from "../os/paths.ts";

/** Folders and configuration. */
export interface Session {
  readonly paths: Paths;
  readonly config: Config;
  /** Whether the data folder gave others more than it should; it no longer does. */
  readonly homeTightened: boolean;
}

/** @throws {MeterError} `bad_config`, or `failed` for a folder that cannot be used. */
export async function openSession(): Promise<Session> {
  const found = paths();
  const homeTightened = ensureHome(found);
  return { paths: found, config: await loadConfig(found.config), homeTightened };
}

/** Resolves `[upstream]`. @throws {MeterError} `bad_config` when `ca_file` cannot be read. */
export function upstreamOf(config: Config): UpstreamSettings {
  const { map, proxy, caFile } = config.upstream;
  return { map, proxy, caCerts: caFile === null ? [] : [readCaFile(caFile)] };
}

function readCaFile(path: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    const state = cause instanceof Deno.errors.NotFound ? "there is no such file" : "the file cannot be read";
    throw new MeterError("bad_config", `Cannot load upstream.ca_file ${path}: ${state}`, {
      hint: "Set upstream.ca_file in config.toml to a PEM file",
      cause,
    });
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new MeterError("bad_config", `Cannot load upstream.ca_file ${path}: it holds no PEM certificate`, {
    hint: "Set upstream.ca_file in config.toml to a PEM file",
  });
}
