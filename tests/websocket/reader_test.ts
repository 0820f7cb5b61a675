import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import zlib from "node:zlib";
// @ts-types="../../src/websocket/ws.d.ts"
import { WebSocket, WebSocketServer } from "ws";
import { Http1Connection } from "../../src/http1/connection.ts";
import type { ConnectionSink } from "../../src/http1/events.ts";
import { FrameReader, type FrameReaderOptions } from "../../src/websocket/reader.ts";
import { joined, pieces, seeded, singleBytes, utf8 } from "../http1/pieces.ts";

const DEFLATE = "permessage-deflate";

interface FrameShape {
  readonly opcode?: number;
  readonly fin?: boolean;
  readonly rsv1?: boolean;
  readonly mask?: readonly [number, number, number, number];
}

function frame(payload: Uint8Array, shape: FrameShape = {}): Uint8Array {
  const { opcode = 1, fin = true, rsv1 = false, mask } = shape;
  const size = payload.length;
  const head = [(fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode, mask === undefined ? 0 : 0x80];
  if (size < 126) head[1] = (head[1] ?? 0) | size;
  else if (size < 65536) head.splice(1, 1, (head[1] ?? 0) | 126, size >> 8, size & 255);
  else head.splice(1, 1, (head[1] ?? 0) | 127, 0, 0, 0, 0, size >>> 24, size >> 16 & 255, size >> 8 & 255, size & 255);
  const body = mask === undefined ? payload : payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return joined([Uint8Array.from(head), mask === undefined ? new Uint8Array(0) : Uint8Array.from(mask), body]);
}

/** Compresses messages one after the other; without takeover each starts anew. */
async function deflated(messages: readonly string[], takeover = true): Promise<Uint8Array[]> {
  const results: Uint8Array[] = [];
  let coder = zlib.createDeflateRaw();
  for (const message of messages) {
    if (!takeover) coder = zlib.createDeflateRaw();
    const out: Uint8Array[] = [];
    coder.on("data", (bytes: Uint8Array) => out.push(bytes));
    await new Promise<void>((resolve) => (coder.write(message), coder.flush(zlib.constants.Z_SYNC_FLUSH, resolve)));
    coder.removeAllListeners("data");
    results.push(joined(out).subarray(0, -4));
  }
  return results;
}

interface ReadBack {
  readonly messages: (string | Uint8Array)[];
  readonly reasons: string[];
}

async function read(cut: readonly Uint8Array[], options: Partial<FrameReaderOptions> = {}): Promise<ReadBack> {
  const back: ReadBack = { messages: [], reasons: [] };
  const reader = new FrameReader({
    from: "server",
    extensions: null,
    maxPayload: 1 << 20,
    onMessage: (data, isBinary) => {
      equal(isBinary, typeof data !== "string");
      back.messages.push(data);
    },
    onGiveUp: (reason) => back.reasons.push(reason),
    ...options,
  });
  for (const piece of cut) {
    const scratch = new Uint8Array(piece);
    reader.write(scratch);
    scratch.fill(0xff);
  }
  await reader.end();
  equal(reader.pendingBytes, 0);
  return back;
}

Deno.test("FrameReader reads text, binary, fragments and masks however the bytes arrive", async () => {
  const mask = [1, 0x80, 0xff, 7] as const;
  for (const from of ["client", "server"] as const) {
    const shape = from === "client" ? { mask } : {};
    const bytes = joined([
      frame(utf8("gr\u00fc\u00df"), shape),
      frame(utf8("one "), { ...shape, fin: false }),
      frame(utf8("ping"), { ...shape, opcode: 9 }),
      frame(utf8("two "), { ...shape, opcode: 0, fin: false }),
      frame(new Uint8Array(0), { ...shape, opcode: 10 }),
      frame(utf8("three"), { ...shape, opcode: 0 }),
      frame(Uint8Array.of(0, 255, 1), { ...shape, opcode: 2 }),
      frame(new Uint8Array(0), shape),
      frame(utf8("x".repeat(300)), shape),
    ]);
    const messages = ["gr\u00fc\u00df", "one two three", Uint8Array.of(0, 255, 1), "", "x".repeat(300)];
    for (const cut of pieces(bytes)) deepEqual(await read(cut, { from }), { messages, reasons: [] });
  }
});

Deno.test("FrameReader reads compressed messages with and without context takeover, between others", async () => {
  const texts = ['{"type":"response.created","n":1}', '{"type":"response.created","n":2}', '{"type":"response.done"}'];
  for (const takeover of [true, false]) {
    const [first = utf8(""), second = utf8(""), third = utf8("")] = await deflated(texts, takeover);
    const bytes = joined([
      frame(utf8("plain")),
      frame(first, { rsv1: true }),
      frame(second.subarray(0, 5), { rsv1: true, fin: false }),
      frame(utf8("ping"), { opcode: 9 }),
      frame(second.subarray(5), { opcode: 0 }),
      frame(utf8("plain again")),
      frame(third, { rsv1: true, opcode: 2 }),
      frame(utf8("last")),
    ]);
    const messages = ["plain", texts[0], texts[1], "plain again", utf8(texts[2] ?? ""), "last"];
    const extensions = takeover ? DEFLATE : `${DEFLATE}; server_no_context_takeover; client_max_window_bits=15`;
    for (const cut of pieces(bytes)) deepEqual(await read(cut, { extensions }), { messages, reasons: [] });
  }
});

Deno.test("FrameReader reports messages without compression before write() returns", () => {
  const messages: unknown[] = [];
  const onMessage = (data: unknown) => void messages.push(data);
  const reader = new FrameReader({ from: "server", extensions: null, maxPayload: 100, onMessage });
  reader.write(joined([frame(utf8("a")), frame(utf8("b")), frame(utf8("c")).subarray(0, 2)]));
  deepEqual(messages, ["a", "b"]);
});

Deno.test("FrameReader gives up once on frames that an endpoint must refuse, and keeps what came before", async () => {
  const mask = [1, 2, 3, 4] as const;
  const cases: [string, Uint8Array, Partial<FrameReaderOptions>][] = [
    ["EXPECTED_MASK", frame(utf8("a")), { from: "client" }],
    ["UNEXPECTED_MASK", frame(utf8("a"), { mask }), {}],
    ["UNEXPECTED_RSV_1", frame(utf8("a"), { rsv1: true }), {}],
    ["INVALID_OPCODE", frame(utf8("a"), { opcode: 3 }), {}],
    ["INVALID_OPCODE", frame(utf8("a"), { opcode: 0 }), {}],
    ["EXPECTED_FIN", frame(utf8("a"), { opcode: 9, fin: false }), {}],
    ["INVALID_UTF8", frame(Uint8Array.of(0xc3, 0x28)), {}],
    ["INVALID_CLOSE_CODE", frame(Uint8Array.of(0, 1), { opcode: 8 }), {}],
    ["Z_DATA_ERROR", frame(Uint8Array.of(7, 0xff, 0xff), { rsv1: true }), { extensions: DEFLATE }],
  ];
  for (const [code, bytes, options] of cases) {
    const good = options.from === "client" ? frame(utf8("good"), { mask }) : frame(utf8("good"));
    for (const cut of [[joined([good, bytes, good])], singleBytes(joined([good, bytes, good])), [good, bytes, good]]) {
      const { messages, reasons } = await read(cut, options);
      deepEqual(messages, ["good"], code);
      equal(reasons.length, 1, code);
      match(reasons[0] ?? "", new RegExp(`^The frames cannot be read: (WS_ERR_)?${code}$`));
    }
  }
});

Deno.test("FrameReader gives up on messages above maxPayload, also on those that are small while compressed", async () => {
  const limit = { maxPayload: 1000 };
  const fits = frame(new Uint8Array(1000), { opcode: 2 });
  deepEqual((await read([fits], limit)).messages, [new Uint8Array(1000)]);
  const tooLong = [
    [frame(new Uint8Array(1001), { opcode: 2 })],
    [frame(new Uint8Array(70_000), { opcode: 2 }).subarray(0, 10)],
    [frame(new Uint8Array(600), { opcode: 2, fin: false }), frame(new Uint8Array(600), { opcode: 0 })],
  ];
  for (const cut of tooLong) {
    deepEqual(await read(cut, limit), {
      messages: [],
      reasons: ["The frames cannot be read: WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"],
    });
  }
  const bomb = zlib.deflateRawSync(Buffer.alloc(1 << 28));
  const before = Deno.memoryUsage().rss;
  const { messages, reasons } = await read([frame(bomb, { rsv1: true })], { extensions: DEFLATE });
  deepEqual([messages, reasons], [[], ["The frames cannot be read: WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"]]);
  ok(Deno.memoryUsage().rss - before < 100 * 2 ** 20);
});

Deno.test("FrameReader gives up at once on extensions that it cannot read", async () => {
  const refused = [
    "x-webkit-deflate-frame",
    `${DEFLATE}, mux`,
    `${DEFLATE}, ${DEFLATE}`,
    `${DEFLATE}; server_max_window_bits=99`,
    `${DEFLATE}; unknown=1`,
    "\x00",
    ";",
  ];
  for (const extensions of refused) {
    deepEqual(await read([frame(utf8("a"))], { extensions }), {
      messages: [],
      reasons: ["The extensions agreed on cannot be read"],
    }, extensions);
  }
  deepEqual((await read([frame(utf8("a"))], { extensions: " " })).messages, ["a"]);
});

Deno.test("FrameReader reads nothing after a close frame, and ends in the middle of a frame", async () => {
  const close = frame(Uint8Array.of(3, 232), { opcode: 8 });
  const after = [frame(utf8("a")), close, frame(utf8("b"))];
  deepEqual(await read(after), { messages: ["a"], reasons: [] });
  deepEqual(await read([joined(after)]), { messages: ["a"], reasons: [] });
  for (let length = 0; length < 30; length++) {
    const cut = joined([frame(utf8("a")), frame(utf8("x".repeat(40)))]).subarray(0, length);
    deepEqual(await read([cut]), { messages: length < 3 ? [] : ["a"], reasons: [] });
  }
});

Deno.test("FrameReader tells the code and reason of a close frame, behind the messages before it", async () => {
  const [coded = utf8("")] = await deflated(["last words"]);
  const reason = utf8("Kühlwasser");
  const closing = frame(joined([Uint8Array.of(3, 243), reason]), { opcode: 8 });
  const told: unknown[] = [];
  const options = {
    extensions: DEFLATE,
    onMessage: (data: string | Uint8Array) => told.push(data),
    onClose: (code: number, reason: string) => told.push([code, reason]),
  };
  await read([joined([frame(coded, { rsv1: true }), closing, closing])], options);
  deepEqual(told.splice(0), ["last words", [1011, "Kühlwasser"]]);
  await read([frame(new Uint8Array(), { opcode: 8 })], options);
  deepEqual(told.splice(0), [[1005, ""]]);
  await read([frame(Uint8Array.of(3), { opcode: 8 })], options);
  deepEqual(told, []);
});

Deno.test("FrameReader gives up when its receiver throws, also one of a compressed message", async () => {
  const [coded = utf8("")] = await deflated(["secret"]);
  for (const bytes of [frame(utf8("secret")), frame(coded, { rsv1: true })]) {
    const reasons: string[] = [];
    const onMessage = () => {
      throw new Error("secret");
    };
    const onGiveUp = (reason: string) => {
      reasons.push(reason);
      throw new Error("again");
    };
    await read([bytes, bytes], { extensions: DEFLATE, onMessage, onGiveUp });
    deepEqual(reasons, ["The receiver of the messages failed"]);
  }
});

Deno.test("FrameReader never throws or hangs on mutated frames", async () => {
  const random = seeded(13);
  const [coded = utf8("")] = await deflated(["some text, some text"]);
  const good = joined([frame(utf8("plain")), frame(coded, { rsv1: true }), frame(utf8("bin"), { opcode: 2 })]);
  let gaveUp = 0;
  for (let round = 0; round < 600; round++) {
    const bytes = new Uint8Array(good);
    for (let times = random(3); times > 0; times--) bytes[random(bytes.length)] = random(256);
    const at = random(bytes.length);
    const { reasons } = await read([bytes.subarray(0, at), bytes.subarray(at)], { extensions: DEFLATE });
    gaveUp += reasons.length;
  }
  ok(gaveUp > 50 && gaveUp < 500, `${gaveUp}`);
});

/** What crossed a tapped connection, as the meter would read it. */
interface Tapped {
  readonly client: (string | Uint8Array)[];
  readonly server: (string | Uint8Array)[];
  readonly problems: string[];
  extensions: string | null;
  readonly ended: Promise<void>;
}

function tap(client: Socket, serverPort: number, maxPayload: number): Tapped {
  const ended = Promise.withResolvers<void>();
  const tapped: Tapped = { client: [], server: [], problems: [], extensions: null, ended: ended.promise };
  const readers: Partial<Record<"client" | "server", FrameReader>> = {};
  const unexpected = () => void tapped.problems.push("a body");
  const sink: ConnectionSink = {
    requestHead: () => {},
    requestBody: unexpected,
    requestEnd: () => {},
    responseHead: (_, { status, fields }) => {
      equal(status, 101);
      const at = fields.findIndex((field, index) => index % 2 === 0 && /^sec-websocket-extensions$/i.test(field));
      tapped.extensions = at < 0 ? null : fields[at + 1] ?? null;
      for (const from of ["client", "server"] as const) {
        readers[from] = new FrameReader({
          from,
          extensions: tapped.extensions,
          maxPayload,
          onMessage: (data) => tapped[from].push(data),
          onGiveUp: (reason) => tapped.problems.push(reason),
        });
      }
    },
    responseBody: unexpected,
    responseEnd: unexpected,
    upgraded: (_, from, bytes) => readers[from]?.write(bytes),
    upgradeEnd: () => void Promise.all([readers.client?.end(), readers.server?.end()]).then(() => ended.resolve()),
    opaque: (reason) => tapped.problems.push(reason),
  };
  const connection = new Http1Connection(sink);
  const upstream = connect({ port: serverPort, host: "127.0.0.1" });
  client.on("data", (bytes: Buffer) => (connection.fromClient(bytes), upstream.write(bytes)));
  upstream.on("data", (bytes: Buffer) => (connection.fromServer(bytes), client.write(bytes)));
  client.on("end", () => (connection.clientEnd(), upstream.end()));
  upstream.on("end", () => (connection.serverEnd(), client.end()));
  for (const socket of [client, upstream]) socket.on("error", (error) => tapped.problems.push(error.message));
  return tapped;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      if (address !== null && typeof address === "object") resolve(address.port);
    });
  });
}

