import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type ControlHandlers, serveControl } from "../../src/roles/control_server.ts";
import { close, eventually, pause, receive, receiveAll, receiveUntil, send, withFolder, within } from "./tools.ts";

interface Heard {
  readonly socket: string;
  readonly heard: string[];
  readonly refused: () => number;
}

async function withServer(changes: Partial<ControlHandlers>, body: (given: Heard) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const socket = `${folder}/control`;
    const heard: string[] = [];
    let refused = 0;
    const server = serveControl(socket, {
      client: (clientPort, edgePort) => void heard.push(`client ${clientPort} ${edgePort}`),
      link: (clientPort, peerPort) => void heard.push(`link ${clientPort} ${peerPort}`),
      run: (pid, project) => {
        heard.push(`run ${pid} ${project}`);
        return () => heard.push(`end ${pid}`);
      },
      status: () => Promise.resolve({ fine: true }),
      connections: () => Promise.resolve({ counted: true }),
      cloud: () => Promise.resolve({ ok: true }),
      selfTest: () => ({ port: 0, ended: () => {} }),
      releaseEdge: () => ({ answer: Promise.resolve({ released: false }), ended: () => {} }),
      takeEdge: () => ({ answer: Promise.resolve(null), ended: () => {} }),
      bindEdge: () => Promise.resolve(null),
      refused: () => refused++,
      ...changes,
    });
    try {
      await body({ socket, heard, refused: () => refused });
    } finally {
      server.close();
      await pause(5);
    }
  });
}

function open(path: string): Promise<Deno.UnixConn> {
  return Deno.connect({ transport: "unix", path });
}

