/** Type of `undici/lib/llhttp/llhttp_simd-wasm.js` and `llhttp-wasm.js`: the bytes of a WebAssembly module. */
declare const bytes: Uint8Array<ArrayBuffer>;
export default bytes;
