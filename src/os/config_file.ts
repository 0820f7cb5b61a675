/**
 * Reads config.toml: a file to a {@link Config}, or to every problem in it with file, line and key.
 *
 * Problems never quote the file, whose strings may be passwords; the parser's own excerpt is dropped for that reason.
 *
 * Imports: domain, ./toml_lines.ts.
 *
 * @module
 */

import { parse, TomlError } from "smol-toml";
import { type Config, defaultConfig, parseConfig } from "../domain/config.ts";
import { describeProblem } from "../domain/config_checks.ts";
import { MeterError } from "../domain/errors.ts";
import { locateKeys } from "./toml_lines.ts";

/** Far above any real configuration. */
const MAX_FILE_BYTES = 1_048_576;
const HINT = "Correct the file, or move it away to run with defaults";

/**
 * Reads a configuration. A missing file is an empty one.
 *
 * @throws {MeterError} `bad_config`, with one line per problem, or if the file is there and cannot be read.
 */
export async function loadConfig(path: string): Promise<Config> {
  const source = await readSource(path);
  return source === null ? defaultConfig() : readConfig(path, source);
}

/**
 * Reads the text of a configuration.
 *
 * @param path Named in messages; not opened.
 * @throws {MeterError} `bad_config`, with one line per problem.
 */
export function readConfig(path: string, source: string): Config {
  let raw: unknown;
  try {
    raw = parse(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new MeterError("bad_config", `${path}:${error.line}: ${syntaxReason(error)}`, { hint: HINT });
  }
  const { config, problems } = parseConfig(raw);
  if (config !== null) return config;
  const lineOf = locateKeys(source);
  const located = problems.map((problem) => ({ line: lineOf(problem.path), text: describeProblem(problem) }));
  located.sort((a, b) => a.line - b.line);
  const lines = located.map(({ line, text }) => `${path}:${line}: ${text}`);
  throw new MeterError("bad_config", lines.join("\n"), { hint: HINT });
}

async function readSource(path: string): Promise<string | null> {
  try {
    const info = await Deno.stat(path);
    if (!info.isFile) throw new MeterError("bad_config", `Cannot read ${path}: it is not a file`);
    if (info.size > MAX_FILE_BYTES) throw new MeterError("bad_config", `Cannot read ${path}: it is larger than 1 MiB`);
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    if (cause instanceof MeterError) throw cause;
    const state = cause instanceof TypeError ? "it is not UTF-8 text" : "it cannot be opened";
    throw new MeterError("bad_config", `Cannot read ${path}: ${state}`, { cause });
  }
}

/** The parser's sentence without its frame and its excerpt. */
function syntaxReason(error: TomlError): string {
  const [sentence = ""] = error.message.split("\n");
  return sentence.replace(/^Invalid TOML document: /, "").replace(/^./, (letter) => letter.toUpperCase());
}
