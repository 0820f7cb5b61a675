/**
 * Which client made a call, from its User-Agent. The field is the client's own word and is used for reports only.
 *
 * @module
 */

/** A client's name and version, as far as told. */
export interface ClientName {
  readonly name: string | null;
  readonly version: string | null;
}

/** Product tokens of well-known clients (observed) → the name people know them by. */
const KNOWN: ReadonlyMap<string, string> = new Map(Object.entries({
  "claude-cli": "claude-code",
  "codex_exec": "codex",
  "codex_cli_rs": "codex",
  "codex-cli": "codex",
  "geminicli": "gemini-cli",
  "geminicli-tui": "gemini-cli",
  "anthropic/js": "anthropic-sdk-js",
  "anthropic/python": "anthropic-sdk-python",
  "asyncanthropic/python": "anthropic-sdk-python",
  "openai/js": "openai-sdk-js",
  "openai/python": "openai-sdk-python",
  "asyncopenai/python": "openai-sdk-python",
}));

/** Longer names and versions are no product tokens (RFC 9110 §10.1.5) but free text. */
const MAX_LENGTH = 40;

/** Reads the first product of a User-Agent; `name/language version` is taken as the SDKs write it. */
export function clientNameOf(userAgent: string | undefined): ClientName {
  const first = /^([A-Za-z0-9._-]+)(?:\/([A-Za-z0-9._+-]+))?(?: ([0-9][A-Za-z0-9._+-]*))?/.exec(userAgent ?? "");
  if (first === null) return { name: null, version: null };
  const [, product = "", second, third] = first;
  const sdk = second === undefined ? undefined : KNOWN.get(`${product}/${second}`.toLowerCase());
  if (sdk !== undefined) return { name: sdk, version: short(third) };
  return { name: short(KNOWN.get(product.toLowerCase()) ?? product.toLowerCase()), version: short(second) };
}

function short(text: string | undefined): string | null {
  return text === undefined || text.length > MAX_LENGTH ? null : text;
}
