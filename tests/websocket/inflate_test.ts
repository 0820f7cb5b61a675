import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import zlib from "node:zlib";
import { MessageInflater } from "../../src/websocket/inflate.ts";
import { utf8 } from "../http1/pieces.ts";

type Answer = string | { readonly code: unknown };

function inflate(inflater: MessageInflater, bytes: Uint8Array, last = true): Promise<Answer> {
  return new Promise((resolve) => {
    inflater.decompress(bytes, last, (error, inflated) => {
      resolve(error === null ? new TextDecoder().decode(inflated) : { code: "code" in error ? error.code : null });
    });
  });
}

/** Messages of one sender that keeps its window. */
async function coded(messages: readonly string[]): Promise<Uint8Array[]> {
  const coder = zlib.createDeflateRaw();
  const results: Uint8Array[] = [];
  for (const message of messages) {
    const chunks: Uint8Array[] = [];
    coder.on("data", (bytes: Uint8Array) => chunks.push(bytes));
    await new Promise<void>((resolve) => (coder.write(message), coder.flush(zlib.constants.Z_SYNC_FLUSH, resolve)));
    coder.removeAllListeners("data");
    results.push(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])).subarray(0, -4));
  }
  return results;
}

const OPTIONS = { noContextTakeover: false, maxPayload: 1000 };
const TEXT = "a text that comes again, a text that comes again";

Deno.test("MessageInflater keeps its window from message to message unless told otherwise", async () => {
  const [first = utf8(""), second = utf8("")] = await coded([TEXT, TEXT]);
  const keeping = new MessageInflater(OPTIONS);
  deepEqual([await inflate(keeping, first), await inflate(keeping, second)], [TEXT, TEXT]);
  const forgetting = new MessageInflater({ ...OPTIONS, noContextTakeover: true });
  deepEqual([await inflate(forgetting, first), await inflate(forgetting, first)], [TEXT, TEXT]);
  // The second one points into the first, which is forgotten.
  deepEqual(await inflate(forgetting, second), { code: "Z_DATA_ERROR" });
});

Deno.test("MessageInflater reads a message in parts of any size", async () => {
  const [bytes = utf8("")] = await coded([TEXT]);
  for (let at = 0; at <= bytes.length; at++) {
    const inflater = new MessageInflater(OPTIONS);
    const start = await inflate(inflater, bytes.subarray(0, at), false);
    equal(`${start}${await inflate(inflater, bytes.subarray(at))}`, TEXT);
  }
});

Deno.test("MessageInflater reads messages that end in a final block", async () => {
  const inflater = new MessageInflater(OPTIONS);
  const final = zlib.deflateRawSync(TEXT);
  for (let round = 0; round < 3; round++) equal(await inflate(inflater, final), TEXT);
  equal(await inflate(inflater, Uint8Array.from([...final, 0])), TEXT);
});

Deno.test("MessageInflater answers once with an error on damaged or too long data, and can go on", async () => {
  const [good = utf8("")] = await coded([TEXT]);
  const inflater = new MessageInflater(OPTIONS);
  for (let round = 0; round < 2; round++) {
    deepEqual(await inflate(inflater, Uint8Array.of(7, 1, 2)), { code: "Z_DATA_ERROR" });
    equal(await inflate(inflater, good), TEXT);
    const long = zlib.deflateRawSync("0".repeat(100_000));
    deepEqual(await inflate(inflater, long), { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" });
  }
});

Deno.test("MessageInflater answers nothing once it is closed", async () => {
  const [bytes = utf8("")] = await coded([TEXT]);
  const inflater = new MessageInflater(OPTIONS);
  let answers = 0;
  inflater.decompress(bytes, true, () => answers++);
  inflater.close();
  inflater.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  equal(answers, 0);
});
