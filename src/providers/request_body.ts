/**
 * Reads from a request body what the caller asked for: model, streaming, tier. Works on a copy and keeps none of the rest.
 *
 * Imports: ./json.ts, ./json_body.ts.
 *
 * @module
 */

import { isObject, type JsonObject, nameIn, objectIn } from "./json.ts";
import { JsonBody } from "./json_body.ts";

/** What a request asked for, as far as its body could be read. */
export interface AskedCall {
  /** As sent, a leading `models/` stripped. */
  readonly model: string | null;
  readonly stream: boolean;
  /** `stream_options.include_usage`; `null` when the body could not be read to its end. */
  readonly includeUsage: boolean | null;
  readonly tier: string | null;
  /** OpenAI sockets: `generate: false` only warms the connection up. */
  readonly warmUp: boolean;
}

/** A request of which nothing is known. */
export const NOTHING_ASKED: AskedCall = { model: null, stream: false, includeUsage: null, tier: null, warmUp: false };

/** A form field `model` with its value; file names and other fields do not match. */
const FORM_MODEL = /\r\nContent-Disposition: *form-data; *name="?model"?(?:\r\n[^\r\n]+)*\r\n\r\n([^\r\n]{1,256})\r\n/i;

/** Collects one request body. */
export class RequestBody {
  readonly #form: boolean;
  readonly #body: JsonBody;

  /** @param contentType As sent, or empty. @param cap Longest body that is kept as a whole, in bytes. */
  constructor(contentType: string, cap?: number) {
    this.#form = contentType.toLowerCase().startsWith("multipart/form-data");
    this.#body = new JsonBody(cap);
  }

  /** Takes the next bytes. */
  read(bytes: Uint8Array): void {
    this.#body.read(bytes);
  }

  /** What was asked for, once the body has ended. @param whole False when bytes are missing. */
  asked(whole: boolean): AskedCall {
    if (this.#form) return this.#askedByForm();
    const content = this.#body.content();
    if (content.kind === "empty" || !isObject(content.value)) return NOTHING_ASKED;
    const asked = askedBy(content.value);
    return whole && content.kind !== "broken"
      ? asked
      : { ...asked, includeUsage: asked.includeUsage === true ? true : null };
  }

  #askedByForm(): AskedCall {
    const { head, tail } = this.#body.edges();
    // Latin-1 keeps byte values, so that file content cannot become something else.
    const decoder = new TextDecoder("latin1");
    for (const bytes of [head, tail]) {
      const model = FORM_MODEL.exec("\r\n" + decoder.decode(bytes))?.[1];
      if (model !== undefined) return { ...NOTHING_ASKED, model };
    }
    return NOTHING_ASKED;
  }
}

/** What a JSON request, or a `response.create` message of a socket, asks for. */
export function askedBy(body: JsonObject): AskedCall {
  return {
    // Code Assist wraps the request for a token count.
    model: withoutModelsPrefix(nameIn(body, "model") ?? nameIn(objectIn(body, "request"), "model")),
    stream: body["stream"] === true,
    includeUsage: objectIn(body, "stream_options")?.["include_usage"] === true,
    tier: nameIn(body, "service_tier") ?? nameIn(body, "serviceTier"),
    warmUp: body["generate"] === false,
  };
}

/** Strips the `models/` that Gemini puts before a model name. */
export function withoutModelsPrefix(model: string | null): string | null {
  return model?.startsWith("models/") ? model.slice("models/".length) : model;
}
