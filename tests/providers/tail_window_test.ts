import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { TailWindow } from "../../src/providers/tail_window.ts";
import { cuts } from "./cuts.ts";

Deno.test("TailWindow holds the last bytes however they come", () => {
  for (const length of [0, 1, 4, 5, 9, 10, 11, 40]) {
    const bytes = Uint8Array.from({ length }, (_, at) => at);
    for (const pieces of cuts(bytes)) {
      const window = new TailWindow(5);
      for (const piece of pieces) window.read(piece);
      deepEqual(
        [...window.bytes()],
        [...bytes].slice(-5),
        `${length} in pieces of ${pieces.map((piece) => piece.length)}`,
      );
    }
    for (const size of [2, 3, 4, 6]) {
      const window = new TailWindow(5);
      for (let at = 0; at < length; at += size) window.read(bytes.subarray(at, at + size));
      deepEqual([...window.bytes()], [...bytes].slice(-5), `${length} in pieces of ${size}`);
    }
  }
});
