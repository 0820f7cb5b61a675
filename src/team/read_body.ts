/**
 * Reads the body of a request, at most so many bytes, unpacked where it is gzip: what unpacks to more is refused while it is
 * being unpacked, so that a small body cannot become a large one in memory.
 *
 * Imports: ./problem.ts.
 *
 * @module
 */

import { Refusal } from "./problem.ts";

/** A JSON value. @throws {Refusal} 413, 415 for another type or coding, 400 for what is no JSON. */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Refusal(415, "not_json", "The body is not said to be JSON", "Send content-type: application/json");
  }
  const bytes = await readBytes(request, maxBytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal(400, "bad_json", "The body is not JSON in UTF-8", "Send one JSON object");
  }
}

/** The fields of a form, the last of each name. */
export async function readForm(request: Request, maxBytes: number): Promise<ReadonlyMap<string, string>> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") {
    throw new Refusal(415, "not_a_form", "The body is not said to be a form", "Use the forms of this site");
  }
  return new Map(new URLSearchParams(new TextDecoder().decode(await readBytes(request, maxBytes))));
}

/** How long a body may take: as long as nginx waits for one, so that nobody holds connections with bodies that never end. */
const BODY_MS = 60_000;

/** The unpacked bytes. @throws {Refusal} 413, 415, 400 for what is not gzip, 408 after `withinMs`. */
export async function readBytes(
  request: Request,
  maxBytes: number,
  withinMs = BODY_MS,
): Promise<Uint8Array<ArrayBuffer>> {
  const coding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  const gzip = coding === "gzip" || coding === "x-gzip";
  if (!gzip && coding !== "identity") {
    throw new Refusal(
      415,
      "bad_coding",
      "The body is packed in a way that is not understood",
      "Send gzip, or unpacked",
    );
  }
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return new Uint8Array(0);
  const packed = limited(request.body, maxBytes);
  const plain = gzip ? limited(packed.pipeThrough(new DecompressionStream("gzip")), maxBytes) : packed;
  try {
    return await collect(plain, withinMs);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (!gzip) throw new Refusal(400, "cut_off", "The body ended early", "Send it again");
    throw new Refusal(400, "bad_gzip", "The body is not what its content-encoding says", "Send gzip, or unpacked");
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

function limited(stream: ReadableStream<Bytes>, maxBytes: number): ReadableStream<Bytes> {
  let size = 0;
  return stream.pipeThrough(
    new TransformStream<Bytes, Bytes>({
      transform(chunk, controller) {
        size += chunk.length;
        if (size > maxBytes) throw tooLarge(maxBytes);
        controller.enqueue(chunk);
      },
    }),
  );
}

async function collect(stream: ReadableStream<Bytes>, withinMs: number): Promise<Bytes> {
  const chunks: Bytes[] = [];
  let size = 0;
  let late = false;
  const reader = stream.getReader();
  const timer = setTimeout(() => {
    late = true;
    reader.cancel().catch(() => {});
  }, withinMs);
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      chunks.push(read.value);
      size += read.value.length;
    }
  } finally {
    clearTimeout(timer);
  }
  if (late) throw new Refusal(408, "too_slow", "The body did not come in time", "Send it again");
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(413, "too_large", `The body is larger than ${maxBytes} bytes`, "Send less at a time");
}
