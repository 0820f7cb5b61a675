import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bodyEnvelope } from "../../src/sync/body_envelope.ts";

const ID = "0198a000-0000-7000-8000-000000000001";

Deno.test("C4 bodyEnvelope has exactly the seven fields, and sizes are those before Base64", () => {
  const text = "naïve: [REDACTED:email] 🙂";
  const envelope = bodyEnvelope(ID, {
    direction: "request",
    contentType: "application/json; charset=utf-8",
    text,
    rules: ["aws-access-key", "email"],
  });
  deepEqual(Object.keys(envelope), [
    "request_id",
    "direction",
    "content_type",
    "body_b64",
    "redaction_applied",
    "redaction_summary",
    "original_size_bytes",
  ]);
  equal(Buffer.from(envelope.body_b64, "base64").toString("utf8"), text);
  equal(envelope.original_size_bytes, Buffer.byteLength(text));
  equal(envelope.original_size_bytes < envelope.body_b64.length, true);
  equal(envelope.content_type, "application/json");
  deepEqual(envelope.redaction_summary, ["aws-access-key", "email"]);
  equal(envelope.redaction_applied, true);
});

Deno.test("bodyEnvelope says that nothing was redacted when no rule fired", () => {
  const envelope = bodyEnvelope(ID, { direction: "response", contentType: null, text: "", rules: [] });
  equal(envelope.redaction_applied, false);
  deepEqual([envelope.redaction_summary, envelope.original_size_bytes, envelope.body_b64], [[], 0, ""]);
  equal(envelope.content_type, "text/plain");
  const odd = bodyEnvelope(ID, { direction: "response", contentType: "a sentence; x", text: "", rules: [] });
  equal(odd.content_type, "text/plain", "free text is no media type");
});
