/**
 * Loads llhttp, the HTTP/1.1 parser of Node.js, as the WebAssembly module that undici ships.
 *
 * The two files are no public interface of undici: its version is pinned, and llhttp_test.ts notices a change.
 *
 * Imports: undici (WebAssembly bytes only).
 *
 * @module
 */

// @ts-types="./llhttp_wasm.d.ts"
import simdBytes from "undici/lib/llhttp/llhttp_simd-wasm.js";
// @ts-types="./llhttp_wasm.d.ts"
import plainBytes from "undici/lib/llhttp/llhttp-wasm.js";

/** What the module calls while it parses: the parser's address, then two numbers. Not 0 ends the parsing. */
export type LlhttpCallback = (parser: number, first: number, second: number) => number;

/** The callbacks by the names under which the module imports them. */
export type LlhttpCallbacks = Readonly<
  Record<
    | "wasm_on_message_begin"
    | "wasm_on_url"
    | "wasm_on_status"
    | "wasm_on_header_field"
    | "wasm_on_header_value"
    | "wasm_on_headers_complete"
    | "wasm_on_body"
    | "wasm_on_message_complete",
    LlhttpCallback
  >
>;

/** One instance. Numbers are addresses in `memory`, codes of llhttp's public header, or booleans as 0 and 1. */
export interface LlhttpModule {
  readonly memory: WebAssembly.Memory;
  /** Address of the input window. */
  readonly window: number;
  readonly alloc: (type: number) => number;
  readonly free: (parser: number) => void;
  readonly execute: (parser: number, at: number, length: number) => number;
  readonly finish: (parser: number) => number;
  readonly resume: (parser: number) => void;
  readonly resumeAfterUpgrade: (parser: number) => void;
  readonly needsEof: (parser: number) => number;
  readonly method: (parser: number) => number;
  readonly methodName: (method: number) => number;
  readonly major: (parser: number) => number;
  readonly minor: (parser: number) => number;
  readonly errorPosition: (parser: number) => number;
  readonly errorReason: (parser: number) => number;
  readonly errorName: (code: number) => number;
}

function compile(): WebAssembly.Module {
  try {
    return new WebAssembly.Module(simdBytes);
  } catch {
    // Processors without 128-bit vectors refuse the first file; the second does the same without them.
    return new WebAssembly.Module(plainBytes);
  }
}

/**
 * Makes an instance.
 *
 * @param windowBytes Size of the input window to set aside in its memory.
 * @throws {TypeError} If the module is not the one this program was written for.
 */
export function loadLlhttp(windowBytes: number, callbacks: LlhttpCallbacks): LlhttpModule {
  const { exports } = new WebAssembly.Instance(compile(), { env: { ...callbacks } });
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("Cannot load llhttp: it exports no memory");
  return {
    memory,
    window: exported(exports, "malloc")(windowBytes),
    alloc: exported(exports, "llhttp_alloc"),
    free: exported(exports, "llhttp_free"),
    execute: exported(exports, "llhttp_execute"),
    finish: exported(exports, "llhttp_finish"),
    resume: exported(exports, "llhttp_resume"),
    resumeAfterUpgrade: exported(exports, "llhttp_resume_after_upgrade"),
    needsEof: exported(exports, "llhttp_message_needs_eof"),
    method: exported(exports, "llhttp_get_method"),
    methodName: exported(exports, "llhttp_method_name"),
    major: exported(exports, "llhttp_get_http_major"),
    minor: exported(exports, "llhttp_get_http_minor"),
    errorPosition: exported(exports, "llhttp_get_error_pos"),
    errorReason: exported(exports, "llhttp_get_error_reason"),
    errorName: exported(exports, "llhttp_errno_name"),
  };
}

function exported(exports: WebAssembly.Exports, name: string): (...args: number[]) => number {
  const value = exports[name];
  if (typeof value !== "function") throw new TypeError(`Cannot load llhttp: it exports no ${name}`);
  return value as (...args: number[]) => number;
}

/** Reads a text of llhttp's own at an address: short, ASCII, ended by a zero byte. */
export function asciiText(module: LlhttpModule, at: number): string {
  if (at === 0) return "";
  const bytes = new Uint8Array(module.memory.buffer, at);
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, Math.min(end, 200)));
}
