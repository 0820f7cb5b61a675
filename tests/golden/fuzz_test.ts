/**
 * Spoiled exchanges of every surface through connection reader, decoders, adapters and price table: nothing throws, what is
 * counted is a count, and memory stays bounded. Each case has a seed of its own, printed when it fails; set FIRST_SEED to it
 * and CASES to 1 to repeat it. No permissions.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import type { Reading } from "../../src/domain/exchange.ts";
import { parserStats } from "../../src/http1/llhttp.ts";
import { costOf } from "../../src/meter/cost.ts";
import { type Random, seeded } from "./bodies.ts";
import { CORPUS } from "./corpus.ts";
import { mutated, pieces } from "./mutations.ts";
import { BUNDLED, type Framing, message, NOW, readWire, utf8 } from "./wire.ts";

const FIRST_SEED = 1_121;
const CASES = 4000;

const CODINGS: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["br", brotliCompressSync],
  // Labels that lie.
  ["gzip", (bytes) => bytes],
  ["zstd", gzipSync],
  ["identity", gzipSync],
  ["gzip, br", gzipSync],
  ["unheard-of", (bytes) => bytes],
];
const FRAMINGS: readonly Framing[] = ["length", "chunked", "until the end"];
const WRONG_TYPES = ["application/json", "text/event-stream", "text/html", "application/octet-stream", ""];

function bodyOf(body: unknown): Uint8Array {
  return body === undefined ? new Uint8Array() : utf8(typeof body === "string" ? body : JSON.stringify(body));
}

/** One spoiled exchange: request and response as they cross the wire. */
function spoil(random: Random) {
  const entry = CORPUS[random(CORPUS.length)] ?? CORPUS[0];
  if (entry === undefined) throw new RangeError("The corpus is empty");
  const [method = "", url = ""] = entry.call.split(" ");
  const host = url.slice(0, url.indexOf("/"));
  const requestBody = bodyOf(entry.request);
  const request = message(
    `${method} ${url.slice(url.indexOf("/"))} HTTP/1.1`,
    [`Host: ${host}`, `Content-Type: ${entry.requestType ?? "application/json"}`],
    random(3) === 0 ? mutated(requestBody, random) : requestBody,
    "length",
  );
  const body = bodyOf(entry.response);
  const spoiledBody = random(2) === 0 ? mutated(body, random) : body;
  const [coding, code] = CODINGS[random(40)] ?? [null, null];
  const right = entry.type ??
    (/^[[{]/.test(new TextDecoder().decode(body.subarray(0, 1))) ? WRONG_TYPES[0] : WRONG_TYPES[1]);
  const type = random(10) === 0 ? WRONG_TYPES[random(WRONG_TYPES.length)] : right;
  const status = random(12) === 0 ? [204, 400, 429, 500, 529, 301][random(6)] ?? 500 : entry.status ?? 200;
  const response = message(
    `HTTP/1.1 ${status} Answer`,
    [`Content-Type: ${type}`, ...coding === null ? [] : [`Content-Encoding: ${coding}`]],
    code === null ? spoiledBody : code(spoiledBody),
    FRAMINGS[random(FRAMINGS.length)] ?? "length",
  );
  return {
    entry,
    host,
    request: random(6) === 0 ? mutated(request, random) : request,
    response: random(2) === 0 ? mutated(response, random) : response,
  };
}

/** What holds for every reading, whatever was sent. */
function assertSound(reading: Reading): void {
  for (const { usage, modalities = {}, model } of reading.parts) {
    for (const count of [...Object.values(usage), ...Object.values(modalities)]) {
      ok(count === null || (Number.isSafeInteger(count) && count >= 0), `a count is ${count}`);
    }
    ok(model === null || (model !== "" && model.length <= 256));
  }
  const { input, output, thinking } = reading.parts[0].usage;
  ok(reading.usageUnknown !== null || reading.extra.audioSeconds !== undefined || (input !== null && output !== null));
  ok(reading.inconsistent || thinking === null || output === null || thinking <= output);
  for (const amount of Object.values(reading.extra)) ok(Number.isFinite(amount) && amount >= 0);
  ok(reading.rawUsage === null || reading.rawUsage.length <= 16 * 1024);
  const { type = null, code = null } = reading.error ?? {};
  for (const word of [type, code]) ok(word === null || /^[\w.:/-]{1,64}$/.test(word), "an error's word is a sentence");
  const cost = costOf(reading, BUNDLED, NOW);
  ok(cost.kind !== "priced" || cost.pico >= 0n);
}

Deno.test(`surfaceFor() reads ${CASES} spoiled exchanges without a throw, with counts that are counts`, async () => {
  const { live } = parserStats();
  let memory = 0;
  const seen = { readings: 0, priced: 0, unpriced: 0, opaque: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    if (seed === FIRST_SEED + CASES / 2) memory = parserStats().memoryBytes;
    const random = seeded(Math.imul(seed, 2654435761));
    const { entry, host, request, response } = spoil(random);
    try {
      const { readings, opaque } = await readWire(host, pieces(request, random), pieces(response, random));
      readings.forEach(assertSound);
      seen.readings += readings.length;
      seen.opaque += opaque.length;
      ok(opaque.every((reason) => !reason.startsWith("The receiver failed")), opaque.join());
      for (const reading of readings) seen[costOf(reading, BUNDLED, NOW).kind === "priced" ? "priced" : "unpriced"]++;
    } catch (cause) {
      throw new Error(`Seed ${seed}, ${entry.surface}, ${entry.title}`, { cause });
    }
  }
  equal(parserStats().live, live);
  if (CASES > 1) {
    equal(parserStats().memoryBytes, memory);
    ok(seen.priced > CASES / 20 && seen.unpriced > CASES / 20 && seen.opaque > 10, JSON.stringify(seen));
  }
});

Deno.test("surfaceFor() gives the same reading for a spoiled body however it is cut", async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 600; seed++) {
    const random = seeded(Math.imul(seed, 2654435761));
    const { entry, host, request, response } = spoil(random);
    const once = await readWire(host, [request], [response]);
    const again = await readWire(host, pieces(request, random), pieces(response, random));
    // Before bytes that cannot be read, a cut decides how much is still read; the readings then may be cut as well.
    if (once.opaque.length > 0 || again.opaque.length > 0) continue;
    deepEqual(again.readings, once.readings, `Seed ${seed}, ${entry.surface}, ${entry.title}`);
  }
});
