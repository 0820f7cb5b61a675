/**
 * Bodies of requests (C3–C9): kept only in a workspace that turned it on, shown only to whom its role lets, every view
 * written down.
 *
 * Imports: node:buffer, zod, ./audit.ts, ./callers.ts (types), ./database.ts, ./problem.ts, ./row_schema.ts.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { z } from "zod";
import { writeAudit } from "./audit.ts";
import type { Caller } from "./callers.ts";
import { flagIn, numberOrNull, type Row, type Sql, textIn, textOrNull } from "./database.ts";
import { Refusal } from "./problem.ts";
import { Uuid } from "./row_schema.ts";

/** Decoded bytes of one body. */
export const MAX_BODY_BYTES = 2 * 1_048_576;
/** Bytes of an envelope: the body in Base64, and what is around it. */
export const MAX_ENVELOPE_BYTES = Math.ceil(MAX_BODY_BYTES / 3) * 4 + 16_384;

/** Bodies deleted by one statement. */
const CHUNK = 1_000;

/** C4, `BodyEnvelopeV021`. */
export const BodyEnvelope = z.object({
  request_id: Uuid,
  direction: z.enum(["request", "response"]),
  content_type: z.string().max(256).regex(/^[\x20-\x7e]*$/),
  body_b64: z.string(),
  redaction_applied: z.boolean(),
  redaction_summary: z.array(z.string().max(64).regex(/^[a-z0-9][a-z0-9-]*$/)).max(200),
  original_size_bytes: z.int().min(0),
});

/** An envelope whose body is known to be UTF-8 text. */
export interface CheckedBody {
  readonly envelope: z.infer<typeof BodyEnvelope>;
}

/** The answer while the workspace keeps no bodies (C8). */
export const NOT_STORED = { stored: false, reason: "store_prompt_content_disabled" } as const;

/**
 * Checks an envelope. Nothing is asked of the database before this.
 *
 * @throws {Refusal} 400 for an envelope of another shape or for another request, for invalid Base64, for invalid UTF-8 (C7);
 *   413 for a body that is too large.
 */
export function checkBody(sent: unknown, requestId: string): CheckedBody {
  const found = BodyEnvelope.safeParse(sent);
  if (!found.success) {
    const place = found.error.issues[0]?.path.map(String).join(".") ?? "";
    throw new Refusal(
      400,
      "bad_envelope",
      `The envelope is not what it should be: ${place || "the body"}`,
      "Send a BodyEnvelopeV021",
    );
  }
  const envelope = found.data;
  if (envelope.request_id !== requestId) {
    throw new Refusal(
      400,
      "wrong_request",
      "The envelope is for another request than the path",
      "Send both the same id",
    );
  }
  const bytes = strictBase64(envelope.body_b64);
  if (bytes === null) {
    throw new Refusal(400, "bad_base64", "The body is not valid Base64", "Send standard Base64 with padding");
  }
  if (bytes.length > MAX_BODY_BYTES) {
    throw new Refusal(413, "too_large", `The body is larger than ${MAX_BODY_BYTES} bytes`, "Send less of it");
  }
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(400, "bad_utf8", "The body is not valid UTF-8", "Send text only");
  }
  return { envelope };
}

/** Base64 of RFC 4648 section 4 with its padding, and nothing else; null for any other text. */
function strictBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const bytes = Buffer.from(text, "base64");
  // Bits that the padding leaves over must be zero, so that one body has one spelling.
  return bytes.toString("base64") === text ? bytes : null;
}

/**
 * Stores one direction beside the other (C5). The workspace's switch is read under a lock, so that none is stored after
 * somebody saw it turned off (C8).
 *
 * @returns whether it was stored.
 * @throws {Refusal} 404 for a request that this machine did not send to this workspace.
 */