/** A client sends, a server answers each message, and what a tap between them read is returned. */
async function session(offer: boolean | Record<string, unknown>, messages: readonly (string | Uint8Array)[]) {
  const { createServer: createHttpServer } = await import("node:http");
  const http = createHttpServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: offer });
  sockets.on("connection", (socket) => {
    let count = 0;
    socket.on("message", (data, isBinary) => {
      // Few, because the client takes many unanswered pings for an attack.
      const pings = ++count % 20 === 0;
      if (pings) socket.ping("between");
      const text = isBinary ? data : Buffer.from(data).toString();
      if (typeof text === "string") {
        socket.send(text.slice(0, 10), { fin: false });
        if (pings) socket.ping("inside");
        socket.send(text.slice(10), { fin: true });
      } else socket.send(text, { compress: false });
    });
  });
  const upstreamPort = await listening(http);
  const accepted = Promise.withResolvers<Tapped>();
  const proxy = createServer((client) => accepted.resolve(tap(client, upstreamPort, 1 << 20)));
  const port = await listening(proxy);
  const echoes = Promise.withResolvers<void>();
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: offer });
  let received = 0;
  client.on("message", () => ++received === messages.length && echoes.resolve());
  client.on("open", () => messages.forEach((message) => client.send(message)));
  await echoes.promise;
  client.close();
  const tapped = await accepted.promise;
  await tapped.ended;
  await new Promise<void>((resolve) => sockets.close(resolve));
  await new Promise<void>((resolve) => http.close(() => resolve()));
  await new Promise<void>((resolve) => proxy.close(() => resolve()));
  return tapped;
}

