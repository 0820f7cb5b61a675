/** Feeds a conversation to Http1Connection and writes down what its sink is told. */

import { Http1Connection } from "../../src/http1/connection.ts";
import type { ConnectionSink } from "../../src/http1/events.ts";
import { latin1, singleBytes } from "./pieces.ts";

export type Turn =
  | readonly ["client" | "server", string]
  | readonly ["client end"]
  | readonly ["server end"]
  | readonly ["server broken"];

/** Writes one line per event; consecutive body pieces of one message are one line. */
export class Notes implements ConnectionSink {
  readonly lines: string[] = [];
  #last = "";

  #add(key: string, text: string): void {
    if (key !== "" && key === this.#last) this.lines[this.lines.length - 1] += text;
    else this.lines.push(`${key}${text}`);
    this.#last = key;
  }

  requestHead(exchange: number, head: { method: string; target: string; fields: readonly string[] }): void {
    this.#add("", `${exchange} ${head.method} ${head.target} ${head.fields.join("|")}`);
  }
  requestBody(exchange: number, bytes: Uint8Array): void {
    this.#add(`${exchange} > `, String.fromCharCode(...bytes));
  }
  requestEnd(exchange: number, whole: boolean): void {
    this.#add("", `${exchange} request ${whole ? "whole" : "cut"}`);
  }
  responseHead(exchange: number, head: { status: number; fields: readonly string[] }): void {
    this.#add("", `${exchange} ${head.status} ${head.fields.join("|")}`);
  }
  responseBody(exchange: number, bytes: Uint8Array): void {
    this.#add(`${exchange} < `, String.fromCharCode(...bytes));
  }
  responseEnd(exchange: number, whole: boolean): void {
    this.#add("", `${exchange} response ${whole ? "whole" : "cut"}`);
  }
  upgraded(exchange: number, from: "client" | "server", bytes: Uint8Array): void {
    this.#add(`${exchange} ${from}: `, String.fromCharCode(...bytes));
  }
  upgradeEnd(exchange: number): void {
    this.#add("", `${exchange} upgrade end`);
  }
  opaque(reason: string): void {
    this.#add("", `opaque: ${reason}`);
  }
}

function play(turns: readonly Turn[], cut: (bytes: Uint8Array, turn: number) => readonly Uint8Array[]): string[] {
  const notes = new Notes();
  const connection = new Http1Connection(notes);
  turns.forEach((turn, index) => {
    if (turn[0] === "client end") connection.clientEnd();
    else if (turn[0] === "server end") connection.serverEnd();
    else if (turn[0] === "server broken") connection.serverEnd(false);
    else {
      for (const piece of cut(latin1(turn[1]), index)) {
        // The copy that is fed may be reused at once: what the connection keeps must not change with it.
        const scratch = piece.slice();
        if (turn[0] === "client") connection.fromClient(scratch);
        else connection.fromServer(scratch);
        scratch.fill(0x21);
      }
    }
  });
  connection.close();
  return notes.lines;
}

/** Notes of the conversation with every turn in one piece. */
export function once(turns: readonly Turn[]): string[] {
  return play(turns, (bytes) => [bytes]);
}

/** Notes under every cut: turns whole, every turn split at every place, all in single bytes. */
export function* everyWay(turns: readonly Turn[]): Generator<string[]> {
  yield once(turns);
  yield play(turns, singleBytes);
  for (let turn = 0; turn < turns.length; turn++) {
    const length = turns[turn]?.[1]?.length ?? 0;
    for (let at = 1; at < length; at++) {
      yield play(turns, (bytes, index) => index === turn ? [bytes.subarray(0, at), bytes.subarray(at)] : [bytes]);
    }
  }
}
