/**
 * What the close frame of a provider tells of a failure. Gemini Live reports most of its errors in this way alone.
 *
 * Of the reason, which is text, only the words of a fixed list are taken, each as the status that Google's API gives to the
 * same failure: its length is bounded by the protocol, and what else it says is never kept.
 *
 * Sources: RFC 6455 section 7.4 and the IANA registry for the codes; reports of users for the sentences.
 *
 * Imports: domain, ./adapter.ts.
 *
 * @module
 */

import type { ProviderError } from "../domain/exchange.ts";
import type { Closing } from "./adapter.ts";

/** Done, going away, and a frame without a code: none of them says that anything failed. */
const PEACEFUL: readonly number[] = [1000, 1001, 1005];

/** The first that fits names the failure; a sentence about a key or a quota also speaks of an argument or of what is not there. */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/\bAPI.?key\b.{0,40}\b(?:not valid|not found|invalid|expired)|\bAPI_KEY_INVALID\b/i, "API_KEY_INVALID"],
  [/\bRESOURCE_EXHAUSTED\b|\bexceeded your current quota|\bresource has been exhausted/i, "RESOURCE_EXHAUSTED"],
  [/\bDEADLINE_EXCEEDED\b|\bdeadline expired/i, "DEADLINE_EXCEEDED"],
  [/\bUNAVAILABLE\b|\boverloaded\b/i, "UNAVAILABLE"],
  [/\bUNAUTHENTICATED\b|\binvalid authentication/i, "UNAUTHENTICATED"],
  [/\bPERMISSION_DENIED\b|\bdoes not have permission/i, "PERMISSION_DENIED"],
  [/\bNOT_FOUND\b|\bnot found\b/i, "NOT_FOUND"],
  [/\bINVALID_ARGUMENT\b|\binvalid argument/i, "INVALID_ARGUMENT"],
  [/\bnot implemented\b|\bUNIMPLEMENTED\b/i, "UNIMPLEMENTED"],
];

/** The failure that ended a socket, its type `close_` and the code; null without a close frame or for a peaceful one. */
export function closeError(closing: Closing | null): ProviderError | null {
  if (closing === null || PEACEFUL.includes(closing.code)) return null;
  const named = SENTENCES.find(([sentence]) => sentence.test(closing.reason));
  return { type: `close_${closing.code}`, code: named?.[1] ?? null, status: null };
}
