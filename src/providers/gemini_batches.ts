/**
 * Reads the responses of a finished Gemini batch: those inlined in its status, and those in its output file, one JSON object
 * per line. They come again whenever they are fetched, so that callers tell repeats by the response id; a response without
 * one goes by the batch or file and its place there.
 *
 * The status shows inlined responses twice, as the operation's response and as the output in its metadata; the first that has
 * any is read.
 *
 * Sources: the vendor's API reference; the members of lines as written by users.
 *
 * Imports: domain, ./adapter.ts, ./error_body.ts, ./gemini_usage.ts, ./http_reader.ts, ./json.ts, ./openai_usage.ts (types),
 * ./reading.ts, ./request_body.ts, ./surface.ts.
 *
 * @module
 */

import type { Mode } from "../domain/exchange.ts";
import type { Emit } from "./adapter.ts";
import { errorOf } from "./error_body.ts";
import { mapEmbeddingMetadata, mapUsageMetadata } from "./gemini_usage.ts";
import type { Call, ResponseFormat } from "./http_reader.ts";
import { countIn, type JsonObject, nameIn, objectIn, objectsIn, parseObject, rawUsageOf } from "./json.ts";
import type { MappedUsage } from "./openai_usage.ts";
import { type Endpoint, readingOf } from "./reading.ts";
import { NOTHING_ASKED, withoutModelsPrefix } from "./request_body.ts";
import { pathOf } from "./surface.ts";

/** What every line of an output file has one of; any other file is not looked at. */
const BATCH_LINE = /"(?:response|error|usageMetadata)"/;

/** One kind of batch. */
interface Kind {
  /** Member that holds the list of responses. */
  readonly list: string;
  readonly endpoint: Endpoint;
  map(usage: JsonObject): MappedUsage;
}

const GENERATE: Kind = {
  list: "inlinedResponses",
  endpoint: { provider: "gemini", kind: "chat" },
  map: mapUsageMetadata,
};
const EMBED: Kind = {
  list: "inlinedEmbedContentResponses",
  endpoint: { provider: "gemini", kind: "embedding" },
  map: mapEmbeddingMetadata,
};

/** A batch as its status endpoint shows it. */
export function geminiBatchFormat(call: Call, emit: Emit): ResponseFormat {
  return {
    document: (value) => {
      const metadata = objectIn(value, "metadata");
      const model = nameIn(metadata, "model") ?? nameIn(value, "model");
      const places = [objectIn(value, "response"), objectIn(metadata, "output"), objectIn(value, "output")];
      for (const kind of [GENERATE, EMBED]) {
        const lists = places.map((place) => objectsIn(objectIn(place, kind.list), "inlinedResponses"));
        const entries = lists.find((list) => list.length > 0) ?? [];
        entries.forEach((entry, at) => takeEntry(kind, entry, { model, id: placeOf(call, at) }, emit));
      }
    },
    event: () => {},
    end: () => {},
  };
}

/** The output file of a batch. Lines hold a response under `response`, or are one; other files give no reading. */
export function geminiBatchFileFormat(call: Call, emit: Emit): ResponseFormat {
  let lines = 0;
  return {
    document: () => {},
    event: (_type, data) => {
      const id = placeOf(call, lines++);
      const line = BATCH_LINE.test(data) ? parseObject(data) : null;
      if (line === null) return;
      const entry = objectIn(line, "response") === null && objectIn(line, "usageMetadata") !== null
        ? { response: line }
        : line;
      const response = objectIn(entry, "response");
      const embedding = objectIn(response, "embedding") !== null;
      takeEntry(embedding ? EMBED : GENERATE, entry, { model: null, id }, emit);
    },
    end: () => {},
  };
}

/** What an entry goes by that does not name itself: the last segment of the path and the entry's place. */
function placeOf(call: Call, at: number): string | null {
  return nameIn({ id: `${pathOf(call.request).split("/").at(-1) ?? ""}#${at}` }, "id");
}

/** One response with its usage. One that failed, or that has no usage, bills nothing that could be told. */
function takeEntry(
  kind: Kind,
  entry: JsonObject,
  fallback: { readonly model: string | null; readonly id: string | null },
  emit: Emit,
): void {
  const response = objectIn(entry, "response");
  const call = { asked: { ...NOTHING_ASKED, model: withoutModelsPrefix(fallback.model) }, mode: "batch" as Mode };
  const responseId = nameIn(response, "responseId") ?? fallback.id;
  const usage = objectIn(response, "usageMetadata");
  if (usage !== null) {
    const { usage: tokens, modalities, inconsistent } = kind.map(usage);
    return emit(readingOf(kind.endpoint, call, {
      complete: true,
      usageUnknown: tokens.input === null || tokens.output === null ? "not_reported" : null,
      usage: tokens,
      modalities,
      servedModel: withoutModelsPrefix(nameIn(response, "modelVersion")),
      responseId,
      servedTier: "batch",
      inconsistent,
      rawUsage: rawUsageOf(usage),
    }));
  }
  const error = errorOf(entry, null);
  const found = { complete: true, usageUnknown: "not_reported", servedTier: "batch", responseId } as const;
  if (error !== null && objectIn(entry, "error") !== null) {
    return emit(readingOf(kind.endpoint, call, { ...found, billable: false, error }));
  }
  // Older embedding models tell a count beside the embedding.
  const counted = countIn(response, "tokenCount");
  if (counted !== null && kind === EMBED) {
    const { usage: tokens } = kind.map({ promptTokenCount: counted });
    emit(readingOf(kind.endpoint, call, { ...found, usageUnknown: null, usage: tokens }));
  }
}