Deno.test("FrameReader reads what a real client and server say to each other, however they compress", async () => {
  const messages: (string | Uint8Array)[] = [];
  for (let n = 0; n < 200; n++) {
    messages.push(
      JSON.stringify({ type: "response.output_text.delta", n, text: "gr\u00fc\u00df dich ".repeat(n % 90) }),
    );
    if (n % 10 === 0) messages.push(new Uint8Array(2000).fill(n));
  }
  const offers: [boolean | Record<string, unknown>, RegExp | null][] = [
    [false, null],
    [{ threshold: 200 }, /^permessage-deflate$/],
    [{ threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true }, /no_context_takeover/],
    [{ threshold: 0, serverMaxWindowBits: 10, clientMaxWindowBits: 9 }, /max_window_bits/],
  ];
  for (const [offer, agreed] of offers) {
    const tapped = await session(offer, messages);
    deepEqual(tapped.problems, []);
    if (agreed === null) equal(tapped.extensions, null);
    else match(tapped.extensions ?? "", agreed);
    deepEqual(tapped.client, messages);
    deepEqual(tapped.server, messages);
  }
});

Deno.test("FrameReader gives up on a broken frame that waited behind a compressed one, with more behind it", async () => {
  const mask = [1, 2, 3, 4] as const;
  const [compressed = new Uint8Array()] = await deflated(["first"]);
  const { messages, reasons } = await read([
    frame(compressed, { rsv1: true, mask }),
    frame(Uint8Array.of(0xff, 0xfe), { mask }),
    frame(utf8("x".repeat(200)), { mask }),
    frame(utf8("y"), { mask }),
  ], { from: "client", extensions: DEFLATE });
  deepEqual(messages, ["first"]);
  equal(reasons.length, 1);
});
