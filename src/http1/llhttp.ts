/**
 * Parses one direction of a connection with llhttp. Performs no I/O.
 *
 * Owns the life of parsers and the way between a chunk and the module's memory: what llhttp finds is reported as offsets
 * in the chunk that was given, so nothing is copied back. Leaves the meaning of what is found to its caller. No lenient
 * flag is ever set, so what llhttp rejects stays rejected.
 *
 * Imports: llhttp_module.ts.
 *
 * @module
 */

import { asciiText, type LlhttpModule, loadLlhttp } from "./llhttp_module.ts";

/** Longest piece handed to llhttp at once, in bytes; longer input is cut into such pieces. */
const WINDOW_BYTES = 64 * 1024;

/** `llhttp_errno` and `llhttp_type`, from llhttp's public header. */
const OK = 0;
const PAUSED = 21;
const PAUSED_UPGRADE = 22;
const USER_ERROR = 24;
const TYPE = { request: 1, response: 2 } as const;

/** What a run of bytes is. Text of one thing may come in several runs. */
export type SpanKind = "target" | "reason" | "name" | "value" | "body";

/** What llhttp itself read from a head. */
export interface StartLine {
  /** Empty for a response. */
  readonly method: string;
  /** 0 for a request. */
  readonly status: number;
  readonly major: number;
  readonly minor: number;
  /** A request asks to switch protocols, or a response does so. */
  readonly upgrade: boolean;
}

/** How to go on after a head: read the body as its fields say, expect none, or expect none and stop after the head. */
export type AfterHead = "body" | "no_body" | "stop";

/** Receives what one parser finds, synchronously. An exception ends the parsing with an error, never passes through. */
export interface ParserHandler {
  messageBegin(): void;
  /** `chunk.subarray(start, end)` is the run; `chunk` is the array given to `execute()`. */
  span(kind: SpanKind, chunk: Uint8Array, start: number, end: number): void;
  /** Once per message. Names and values that follow belong to trailers. */
  headComplete(line: StartLine): AfterHead;
  /** @returns True to stop before the next message, until `resume()`. */
  messageComplete(): boolean;
}

/**
 * How an `execute()` or `finish()` ended. `consumed` counts bytes of the given chunk; the rest was not looked at.
 * `reason` is one of llhttp's own fixed texts or the handler's exception, never a part of the input.
 */
export type ParserOutcome =
  | { readonly kind: "ok" }
  | { readonly kind: "paused"; readonly consumed: number }
  | { readonly kind: "upgrade"; readonly consumed: number }
  | { readonly kind: "error"; readonly code: string; readonly reason: string; readonly thrown?: unknown };

const DONE: ParserOutcome = { kind: "ok" };
const CLOSED: ParserOutcome = { kind: "error", code: "CLOSED", reason: "The parser is closed" };

/** One call into the module. llhttp calls back synchronously, so there is one at most. */
interface Run {
  readonly handler: ParserHandler;
  readonly pointer: number;
  readonly chunk: Uint8Array;
  /** An address in the module minus this gives an offset in `chunk`. */
  readonly shift: number;
  thrown: { readonly error: unknown } | null;
  /** The parser was closed by its own handler, which is not called any more. */
  closed: boolean;
}

let loaded: LlhttpModule | null = null;
let view: Uint8Array = new Uint8Array(0);
let liveParsers = 0;
let running: Run | null = null;

/**
 * Runs a handler. An exception must not unwind through WebAssembly frames, which would leak the module's stack, so it
 * is kept and reported by `execute()`.
 */
function call(body: (run: Run) => number | void): number {
  const run = running;
  if (run === null || run.closed) return USER_ERROR;
  try {
    return body(run) ?? OK;
  } catch (error) {
    run.thrown = { error };
    return USER_ERROR;
  }
}

function span(kind: SpanKind, at: number, length: number): number {
  return call((run) => run.handler.span(kind, run.chunk, at - run.shift, at - run.shift + length));
}

function headComplete(status: number, upgrade: boolean): number {
  return call((run) => {
    const after = run.handler.headComplete(startLine(run.pointer, status, upgrade));
    return after === "body" ? 0 : after === "no_body" ? 1 : 2;
  });
}

function startLine(pointer: number, status: number, upgrade: boolean): StartLine {
  const module = loaded ??= load();
  return {
    method: status === 0 ? methodName(module, module.method(pointer)) : "",
    status,
    major: module.major(pointer),
    minor: module.minor(pointer),
    upgrade,
  };
}

const methodNames: string[] = [];

function methodName(module: LlhttpModule, method: number): string {
  return methodNames[method] ??= asciiText(module, module.methodName(method));
}

