/**
 * Cuts bodies to the size that is stored, after redaction.
 *
 * The caller keeps `maxBytes` + {@link KEEP_BEYOND_CUT} of decoded text, so that a secret across the cut is seen whole and masked
 * before the cut is made. A secret that is still unfinished where the kept text ends is masked as far as it goes.
 *
 * Imports: ./body.ts, ./scan.ts, types of ./redact.ts.
 *
 * @module
 */

import { redactBody } from "./body.ts";
import type { RedactionCounts } from "./redact.ts";
import { type Find, findSecrets } from "./scan.ts";

/** Bytes of decoded text that a caller keeps beyond the cut: more than the longest key file or token in use. */
export const KEEP_BEYOND_CUT = 16 * 1024;

/** A redacted text of bounded size. */
export interface Cut {
  readonly text: string;
  readonly counts: RedactionCounts;
  /** Whether redacted text was left out. Text that the caller did not keep is not known here. */
  readonly truncated: boolean;
}

/** Redacts `text`, then keeps at most `maxBytes` of UTF-8. */
export function redactAndCut(
  text: string,
  contentType: string | null,
  maxBytes: number,
  find: Find = findSecrets,
): Cut {
  const redacted = redactBody(text, contentType, find);
  return { ...truncateUtf8(redacted.text, maxBytes), counts: redacted.counts };
}

/** The longest start of `text` that takes at most `maxBytes` in UTF-8; a character is kept whole or not at all. */
export function truncateUtf8(text: string, maxBytes: number): { text: string; truncated: boolean } {
  // A UTF-16 unit takes three bytes at most.
  if (text.length * 3 <= maxBytes) return { text, truncated: false };
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(Math.max(0, maxBytes)));
  return read === text.length ? { text, truncated: false } : { text: text.slice(0, read), truncated: true };
}