export async function storeBody(sql: Sql, caller: Caller, { envelope }: CheckedBody): Promise<boolean> {
  const [request] = await sql(
    `SELECT to_json(occurred_at) #>> '{}' AS occurred_at FROM request_keys
     WHERE request_id = $1::text::uuid AND ($2::text IS NULL OR device_id = $2::text::uuid)`,
    [envelope.request_id, caller.device?.id ?? null],
  );
  if (request === undefined) {
    throw new Refusal(404, "unknown_request", "This request is not known here", "Send it in a batch first");
  }
  const [workspace] = await sql("SELECT store_prompt_content FROM workspaces WHERE id = $1::text::uuid FOR SHARE", [
    caller.workspaceId,
  ]);
  if (workspace === undefined || !flagIn(workspace, "store_prompt_content")) return false;
  const to = envelope.direction;
  await sql(
    `INSERT INTO request_bodies AS b (workspace_id, request_id, occurred_at, ${to}_text, ${to}_content_type,
       ${to}_original_size, ${to}_rules, redaction_applied)
     VALUES ($1::text::uuid, $2::text::uuid, $3::text::timestamptz, decode($4::text, 'base64'), $5::text,
       $6::text::bigint, $7::text::jsonb, $8::boolean)
     ON CONFLICT (workspace_id, request_id) DO UPDATE SET ${to}_text = excluded.${to}_text,
       ${to}_content_type = excluded.${to}_content_type, ${to}_original_size = excluded.${to}_original_size,
       ${to}_rules = excluded.${to}_rules, updated_at = now(),
       redaction_applied = b.redaction_applied OR excluded.redaction_applied`,
    [
      caller.workspaceId,
      envelope.request_id,
      textIn(request, "occurred_at"),
      envelope.body_b64,
      envelope.content_type,
      String(envelope.original_size_bytes),
      JSON.stringify(envelope.redaction_summary),
      envelope.redaction_applied,
    ],
  );
  return true;
}

/** One direction as it is shown. */
export interface ShownBody {
  readonly text: string;
  readonly contentType: string;
  readonly originalSize: number | null;
  readonly rules: readonly string[];
}

/** What is stored of a request. */
export interface ShownBodies {
  readonly redactionApplied: boolean;
  readonly request: ShownBody | null;
  readonly response: ShownBody | null;
}

/** Somebody who wants to look. */
export interface Viewer {
  readonly workspaceId: string;
  readonly memberId: string;
  readonly role: string;
}

/** Owners and admins may look at every body, a member at those of its own machines. */
export function maySeeBodies(viewer: Viewer, ownerOfRequest: string): boolean {
  return viewer.role === "owner" || viewer.role === "admin" || viewer.memberId === ownerOfRequest;
}

/**
 * The bodies of a request, and the entry that says who looked.
 *
 * @throws {Refusal} 404 where there is none, or none that this viewer may know of.
 */
export async function viewBodies(sql: Sql, viewer: Viewer, requestId: string): Promise<ShownBodies> {
  const [row] = await sql(
    `SELECT d.member_id::text AS member, b.redaction_applied, encode(b.request_text, 'base64') AS request_text,
       b.request_content_type, b.request_original_size::float8, b.request_rules::text,
       encode(b.response_text, 'base64') AS response_text, b.response_content_type,
       b.response_original_size::float8, b.response_rules::text
     FROM request_bodies b
     JOIN request_keys k ON k.workspace_id = b.workspace_id AND k.request_id = b.request_id
     JOIN devices d ON d.workspace_id = k.workspace_id AND d.id = k.device_id
     WHERE b.request_id = $1::text::uuid`,
    [requestId],
  );
  if (row === undefined || !maySeeBodies(viewer, textIn(row, "member"))) {
    throw new Refusal(404, "no_body", "There is no body of this request that you may see", "Ask an owner or an admin");
  }
  const details = { request: requestId };
  await writeAudit(sql, { workspaceId: viewer.workspaceId, memberId: viewer.memberId, event: "body.viewed", details });
  return {
    redactionApplied: flagIn(row, "redaction_applied"),
    request: shownBody(row, "request"),
    response: shownBody(row, "response"),
  };
}

/** Deletes every body of the workspace. @returns how many. */
export async function deleteBodies(sql: Sql, viewer: Viewer): Promise<number> {
  let deleted = 0;
  for (let more = true; more;) {
    // In parts, since a statement has its time, and all or nothing, so that nobody takes a part for all.
    const { length } = await sql(
      `DELETE FROM request_bodies WHERE request_id IN (SELECT request_id FROM request_bodies LIMIT ${CHUNK})
       RETURNING 1 AS one`,
    );
    deleted += length;
    more = length === CHUNK;
  }
  const details = { bodies: deleted };
  await writeAudit(sql, {
    workspaceId: viewer.workspaceId,
    memberId: viewer.memberId,
    event: "bodies.deleted",
    details,
  });
  return deleted;
}

function shownBody(row: Row, direction: "request" | "response"): ShownBody | null {
  const packed = textOrNull(row, `${direction}_text`);
  if (packed === null) return null;
  const rules: unknown = JSON.parse(textOrNull(row, `${direction}_rules`) ?? "[]");
  return {
    text: Buffer.from(packed, "base64").toString("utf8"),
    contentType: textOrNull(row, `${direction}_content_type`) ?? "",
    originalSize: numberOrNull(row, `${direction}_original_size`),
    rules: Array.isArray(rules) ? rules.map(String) : [],
  };
}
