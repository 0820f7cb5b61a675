import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import zlib from "node:zlib";
import { STAGES, zstdInScript } from "../../src/http1/decode_stages.ts";
import { joined, pieces, utf8 } from "./pieces.ts";

const TEXT = utf8('event: a\ndata: {"text":"gr\u00fc\u00df dich, gr\u00fc\u00df dich"}\n\n'.repeat(3));

Deno.test("STAGES has every coding that providers were seen to use", () => {
  deepEqual([...STAGES.keys()].sort(), ["br", "deflate", "gzip", "x-gzip", "zstd"]);
});

/** One frame that asks for a window of 32 MiB. */
function wideFrame(): Promise<Uint8Array> {
  const coder = zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_windowLog]: 25 } });
  const out: Uint8Array[] = [];
  coder.on("data", (bytes: Uint8Array) => out.push(bytes));
  coder.write(Buffer.alloc(1 << 20));
  return new Promise((resolve) => coder.end().on("end", () => resolve(joined(out))));
}

async function inScript(cut: readonly Uint8Array[]): Promise<{ bytes: Uint8Array; failed: boolean }> {
  const stage = zstdInScript();
  const out: Uint8Array[] = [];
  stage.on("data", (bytes: Uint8Array) => out.push(bytes));
  const closed = new Promise<boolean>((resolve) =>
    stage.on("end", () => resolve(false)).on("error", () => resolve(true))
  );
  for (const piece of cut) stage.write(new Uint8Array(piece));
  stage.end();
  return { failed: await closed, bytes: joined(out) };
}

Deno.test("zstdInScript() reads whole, cut, several and foreign frames as node:zlib does", async () => {
  const coded = zlib.zstdCompressSync(TEXT);
  for (const cut of pieces(coded)) deepEqual(await inScript(cut), { bytes: TEXT, failed: false });
  for (let length = 0; length < coded.length; length++) {
    const { bytes, failed } = await inScript([coded.subarray(0, length)]);
    equal(failed, false, `cut at ${length}`);
    deepEqual(bytes, TEXT.subarray(0, bytes.length));
  }
  deepEqual(await inScript([coded, coded]), { bytes: joined([TEXT, TEXT]), failed: false });
  const tiny = zlib.zstdCompressSync(utf8("{}"));
  for (const cut of pieces(tiny)) deepEqual(await inScript(cut), { bytes: utf8("{}"), failed: false });
  equal((await inScript([TEXT])).failed, true);
  equal((await inScript([await wideFrame()])).failed, true);
});