function load(): LlhttpModule {
  return loadLlhttp(WINDOW_BYTES, {
    wasm_on_message_begin: () => call((run) => run.handler.messageBegin()),
    wasm_on_url: (_, at, length) => span("target", at, length),
    wasm_on_status: (_, at, length) => span("reason", at, length),
    wasm_on_header_field: (_, at, length) => span("name", at, length),
    wasm_on_header_value: (_, at, length) => span("value", at, length),
    wasm_on_body: (_, at, length) => span("body", at, length),
    wasm_on_headers_complete: (_, status, upgrade) => headComplete(status, upgrade === 1),
    wasm_on_message_complete: () => call((run) => run.handler.messageComplete() ? PAUSED : OK),
  });
}

const NO_BYTES = new Uint8Array(0);

/** One direction of a connection. `close()` must be called: the struct lies outside the garbage collector's reach. */
export class Parser {
  readonly #module: LlhttpModule;
  readonly #handler: ParserHandler;
  #pointer: number;
  #closing = false;

  constructor(type: "request" | "response", handler: ParserHandler) {
    this.#module = loaded ??= load();
    this.#handler = handler;
    this.#pointer = this.#module.alloc(TYPE[type]);
    liveParsers++;
  }

  /** Parses a chunk. Calls of the handler happen before this returns. */
  execute(chunk: Uint8Array): ParserOutcome {
    const module = this.#module;
    for (let offset = 0; offset < chunk.length; offset += WINDOW_BYTES) {
      const length = Math.min(WINDOW_BYTES, chunk.length - offset);
      const outcome = this.#run(chunk, module.window - offset, () => {
        if (view.buffer !== module.memory.buffer) {
          view = new Uint8Array(module.memory.buffer, module.window, WINDOW_BYTES);
        }
        view.set(length === chunk.length ? chunk : chunk.subarray(offset, offset + length));
        return module.execute(this.#pointer, module.window, length);
      });
      if (outcome.kind !== "ok") return outcome;
    }
    return DONE;
  }

  /** Tells that no more bytes come. Completes a body that the end of the connection delimits. */
  finish(): ParserOutcome {
    return this.#run(NO_BYTES, 0, () => this.#module.finish(this.#pointer));
  }

  /** Goes on after a pause or after an upgrade that did not take place. */
  resume(after: "paused" | "upgrade"): void {
    if (this.#pointer === 0) return;
    if (after === "paused") this.#module.resume(this.#pointer);
    else this.#module.resumeAfterUpgrade(this.#pointer);
  }

  /** True while the message being read ends with the connection. */
  get endsWithConnection(): boolean {
    return this.#pointer !== 0 && this.#module.needsEof(this.#pointer) === 1;
  }

  /** Frees the parser, at once or, when called from its own handler, after that. May be called again. */
  close(): void {
    this.#closing = true;
    if (this.#pointer === 0) return;
    if (running?.pointer === this.#pointer) {
      running.closed = true;
      return;
    }
    this.#module.free(this.#pointer);
    this.#pointer = 0;
    liveParsers--;
  }

  #run(chunk: Uint8Array, shift: number, step: () => number): ParserOutcome {
    if (this.#closing) return CLOSED;
    if (running !== null) return { kind: "error", code: "NESTED", reason: "A handler called a parser" };
    const run: Run = { handler: this.#handler, pointer: this.#pointer, chunk, shift, thrown: null, closed: false };
    running = run;
    let code: number;
    try {
      code = step();
    } finally {
      running = null;
    }
    const outcome = code === OK ? DONE : failure(this.#module, run, code);
    if (!run.closed) return outcome;
    this.close();
    return outcome.kind === "error" && outcome.thrown !== undefined ? outcome : CLOSED;
  }
}

function failure(module: LlhttpModule, run: Run, code: number): ParserOutcome {
  if (run.thrown !== null) {
    return { kind: "error", code: "HANDLER", reason: "The handler failed", thrown: run.thrown.error };
  }
  const consumed = module.errorPosition(run.pointer) - run.shift;
  if (code === PAUSED) return { kind: "paused", consumed };
  if (code === PAUSED_UPGRADE) return { kind: "upgrade", consumed };
  return {
    kind: "error",
    code: asciiText(module, module.errorName(code)),
    reason: asciiText(module, module.errorReason(run.pointer)),
  };
}

/** What the module holds: parsers not yet closed, and bytes of its memory. For leak tests and the status page. */
export function parserStats(): { readonly live: number; readonly memoryBytes: number } {
  return { live: liveParsers, memoryBytes: loaded?.memory.buffer.byteLength ?? 0 };
}
