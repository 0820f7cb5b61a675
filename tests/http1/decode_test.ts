import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Transform } from "node:stream";
import zlib from "node:zlib";
import { createDecoder, type DecodeOutcome } from "../../src/http1/decode.ts";
import { joined, pieces, seeded, utf8 } from "./pieces.ts";

const LIMITS = { maxOutputBytes: 1 << 20 };
const TEXT = utf8('event: a\ndata: {"text":"gr\u00fc\u00df dich, gr\u00fc\u00df dich"}\n\n'.repeat(3));

/** Coder by the name of its coding. */
const CODERS: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  "X-Gzip": (bytes) => zlib.gzipSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  " deflate ": (bytes) => zlib.deflateRawSync(bytes),
  BR: (bytes) => zlib.brotliCompressSync(bytes),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
  "": (bytes) => bytes,
  identity: (bytes) => bytes,
};

interface Decoded {
  readonly bytes: Uint8Array;
  readonly outcome: DecodeOutcome;
}

async function decoded(coding: string | undefined, cut: readonly Uint8Array[], limits = LIMITS): Promise<Decoded> {
  const out: Uint8Array[] = [];
  const decoder = createDecoder(coding, (bytes) => out.push(new Uint8Array(bytes)), limits);
  for (const piece of cut) {
    const scratch = new Uint8Array(piece);
    decoder.write(scratch);
    scratch.fill(0);
  }
  const outcome = await decoder.end();
  equal(decoder.pendingBytes, 0);
  equal(decoder.outcome, outcome);
  return { bytes: joined(out), outcome };
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("createDecoder() undoes every coding, however the bytes arrive", async () => {
  for (const [coding, code] of Object.entries(CODERS)) {
    for (const cut of pieces(code(TEXT))) {
      deepEqual(await decoded(coding, cut), { bytes: TEXT, outcome: "ended" }, coding);
    }
  }
});

Deno.test("createDecoder() undoes stacked codings from right to left, up to four", async () => {
  const twice = zlib.gzipSync(zlib.brotliCompressSync(TEXT));
  for (const cut of pieces(twice)) {
    deepEqual(await decoded("br, identity,gzip", cut), { bytes: TEXT, outcome: "ended" });
  }
  const four = zlib.zstdCompressSync(zlib.deflateRawSync(zlib.gzipSync(zlib.deflateSync(TEXT))));
  deepEqual(await decoded("deflate, gzip, deflate, zstd", [four]), { bytes: TEXT, outcome: "ended" });
  deepEqual(await decoded("gzip, gzip, gzip, gzip, gzip", [TEXT]), { bytes: new Uint8Array(0), outcome: "unreadable" });
});

Deno.test("createDecoder() calls an unknown coding and foreign bytes unreadable", async () => {
  const nothing = { bytes: new Uint8Array(0), outcome: "unreadable" as const };
  deepEqual(await decoded("compress", [TEXT]), nothing);
  deepEqual(await decoded("gzip, aws-chunked", [TEXT]), nothing);
  equal(createDecoder("compress", () => {}, LIMITS).outcome, "unreadable");
  for (const coding of ["gzip", "zstd", "br"]) deepEqual(await decoded(coding, [TEXT, TEXT]), nothing, coding);
  deepEqual((await decoded("deflate", [new Uint8Array(64).fill(0xff)])).outcome, "unreadable");
});

Deno.test("createDecoder() gives what came before a cut at any byte, and calls that an end", async () => {
  for (const [coding, code] of Object.entries(CODERS)) {
    const bytes = code(TEXT);
    let longest = 0;
    for (let length = 0; length < bytes.length; length++) {
      const { bytes: part, outcome } = await decoded(coding, [bytes.subarray(0, length)]);
      equal(outcome, "ended", `${coding} cut at ${length}`);
      deepEqual(part, TEXT.subarray(0, part.length));
      longest = Math.max(longest, part.length);
    }
    // A zstd block comes out whole or not at all, and this text is one block.
    ok(longest > 0 || coding === "zstd", coding);
  }
});

Deno.test("createDecoder() gives what came before damaged bytes, and calls that unreadable", async () => {
  const random = seeded(3);
  const noise = new Uint8Array(200_000).map(() => random(64));
  const damaged = zlib.gzipSync(noise).map((byte, at) => at >= 100_000 && at < 100_100 ? ~byte : byte);
  const cut = [damaged.subarray(0, 80_000), damaged.subarray(80_000)];
  const { bytes, outcome } = await decoded("gzip", cut);
  equal(outcome, "unreadable");
  ok(bytes.length > 50_000 && bytes.length < noise.length);
  deepEqual(bytes.subarray(0, 50_000), noise.subarray(0, 50_000));
});

Deno.test("createDecoder() reads several gzip members and several zstd frames as one body", async () => {
  const half = TEXT.length >> 1;
  for (const coding of ["gzip", "zstd"]) {
    const code = CODERS[coding] ?? ((bytes) => bytes);
    const both = joined([code(TEXT.subarray(0, half)), code(TEXT.subarray(half))]);
    for (const cut of pieces(both)) deepEqual(await decoded(coding, cut), { bytes: TEXT, outcome: "ended" }, coding);
  }
});

Deno.test("createDecoder() gives all of the coded data when something else follows", async () => {
  for (const [coding, code] of Object.entries(CODERS)) {
    if (coding === "" || coding === "identity") continue;
    // node:zlib looks for another member or frame there, and reports its absence.
    const outcome = /gzip|zstd/i.test(coding) ? "unreadable" : "ended";
    deepEqual(await decoded(coding, [code(TEXT), utf8("xyzxyz")]), { bytes: TEXT, outcome }, coding);
  }
});

Deno.test("createDecoder() gives identity bytes at once, as they are", () => {
  const seen: Uint8Array[] = [];
  const decoder = createDecoder(undefined, (bytes) => seen.push(bytes), { maxOutputBytes: TEXT.length });
  decoder.write(TEXT);
  ok(seen[0] === TEXT);
  equal(decoder.pendingBytes, 0);
  decoder.write(TEXT);
  equal(decoder.outcome, "limit");
  equal(seen.length, 1);
});

Deno.test("createDecoder() gives exactly the limit, and nothing after it", async () => {
  for (const [coding, code] of Object.entries(CODERS)) {
    const bytes = code(TEXT);
    const at = (maxOutputBytes: number) => decoded(coding, [bytes], { maxOutputBytes });
    deepEqual(await at(TEXT.length), { bytes: TEXT, outcome: "ended" }, coding);
    deepEqual(await at(10), { bytes: TEXT.subarray(0, 10), outcome: "limit" }, coding);
    deepEqual(await at(0), { bytes: new Uint8Array(0), outcome: "limit" }, coding);
  }
});

/** Codes zeros without holding them. */
async function zeros(coder: Transform, size: number): Promise<Uint8Array> {
  const out: Uint8Array[] = [];
  coder.on("data", (bytes: Uint8Array) => out.push(bytes));
  const block = Buffer.alloc(1 << 20);
  for (let left = size; left > 0; left -= block.length) {
    await new Promise((resolve) => coder.write(block, resolve));
  }
  await new Promise((resolve) => coder.end().on("end", resolve));
  return joined(out);
}

Deno.test("createDecoder() stops bombs of 1 GiB at the limit", async () => {
  const gzip = joined(new Array<Uint8Array>(8).fill(await zeros(zlib.createGzip({ level: 1 }), 1 << 27)));
  const zstd = joined(new Array<Uint8Array>(8).fill(await zeros(zlib.createZstdCompress(), 1 << 27)));
  const bombs: [string, Uint8Array][] = [
    ["gzip", gzip],
    ["gzip, gzip", zlib.gzipSync(gzip)],
    ["zstd", zstd],
    ["gzip, br", zlib.brotliCompressSync(gzip)],
    ["zstd, deflate", zlib.deflateSync(zstd)],
  ];
  const before = Deno.memoryUsage().rss;
  for (const [coding, bytes] of bombs) {
    const started = performance.now();
    const { bytes: out, outcome } = await decoded(coding, [bytes]);
    deepEqual([outcome, out.length], ["limit", LIMITS.maxOutputBytes], coding);
    ok(performance.now() - started < 2000, coding);
  }
  ok(Deno.memoryUsage().rss - before < 200 * 2 ** 20);
});

Deno.test("createDecoder() refuses a zstd window above 8 MiB", async () => {
  const params = { [zlib.constants.ZSTD_c_windowLog]: 25 };
  const coder = zlib.createZstdCompress({ params });
  const wide = await zeros(coder, 1 << 20);
  deepEqual((await decoded("zstd", [wide])).outcome, "unreadable");
});

Deno.test("createDecoder() gives each flushed event before the next is written", async () => {
  const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants;
  const flushing: [string, Transform & { flush(kind: number, done: () => void): void }, number][] = [
    ["gzip", zlib.createGzip(), Z_SYNC_FLUSH],
    ["deflate", zlib.createDeflate(), Z_SYNC_FLUSH],
    ["deflate", zlib.createDeflateRaw(), Z_SYNC_FLUSH],
    ["br", zlib.createBrotliCompress(), BROTLI_OPERATION_FLUSH],
    ["zstd", zlib.createZstdCompress(), ZSTD_e_flush],
  ];
  for (const [coding, coder, flush] of flushing) {
    const out: Uint8Array[] = [];
    const decoder = createDecoder(coding, (bytes) => out.push(new Uint8Array(bytes)), LIMITS);
    let coded: Uint8Array[] = [];
    coder.on("data", (bytes: Uint8Array) => coded.push(bytes));
    let sent = "";
    for (let event = 0; event < 50; event++) {
      const text = `data: {"delta":"${event}"}\n\n`;
      sent += text;
      await new Promise<void>((resolve) => (coder.write(text), coder.flush(flush, resolve)));
      await macrotask();
      decoder.write(joined(coded));
      coded = [];
      for (let turn = 0; turn < 20 && decoder.pendingBytes > 0; turn++) await macrotask();
      equal(Buffer.concat(out).toString(), sent, `${coding}, event ${event}`);
    }
    coder.destroy();
    equal(await decoder.end(), "ended");
    equal(Buffer.concat(out).toString(), sent);
  }
});

Deno.test("Decoder keeps order over many writes and counts those that wait", async () => {
  const random = seeded(11);
  const noise = new Uint8Array(500_000).map(() => random(200));
  const coded = zlib.gzipSync(noise);
  const out: Uint8Array[] = [];
  const decoder = createDecoder("gzip", (bytes) => out.push(new Uint8Array(bytes)), LIMITS);
  for (let at = 0; at < coded.length; at += 1000) decoder.write(coded.subarray(at, at + 1000));
  ok(decoder.pendingBytes > 0 && decoder.pendingBytes <= coded.length);
  equal(await decoder.end(), "ended");
  equal(decoder.pendingBytes, 0);
  ok(Buffer.from(noise).equals(joined(out)));
});

Deno.test("Decoder ignores writes after its end, ends twice alike, and can be cancelled", async () => {
  let given = 0;
  const coded = zlib.gzipSync(TEXT);
  const decoder = createDecoder("gzip", (bytes) => given += bytes.length, LIMITS);
  decoder.write(coded);
  const [first, second] = [decoder.end(), decoder.end()];
  decoder.write(coded);
  deepEqual([await first, await second, given], ["ended", "ended", TEXT.length]);

  const cancelled = createDecoder("gzip", () => given++, LIMITS);
  cancelled.write(coded);
  cancelled.cancel();
  await macrotask();
  deepEqual([await cancelled.end(), cancelled.pendingBytes, given], ["unreadable", 0, TEXT.length]);

  const unused = createDecoder("br", () => given++, LIMITS);
  equal(await unused.end(), "ended");
});

Deno.test("Decoder takes an exception of its receiver for unreadable", async () => {
  for (const [coding, code] of Object.entries(CODERS)) {
    let calls = 0;
    const decoder = createDecoder(coding, () => {
      calls++;
      throw new Error("full");
    }, LIMITS);
    decoder.write(code(TEXT));
    decoder.write(code(TEXT));
    deepEqual([await decoder.end(), calls], ["unreadable", 1], coding);
  }
});

Deno.test("createDecoder() ends with an outcome on mutated bodies", async () => {
  const random = seeded(17);
  const counts = { ended: 0, limit: 0, unreadable: 0 };
  const codings = ["gzip", "deflate", "br", "zstd", "gzip, zstd", "zstd, gzip"];
  for (let round = 0; round < 900; round++) {
    const coding = codings[round % codings.length] ?? "gzip";
    const names = coding.split(", ");
    let body: Uint8Array = TEXT;
    for (const name of names) body = CODERS[name === "br" ? "BR" : name]?.(body) ?? body;
    const bytes = new Uint8Array(body);
    for (let times = random(3); times > 0; times--) bytes[random(bytes.length)] = random(256);
    const at = random(bytes.length);
    const { outcome } = await decoded(coding, [bytes.subarray(0, at), bytes.subarray(at)]);
    counts[outcome]++;
  }
  ok(counts.ended > 200 && counts.unreadable > 200, JSON.stringify(counts));
});
