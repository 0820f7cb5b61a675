/**
 * Reads the requests of one connection to the local API. Strict: what llhttp rejects is refused, and so is what is larger than a
 * local page or tool ever sends.
 *
 * Imports: http1.
 *
 * @module
 */

import type { FieldLines } from "../http1/events.ts";
import { hasReadableFraming, HeadCollector, Unfollowable } from "../http1/head.ts";
import { type AfterHead, Parser, type StartLine } from "../http1/llhttp.ts";

/** Bounds of one request, in bytes and field lines. */
export const MAX_TARGET_BYTES = 8 * 1024;
export const MAX_REQUEST_HEAD_BYTES = 16 * 1024;
export const MAX_REQUEST_FIELDS = 100;
export const MAX_REQUEST_BODY_BYTES = 64 * 1024;

/** A whole request. Text is Latin-1, one character per byte. */
export interface LocalRequest {
  readonly method: string;
  readonly target: string;
  /** Of HTTP/1. */
  readonly minor: number;
  readonly fields: FieldLines;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Why a connection ends with a refusal. */
export type RefusedFor = "bad_request" | "target_too_long" | "head_too_large" | "body_too_large";

/** What the bytes so far amount to. */
export type Incoming =
  | { readonly kind: "more" }
  /** The client waits for a word before it sends its body. */
  | { readonly kind: "continue" }
  | { readonly kind: "request"; readonly request: LocalRequest }
  | { readonly kind: "refused"; readonly reason: RefusedFor };

class Refused extends Error {
  readonly reason: RefusedFor;
  constructor(reason: RefusedFor) {
    super(reason);
    this.reason = reason;
  }
}

/** Requests one after the other. `close()` must be called. */
export class RequestReader {
  readonly #parser: Parser;
  #head = new HeadCollector();
  #headBytes = 0;
  #targetBytes = 0;
  #fields = 0;
  #line: StartLine | null = null;
  #taken: { readonly target: string; readonly fields: FieldLines } | null = null;
  #body: Uint8Array[] = [];
  #bodyBytes = 0;
  #mustContinue = false;
  #begun = false;
  #rest: Uint8Array = new Uint8Array(0);

  constructor() {
    this.#parser = new Parser("request", {
      messageBegin: () => this.#reset(),
      span: (kind, chunk, start, end) => {
        if (kind === "body") return this.#addBody(chunk.subarray(start, end));
        this.#count(kind, end - start);
        this.#head.add(kind, chunk, start, end);
      },
      headComplete: (line) => this.#headComplete(line),
      messageComplete: () => true,
    });
  }

  /** Whether a part of the next request has come. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Takes bytes; the array may be reused afterwards. Call with none to go on with what came after the last request. */
  take(bytes: Uint8Array = new Uint8Array(0)): Incoming {
    const chunk = this.#rest.length === 0 ? bytes : joined([this.#rest, bytes]);
    this.#rest = new Uint8Array(0);
    if (chunk.length === 0) return { kind: "more" };
    this.#begun = true;
    const outcome = this.#parser.execute(chunk);
    if (outcome.kind === "ok") {
      if (!this.#mustContinue) return { kind: "more" };
      this.#mustContinue = false;
      return { kind: "continue" };
    }
    if (outcome.kind === "error") {
      const { thrown } = outcome;
      if (thrown instanceof Refused) return { kind: "refused", reason: thrown.reason };
      return { kind: "refused", reason: thrown instanceof Unfollowable ? "head_too_large" : "bad_request" };
    }
    this.#rest = chunk.slice(outcome.consumed);
    this.#parser.resume(outcome.kind === "upgrade" ? "upgrade" : "paused");
    return this.#complete();
  }

  close(): void {
    this.#parser.close();
  }

  #reset(): void {
    this.#head.begin();
    this.#headBytes =
      this.#targetBytes =
      this.#fields =
      this.#bodyBytes =
        0;
    this.#line = this.#taken = null;
    this.#body = [];
    this.#mustContinue = false;
  }

  #count(kind: "target" | "reason" | "name" | "value", bytes: number): void {
    this.#headBytes += bytes;
    if (kind === "target") this.#targetBytes += bytes;
    if (this.#targetBytes > MAX_TARGET_BYTES) throw new Refused("target_too_long");
    if (this.#headBytes > MAX_REQUEST_HEAD_BYTES) throw new Refused("head_too_large");
  }

  #headComplete(line: StartLine): AfterHead {
    this.#line = line;
    this.#taken = this.#head.take();
    const { fields } = this.#taken;
    if (line.major !== 1 || !hasReadableFraming(fields)) throw new Refused("bad_request");
    if (fields.length / 2 > MAX_REQUEST_FIELDS) throw new Refused("head_too_large");
    const announced = Number(fieldOf(fields, "content-length") ?? 0);
    if (announced > MAX_REQUEST_BODY_BYTES) throw new Refused("body_too_large");
    this.#mustContinue = line.minor >= 1 && fieldOf(fields, "expect")?.toLowerCase() === "100-continue";
    return "body";
  }

  #addBody(bytes: Uint8Array): void {
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes > MAX_REQUEST_BODY_BYTES) throw new Refused("body_too_large");
    this.#mustContinue = false;
    this.#body.push(bytes.slice());
  }

  #complete(): Incoming {
    const [line, head] = [this.#line, this.#taken];
    this.#begun = false;
    if (line === null || head === null) return { kind: "refused", reason: "bad_request" };
    const { target, fields } = head;
    const request = { method: line.method, target, minor: line.minor, fields, body: joined(this.#body) };
    this.#body = [];
    return { kind: "request", request };
  }
}

/** All values of a field, in order. `name` in lower case. */
export function fieldsOf(fields: FieldLines, name: string): string[] {
  const found: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    if (fields[at]?.toLowerCase() === name) found.push(fields[at + 1] ?? "");
  }
  return found;
}

function fieldOf(fields: FieldLines, name: string): string | undefined {
  return fieldsOf(fields, name)[0];
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
