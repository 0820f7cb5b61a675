import { deepStrictEqual as deepEqual, notStrictEqual as notEqual, strictEqual as equal } from "node:assert/strict";
// @ts-types="../../src/http1/llhttp_wasm.d.ts"
import simdBytes from "undici/lib/llhttp/llhttp_simd-wasm.js";
// @ts-types="../../src/http1/llhttp_wasm.d.ts"
import plainBytes from "undici/lib/llhttp/llhttp-wasm.js";
import { asciiText, type LlhttpCallbacks, loadLlhttp } from "../../src/http1/llhttp_module.ts";

const CALLBACKS: LlhttpCallbacks = {
  wasm_on_message_begin: () => 0,
  wasm_on_url: () => 0,
  wasm_on_status: () => 0,
  wasm_on_header_field: () => 0,
  wasm_on_header_value: () => 0,
  wasm_on_headers_complete: () => 0,
  wasm_on_body: () => 0,
  wasm_on_message_complete: () => 0,
};

Deno.test("loadLlhttp() loads a module whose codes are those that llhttp.ts relies on", () => {
  const module = loadLlhttp(4096, CALLBACKS);
  const names = [0, 21, 22, 24].map((code) => asciiText(module, module.errorName(code)));
  deepEqual(names, ["HPE_OK", "HPE_PAUSED", "HPE_PAUSED_UPGRADE", "HPE_USER"]);
  deepEqual([1, 3, 5].map((method) => asciiText(module, module.methodName(method))), ["GET", "POST", "CONNECT"]);
  notEqual(module.window, 0);
  equal(asciiText(module, 0), "");
});

Deno.test("loadLlhttp() has the same module without vector instructions to fall back on", () => {
  const shape = (bytes: Uint8Array<ArrayBuffer>) => {
    const module = new WebAssembly.Module(bytes);
    const names = (list: readonly { name: string; kind: string }[]) => list.map(({ name, kind }) => `${kind} ${name}`);
    return [names(WebAssembly.Module.exports(module)).sort(), names(WebAssembly.Module.imports(module)).sort()];
  };
  deepEqual(shape(plainBytes), shape(simdBytes));
  deepEqual(shape(simdBytes)[1], Object.keys(CALLBACKS).map((name) => `function ${name}`).sort());
});
