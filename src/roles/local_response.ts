/**
 * Writes one answer to a connection of the local API: with its length when it is there at once, chunk by chunk when it comes over
 * time, up to the end of the connection for HTTP/1.0.
 *
 * Imports nothing of this program.
 *
 * @module
 */

/** Writes all bytes or throws. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/** How to answer. */
export interface AnswerForm {
  /** To a HEAD: no body. */
  readonly headOnly: boolean;
  /** The request's HTTP/1 version. */
  readonly minor: number;
  /** Whether the connection may carry another request. */
  readonly keepAlive: boolean;
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

const ENCODER = new TextEncoder();

/** Hop-by-hop fields, which are this writer's to decide. */
const OWN_FIELDS = ["connection", "keep-alive", "transfer-encoding", "content-length", "date"];

/**
 * Writes head and body. The body is let go of also when writing fails.
 *
 * @returns Whether the connection can carry another answer.
 */
export async function writeResponse(write: Write, response: Response, form: AnswerForm): Promise<boolean> {
  const reader = response.body?.getReader() ?? null;
  try {
    if (form.headOnly || reader === null || response.status === 204 || response.status === 304) {
      await reader?.cancel();
      const empty = response.status === 204 || response.status === 304 || form.headOnly ? [] : ["content-length: 0"];
      await write(head(response, form, form.keepAlive, empty));
      return form.keepAlive;
    }
    const first = await reader.read();
    const second = first.done ? null : reader.read();
    // Rejections are met below, where the promise is awaited.
    second?.catch(() => {});
    const done = first.done || await atOnce(second);
    if (done) {
      const bytes = first.value ?? new Uint8Array(0);
      await write(joined(head(response, form, form.keepAlive, [`content-length: ${bytes.length}`]), bytes));
      return form.keepAlive;
    }
    return await writeParts(write, response, form, first.value, second, reader);
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

type Part = ReadableStreamReadResult<Uint8Array>;

async function writeParts(
  write: Write,
  response: Response,
  form: AnswerForm,
  first: Uint8Array,
  second: Promise<Part> | null,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<boolean> {
  const chunked = form.minor >= 1;
  const keepAlive = form.keepAlive && chunked;
  await write(head(response, form, keepAlive, chunked ? ["transfer-encoding: chunked"] : []));
  await write(chunked ? chunkOf(first) : first);
  for (let part = await second; part !== null && !part.done; part = await reader.read()) {
    if (part.value.length > 0) await write(chunked ? chunkOf(part.value) : part.value);
  }
  if (chunked) await write(ENCODER.encode("0\r\n\r\n"));
  return keepAlive;
}

/** Whether a stream ends here, as far as one turn of the event loop shows. */
async function atOnce(second: Promise<Part> | null): Promise<boolean> {
  if (second === null) return true;
  const later = Symbol();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const turn = new Promise<typeof later>((resolve) => timer = setTimeout(() => resolve(later), 0));
  const found = await Promise.race([second, turn]);
  clearTimeout(timer);
  return found !== later && typeof found === "object" && found.done;
}

function head(response: Response, form: AnswerForm, keepAlive: boolean, framing: readonly string[]): Uint8Array {
  const lines = [`HTTP/1.1 ${response.status} ${REASONS[response.status] ?? "Answer"}`];
  for (const [name, value] of response.headers) {
    if (!OWN_FIELDS.includes(name)) lines.push(`${name}: ${value}`);
  }
  lines.push(`date: ${new Date().toUTCString()}`, ...framing);
  if (!keepAlive) lines.push("connection: close");
  else if (form.minor === 0) lines.push("connection: keep-alive");
  return ENCODER.encode(`${lines.join("\r\n")}\r\n\r\n`);
}

function chunkOf(bytes: Uint8Array): Uint8Array {
  const size = ENCODER.encode(`${bytes.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + bytes.length + 2);
  chunk.set(size);
  chunk.set(bytes, size.length);
  chunk.set([13, 10], size.length + bytes.length);
  return chunk;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
