import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { problemResponse, Refusal, refusalOf } from "../../src/team/problem.ts";
import { readBytes, readForm, readJson } from "../../src/team/read_body.ts";

const request = (body: BodyInit, headers: Record<string, string> = { "content-type": "application/json" }) => {
  return new Request("http://127.0.0.1/", { method: "POST", body, headers });
};

async function gzip(text: string): Promise<ArrayBuffer> {
  return await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

function refused(status: number) {
  return (error: unknown) => error instanceof Refusal && error.status === status;
}

const packed = { "content-type": "application/json", "content-encoding": "gzip" };

Deno.test("readJson() reads JSON, plain and gzip, up to the very limit", async () => {
  deepEqual(await readJson(request('{"a":1}'), 7), { a: 1 });
  deepEqual(await readJson(request(await gzip('{"a":1}'), packed), 100), { a: 1 });
});

Deno.test("readJson() refuses what is too large, told or not, packed or not", async () => {
  await rejects(readJson(request('{"a":1}'), 6), refused(413));
  await rejects(readJson(request(new Blob(['{"a":1}']).stream()), 6), refused(413));
  await rejects(readJson(request(await gzip(`"${"a".repeat(1_000_000)}"`), packed), 10_000), refused(413));
});

Deno.test("readJson() refuses other types and codings, and what is not what it says", async () => {
  await rejects(readJson(request("{}", { "content-type": "text/plain" }), 100), refused(415));
  await rejects(readJson(request("{}", { ...packed, "content-encoding": "br" }), 100), refused(415));
  await rejects(readJson(request("{}", packed), 100), refused(400));
  await rejects(readJson(request("{"), 100), refused(400));
  await rejects(readJson(request(new Uint8Array([0x22, 0xff, 0x22])), 100), refused(400));
});

Deno.test("readBytes() gives up on a body that does not come, packed or not, and lets go of it", async () => {
  for (const headers of [{}, { "content-encoding": "gzip" }]) {
    const cancelled = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])),
      cancel: () => cancelled.resolve(),
    });
    await rejects(readBytes(request(body, headers), 100, 20), refused(408));
    await cancelled.promise;
  }
});

Deno.test("readBytes() refuses a body whose sender left", async () => {
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error("gone")) });
  await rejects(readBytes(request(body, {}), 100), refused(400));
});

Deno.test("readForm() reads fields", async () => {
  const form = await readForm(request("a=1&b=%C3%BC", { "content-type": "application/x-www-form-urlencoded" }), 100);
  deepEqual([...form], [["a", "1"], ["b", "ü"]]);
});

Deno.test("refusalOf() says nothing of an error that nobody foresaw, and asks to come back when the database is away", () => {
  equal(refusalOf(new Error("SELECT secret")).message.includes("secret"), false);
  equal(refusalOf(Object.assign(new Error("x"), { code: "ECONNREFUSED" })).status, 503);
  const answer = problemResponse(refusalOf(Object.assign(new Error("x"), { code: "57P01" })));
  deepEqual([answer.status, answer.headers.get("retry-after"), answer.headers.get("content-type")], [
    503,
    "5",
    "application/problem+json",
  ]);
});