Deno.test("serveControl listens for the owner only, in place of what a dead supervisor left", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/control`;
    const dead = Deno.listen({ transport: "unix", path: socket });
    dead.close();
    if (!(await Deno.readDir(folder)[Symbol.asyncIterator]().next()).value) Deno.writeTextFileSync(socket, "left");
    const none = () => {};
    const server = serveControl(socket, {
      client: none,
      link: none,
      run: () => none,
      status: () => Promise.resolve("up"),
      connections: () => Promise.resolve(null),
      cloud: () => Promise.resolve(null),
      selfTest: () => ({ port: 0, ended: () => {} }),
      releaseEdge: () => ({ answer: Promise.resolve(null), ended: () => {} }),
      takeEdge: () => ({ answer: Promise.resolve(null), ended: () => {} }),
      bindEdge: () => Promise.resolve(null),
      refused: none,
    });
    equal((Deno.statSync(socket).mode ?? 0) & 0o777, 0o600);
    const connection = await open(socket);
    await send(connection, '{"t":"status"}\n');
    equal(await receiveUntil(connection, "\n"), '"up"\n');
    close(connection);
    server.close();
    await pause(5);
    equal([...Deno.readDirSync(folder)].length, 0, "the socket is removed");
  });
});

Deno.test("serveControl hands on notices in order, and answers questions on the same connection", async () => {
  await withServer({}, async ({ socket, heard }) => {
    const connection = await open(socket);
    await send(connection, '{"t":"client","clientPort":1,"edgePort":2}\n{"t":"link","clientPort":1,"peerPort":3}\n');
    await send(connection, '{"t":"status"}\n{"t":"release-edge"}\n');
    equal(await receiveUntil(connection, "\n"), '{"fine":true}\n');
    equal(await receiveUntil(connection, "\n"), '{"released":false}\n');
    deepEqual(heard, ["client 1 2", "link 1 3"]);
    close(connection);
  });
});

Deno.test("serveControl does not let one slow look-up hold up the notices after it", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const linked: number[] = [];
  const link = (clientPort: number) => {
    linked.push(clientPort);
    return promise;
  };
  await withServer({ link }, async ({ socket }) => {
    const connection = await open(socket);
    for (const port of [1, 2, 3]) await send(connection, `{"t":"link","clientPort":${port},"peerPort":9}\n`);
    await eventually(() => linked.length === 3, "all three links");
    close(connection);
    resolve();
  });
});

Deno.test("serveControl closes the connection of an unknown message, counts it, and acts on nothing after it", async () => {
  for (
    const bad of ['{"t":"format-disk"}', "GET / HTTP/1.1", "", "x".repeat(5_000), `{"t":"status"}${" ".repeat(5_000)}`]
  ) {
    await withServer({}, async ({ socket, heard, refused }) => {
      const connection = await open(socket);
      await send(connection, `${bad}\n{"t":"client","clientPort":1,"edgePort":2}\n`).catch(() => {});
      equal((await within(receiveAll(connection), "the close")).length, 0);
      equal(refused(), 1, bad.slice(0, 30));
      deepEqual(heard, []);
      close(connection);
    });
  }
});

Deno.test("serveControl refuses an endless line without waiting for its end", async () => {
  await withServer({}, async ({ socket, refused }) => {
    const connection = await open(socket);
    await send(connection, "x".repeat(6_000)).catch(() => {});
    equal((await within(receiveAll(connection), "the close")).length, 0);
    equal(refused(), 1);
    close(connection);
  });
});

Deno.test("serveControl keeps a run registered until its connection ends", async () => {
  await withServer({}, async ({ socket, heard }) => {
    const first = await open(socket);
    const second = await open(socket);
    await send(first, '{"t":"run","pid":10,"project":"a"}\n');
    equal(await receiveUntil(first, "\n"), '{"ok":true}\n');
    await send(second, '{"t":"run","pid":11,"project":"b"}\n');
    await receiveUntil(second, "\n");
    deepEqual(heard, ["run 10 a", "run 11 b"]);
    first.close();
    await eventually(() => heard.length === 3, "the end of the run");
    equal(heard[2], "end 10");
    second.close();
    await eventually(() => heard.includes("end 11"), "the end of the other run");
  });
});

Deno.test("serveControl ends a run also when its connection goes on with nonsense", async () => {
  await withServer({}, async ({ socket, heard }) => {
    const connection = await open(socket);
    await send(connection, '{"t":"run","pid":10,"project":"a"}\nnonsense\n');
    await within(receiveAll(connection), "the close");
    deepEqual(heard, ["run 10 a", "end 10"]);
    close(connection);
  });
});

Deno.test("serveControl survives a handler that fails", async () => {
  await withServer({ status: () => Promise.reject(new Error("no")) }, async ({ socket, heard }) => {
    const connection = await open(socket);
    await send(connection, '{"t":"status"}\n');
    equal((await within(receiveAll(connection), "the close")).length, 0);
    close(connection);
    const other = await open(socket);
    await send(other, '{"t":"client","clientPort":1,"edgePort":2}\n');
    await eventually(() => heard.length === 1, "a notice on another connection");
    close(other);
  });
});

Deno.test("serveControl closes every connection when it is closed", async () => {
  await withFolder(async (folder) => {
    const none = () => {};
    const server = serveControl(`${folder}/control`, {
      client: none,
      link: none,
      run: () => none,
      status: () => Promise.resolve(null),
      connections: () => Promise.resolve(null),
      cloud: () => Promise.resolve(null),
      selfTest: () => ({ port: 0, ended: () => {} }),
      releaseEdge: () => ({ answer: Promise.resolve(null), ended: () => {} }),
      takeEdge: () => ({ answer: Promise.resolve(null), ended: () => {} }),
      bindEdge: () => Promise.resolve(null),
      refused: none,
    });
    const connection = await open(`${folder}/control`);
    await send(connection, '{"t":"status"}\n');
    equal(await receiveUntil(connection, "\n"), "null\n");
    server.close();
    equal((await within(receive(connection).catch(() => new Uint8Array(0)), "the close")).length, 0);
    close(connection);
  });
});
