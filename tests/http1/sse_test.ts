import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { SseReader } from "../../src/http1/sse.ts";
import { cuts, utf8 } from "../providers/cuts.ts";

interface Read {
  readonly events: [string, string][];
  skipped: number;
}

function collect(pieces: readonly (Uint8Array | "gap")[], limit?: number): Read {
  const read: Read = { events: [], skipped: 0 };
  const reader = new SseReader({
    event: (type, data) => read.events.push([type, data]),
    skipped: () => read.skipped++,
  }, limit);
  for (const piece of pieces) {
    if (piece === "gap") reader.gap();
    else reader.read(piece);
  }
  reader.end();
  return read;
}

function everyCut(text: string, limit?: number): Read {
  const bytes = utf8(text);
  const whole = collect([bytes], limit);
  for (const pieces of cuts(bytes)) {
    deepEqual(collect(pieces, limit), whole, `pieces of ${pieces.map((piece) => piece.length)}`);
  }
  return whole;
}

Deno.test("SseReader reads the same events with every line ending and every cut", () => {
  for (const eol of ["\n", "\r\n", "\r"]) {
    const text = ["event: a", "data: 1", "", ": keep-alive", "", "data:2", "data: 3", "", "id: 7", "data: 4", "", ""]
      .join(eol);
    deepEqual(everyCut(text).events, [["a", "1"], ["", "2\n3"], ["", "4"]]);
  }
});

Deno.test("SseReader drops a byte order mark and joins characters cut in half", () => {
  deepEqual(everyCut('\uFEFFdata: {"text":"naïve 漢字 🙂"}\n\n').events, [["", '{"text":"naïve 漢字 🙂"}']]);
});

Deno.test("SseReader delivers a last event that lacks its blank line", () => {
  for (const tail of ["", "\n", "\r", "\r\n"]) {
    deepEqual(everyCut(`data: 1\n\nevent: last\ndata: 2${tail}`).events, [["", "1"], ["last", "2"]]);
  }
});

Deno.test("SseReader delivers no event for comments, unknown fields and blank lines", () => {
  deepEqual(everyCut('\n\n: ping\n\n{"error":1}\nretry: 10\n\nevent: nothing\n\n').events, []);
});

Deno.test("SseReader passes over an event above the limit and reads the next", () => {
  const limit = 32;
  for (const eol of ["\n", "\r\n", "\r"]) {
    for (const length of [32, 33, 40, 5000, 20_000]) {
      const long = "x".repeat(length);
      const read = length > 1000 ? strided : everyCut;
      const { events, skipped } = read(
        `data: a${eol}${eol}data: ${long}${eol}${eol}event: b${eol}data: c${eol}${eol}`,
        limit,
      );
      deepEqual(events.map(([type, data]) => [type, data.length]), [["", 1], ...length > limit ? [] : [["", length]], [
        "b",
        1,
      ]]);
      equal(skipped, length > limit ? 1 : 0);
    }
  }
});

function strided(text: string, limit: number): Read {
  const bytes = utf8(text);
  const whole = collect([bytes], limit);
  for (const size of [1, 7, 31, 32, 33, 4000]) {
    const pieces = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, at) => bytes.subarray(at * size, (at + 1) * size),
    );
    deepEqual(collect(pieces, limit), whole, `pieces of ${size}`);
  }
  return whole;
}

Deno.test("SseReader reports one skipped event when the stream ends inside it", () => {
  deepEqual(strided(`data: ${"x".repeat(9000)}`, 32), { events: [], skipped: 1 });
});

Deno.test("SseReader bounds an event that is spread over many data lines", () => {
  deepEqual(strided(`${"data: 0123456789\n".repeat(2000)}\ndata: z\n\n`, 100), { events: [["", "z"]], skipped: 1 });
});

Deno.test("SseReader.gap() drops the unfinished event and goes on after the next boundary", () => {
  for (const eol of ["\n", "\r\n", "\r"]) {
    const before = utf8(`data: 1${eol}${eol}data: lost, hal`);
    const after = utf8(`f of another"}${eol}data: same event${eol}${eol}event: next${eol}data: 2${eol}${eol}`);
    for (const pieces of cuts(after)) {
      deepEqual(collect([before, "gap", ...pieces]).events, [["", "1"], ["next", "2"]]);
    }
  }
});

Deno.test("SseReader.gap() survives a gap inside a character and a gap with nothing after it", () => {
  const character = utf8("é");
  deepEqual(
    collect([utf8("data: "), character.subarray(0, 1), "gap", character.subarray(1), utf8("\n\ndata: 2\n\n")]).events,
    [
      ["", "2"],
    ],
  );
  deepEqual(collect([utf8("data: 1\n\ndata: cut"), "gap"]).events, [["", "1"]]);
});

Deno.test("SseReader does not hold on to the bytes it was lent", () => {
  const events: string[] = [];
  const reader = new SseReader({ event: (_type, data) => events.push(data), skipped: () => ok(false) });
  const lent = utf8("data: kept");
  reader.read(lent);
  lent.fill(0);
  reader.read(utf8("\n\n"));
  reader.end();
  deepEqual(events, ["kept"]);
});
