import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { controlLines, MAX_CONTROL_LINE, parseControlMessage } from "../../src/roles/control_messages.ts";
import { utf8 } from "./tools.ts";

/** A connection that gives these pieces and ends. */
function pieces(parts: readonly Uint8Array[]): { read(into: Uint8Array): Promise<number | null> } {
  const left = [...parts];
  return {
    read(into) {
      const next = left.shift();
      if (next === undefined) return Promise.resolve(null);
      const fitting = next.subarray(0, into.length);
      if (fitting.length < next.length) left.unshift(next.subarray(fitting.length));
      into.set(fitting);
      return Promise.resolve(fitting.length);
    },
  };
}

async function linesOf(parts: readonly Uint8Array[], limit?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of controlLines(pieces(parts), limit)) lines.push(line);
  return lines;
}

Deno.test("parseControlMessage reads every message", () => {
  const messages = [
    { t: "client", clientPort: 1, edgePort: 65_535 },
    { t: "link", clientPort: 50_000, peerPort: 50_001 },
    { t: "run", pid: 4242, project: "web:shop" },
    { t: "status" },
    { t: "cloud" },
    { t: "release-edge" },
  ];
  for (const message of messages) deepEqual(parseControlMessage(JSON.stringify(message)), message);
});

Deno.test("parseControlMessage takes no member that it does not know", () => {
  deepEqual(parseControlMessage('{"t":"status","pid":1,"x":{}}'), { t: "status" });
  deepEqual(parseControlMessage('{"t":"run","pid":2,"project":"p","clientPort":3}'), {
    t: "run",
    pid: 2,
    project: "p",
  });
});

Deno.test("parseControlMessage refuses every malformed line", () => {
  const lines = [
    "",
    " ",
    "{",
    "null",
    "7",
    '"status"',
    "[]",
    '["status"]',
    "{}",
    '{"t":"stat"}',
    '{"t":null}',
    '{"t":["status"]}',
    '{"T":"status"}',
    '{"t":"status"}{"t":"status"}',
    '{"__proto__":{"t":"status"}}',
    '{"t":"client"}',
    '{"t":"client","clientPort":1}',
    '{"t":"client","clientPort":0,"edgePort":1}',
    '{"t":"client","clientPort":-1,"edgePort":1}',
    '{"t":"client","clientPort":65536,"edgePort":1}',
    '{"t":"client","clientPort":1.5,"edgePort":1}',
    '{"t":"client","clientPort":"1","edgePort":1}',
    '{"t":"client","clientPort":1,"edgePort":null}',
    '{"t":"link","clientPort":1,"edgePort":1}',
    '{"t":"link","clientPort":1,"peerPort":1e9}',
    '{"t":"run"}',
    '{"t":"run","pid":1,"project":"p"}',
    '{"t":"run","pid":0,"project":"p"}',
    '{"t":"run","pid":-5,"project":"p"}',
    '{"t":"run","pid":2.5,"project":"p"}',
    '{"t":"run","pid":"2","project":"p"}',
    '{"t":"run","pid":2}',
    '{"t":"run","pid":2,"project":7}',
    '{"t":"run","pid":2,"project":null}',
    `{"t":"status"}${" ".repeat(MAX_CONTROL_LINE)}`,
  ];
  for (const line of lines) equal(parseControlMessage(line), null, line.slice(0, 80));
});

Deno.test("controlLines gives the same lines whole, at every cut and byte by byte", async () => {
  const text = utf8('{"t":"status"}\n\n{"p":"äß€🙂"}\nlast without end');
  const expected = ['{"t":"status"}', "", '{"p":"äß€🙂"}'];
  deepEqual(await linesOf([text]), expected);
  for (let cut = 1; cut < text.length; cut++) {
    deepEqual(await linesOf([text.subarray(0, cut), text.subarray(cut)]), expected);
  }
  deepEqual(await linesOf(Array.from(text, (byte) => Uint8Array.of(byte))), expected);
});

Deno.test("controlLines gives lines of exactly the limit, and no line after a longer one", async () => {
  const fitting = "x".repeat(MAX_CONTROL_LINE);
  deepEqual(await linesOf([utf8(`${fitting}\nnext\n`)]), [fitting, "next"]);
  for (const length of [MAX_CONTROL_LINE + 1, 2 * MAX_CONTROL_LINE - 1, 5 * MAX_CONTROL_LINE]) {
    const lines = await linesOf([utf8(`first\n${"x".repeat(length)}\nnext\n`)]);
    equal(lines[0], "first");
    equal(parseControlMessage(lines[1] ?? ""), null, `${length}`);
    equal(lines.includes("next") && lines.indexOf("next") < 2, false, `${length}`);
  }
});

Deno.test("controlLines holds no more than its limit and one read of a line that never ends", async () => {
  let given = 0;
  const endless = {
    read(into: Uint8Array) {
      given += into.length;
      into.fill(0x78);
      return Promise.resolve(into.length);
    },
  };
  const lines: string[] = [];
  for await (const line of controlLines(endless)) lines.push(line);
  equal(lines.length, 1);
  equal(given <= 2 * MAX_CONTROL_LINE, true, `${given}`);
});

Deno.test("controlLines can be told another limit", async () => {
  const long = "x".repeat(100_000);
  deepEqual(await linesOf([utf8(`${long}\n`)], 1_000_000), [long]);
});
