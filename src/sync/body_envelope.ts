/**
 * One captured body as it is sent: the text that is stored, which was redacted before it was written. Nothing else of the row
 * goes with it.
 *
 * Imports: node:buffer, domain (types).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { PendingBody } from "../domain/cloud.ts";

/** `BodyEnvelopeV021`: these fields, in this order, and no other. */
export interface BodyEnvelope {
  readonly request_id: string;
  readonly direction: "request" | "response";
  readonly content_type: string;
  /** Base64 of the UTF-8 text after redaction. */
  readonly body_b64: string;
  readonly redaction_applied: boolean;
  /** Names of the rules that fired. */
  readonly redaction_summary: readonly string[];
  /** Of the same bytes, before Base64. */
  readonly original_size_bytes: number;
}

/** What a body without a content type is taken for; bodies are stored as text. */
const UNTYPED = "text/plain";

/** The envelope of one direction. */
export function bodyEnvelope(requestId: string, { direction, contentType, text, rules }: PendingBody): BodyEnvelope {
  const bytes = Buffer.from(text, "utf8");
  return {
    request_id: requestId,
    direction,
    content_type: mediaType(contentType),
    body_b64: bytes.toString("base64"),
    redaction_applied: rules.length > 0,
    redaction_summary: rules,
    original_size_bytes: bytes.length,
  };
}

/** Type and subtype, without parameters, which are a client's free text. */
function mediaType(contentType: string | null): string {
  const [type = ""] = (contentType ?? "").split(";", 1);
  return /^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+-]{1,64}$/.test(type.trim()) ? type.trim() : UNTYPED;
}
