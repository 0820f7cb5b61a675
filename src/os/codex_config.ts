/**
 * Where Codex sends its calls, by its own `config.toml`.
 *
 * Imports: nothing.
 *
 * @module
 */

import { parse } from "smol-toml";

/** Servers of providers that Codex knows by itself and that are none of ours, as URLs. */
const BUILT_IN: Readonly<Record<string, string>> = {
  ollama: "http://localhost:11434/v1",
  lmstudio: "http://localhost:1234/v1",
};

/**
 * The URL that the file sends calls to: that of the provider it selects (`model_provider`), else `openai_base_url`. The name
 * of a provider whose URL is not there; null where the file changes nothing, or cannot be read, of which Codex complains.
 */
export function codexBaseUrl(text: string): string | null {
  let file: Record<string, unknown>;
  try {
    file = parse(text);
  } catch {
    return null;
  }
  const { model_provider: provider, model_providers: providers, openai_base_url: own } = file;
  // A table for the built-in provider is not looked at.
  if (typeof provider !== "string" || provider === "openai") return typeof own === "string" ? own : null;
  const table = isRecord(providers) ? providers[provider] : null;
  const url = isRecord(table) ? table["base_url"] : null;
  return typeof url === "string" ? url : BUILT_IN[provider] ?? provider;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
