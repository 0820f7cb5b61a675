import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { startEdge } from "../../src/roles/edge.ts";
import { edgeAt } from "../../src/roles/edge_probe.ts";
import { echoServer, edgeOptions, withEdge } from "./edge_bench.ts";
import { close, closedPort, pause, receiveBytes, send, tcpServer, text, withFolder, within } from "./tools.ts";

Deno.test("startEdge listens on loopback only", async () => {
  await withEdge({}, async (bench) => {
    deepEqual(bench.edge.outcome, { kind: "listening", port: bench.port, foreign: null });
    const hosts = Deno.networkInterfaces().filter(({ family, address }) =>
      family === "IPv4" && address !== "127.0.0.1"
    );
    for (const { address } of hosts) await rejects(Deno.connect({ hostname: address, port: bench.port }));
    await rejects(Deno.connect({ hostname: "::1", port: bench.port }));
  });
});

Deno.test("startEdge adopts a live edge of ours instead of starting another", async () => {
  await withEdge({}, async (bench) => {
    const second = await startEdge(
      edgeOptions(bench.folder, { edge: { port: bench.port, pid: 9, fallbackPorts: [1] } }),
    );
    deepEqual(second.outcome, { kind: "adopted", port: bench.port, pid: 4242, foreign: null });
    deepEqual(second.counters(), {});
    second.release(); // It holds nothing: the port stays with its owner.
    match(
      JSON.stringify(await edgeAt(bench.port, "home-1")),
      /^\{"pid":4242,"version":"1\.2\.3","counters":\{"connections":/,
    );
  });
});

Deno.test("startEdge falls back when another program holds the port, and says whose it was", async () => {
  const foreign = tcpServer((connection) => Promise.resolve(connection.close()));
  await withFolder(async (folder) => {
    const fallback = closedPort();
    const edge = await startEdge(edgeOptions(folder, { edge: { port: foreign.port, fallbackPorts: [fallback] } }));
    deepEqual(edge.outcome, { kind: "listening", port: fallback, foreign: foreign.port });
    const again = await startEdge(edgeOptions(folder, { edge: { port: foreign.port, fallbackPorts: [fallback] } }));
    deepEqual(again.outcome, { kind: "adopted", port: fallback, pid: 4242, foreign: foreign.port });
    edge.release();
  });
  foreign.stop();
});

Deno.test("startEdge takes an edge of another installation for another program, and never its place", async () => {
  await withEdge({}, async (bench) => {
    for (const takeOver of [false, true]) {
      const fallback = closedPort();
      const other = { port: bench.port, fallbackPorts: [fallback], installation: "home-2", takeOver, pid: 9 };
      const edge = await startEdge(edgeOptions(bench.folder, { edge: other }));
      deepEqual(edge.outcome, { kind: "listening", port: fallback, foreign: bench.port });
      equal(await edgeAt(bench.port, "home-2"), null);
      equal((await edgeAt(bench.port, "home-1"))?.pid, 4242);
      edge.release();
    }
  });
});

Deno.test("startEdge takes a program that accepts and says nothing for foreign, soon", async () => {
  const silent = tcpServer(() => new Promise(() => {}));
  await withFolder(async (folder) => {
    const edge = await within(
      startEdge(edgeOptions(folder, { edge: { port: silent.port, fallbackPorts: [closedPort()] } })),
      "the fallback",
      2_000,
    );
    equal(edge.outcome.foreign, silent.port);
    edge.release();
  });
  silent.stop();
});

Deno.test("startEdge fails when every port is taken", async () => {
  const holders = [1, 2].map(() => tcpServer((connection) => Promise.resolve(connection.close())));
  const [port = 0, fallback = 0] = holders.map((holder) => holder.port);
  await withFolder(async (folder) => {
    const options = edgeOptions(folder, { edge: { port, fallbackPorts: [fallback] } });
    await rejects(startEdge(options), Deno.errors.AddrInUse);
  });
  holders.forEach((holder) => holder.stop());
});

Deno.test("release stops accepting and leaves open connections alone", async () => {
  const far = echoServer();
  await withEdge({}, async (bench) => {
    const { client } = await bench.connect(`127.0.0.1:${far.port}`, "a");
    await receiveBytes(client, 1);
    bench.edge.release();
    await pause(10);
    await rejects(bench.open(), Deno.errors.ConnectionRefused);
    await send(client, "still here");
    equal(text(await receiveBytes(client, 10)), "still here");
    bench.edge.release();
  });
  far.stop();
});

Deno.test("startEdge takes a port over that is let go of a moment later", async () => {
  await withEdge({}, async (bench) => {
    const taking = startEdge(edgeOptions(bench.folder, { edge: { port: bench.port, pid: 9, takeOver: true } }));
    await pause(120);
    bench.edge.release();
    const taken = await within(taking, "the take-over");
    deepEqual(taken.outcome, { kind: "listening", port: bench.port, foreign: null });
    match(
      JSON.stringify(await edgeAt(bench.port, "home-1")),
      /^\{"pid":9,"version":"1\.2\.3","counters":\{"connections":/,
    );
    taken.release();
  });
});

Deno.test("startEdge adopts the holder when the port is not let go of", async () => {
  await withEdge({}, async (bench) => {
    const taken = await startEdge(edgeOptions(bench.folder, { edge: { port: bench.port, pid: 9, takeOver: true } }));
    equal(taken.outcome.kind, "adopted");
  });
});

Deno.test("counters of an edge without a supervisor tell of lost notices", async () => {
  await withEdge({ deaf: true }, async (bench) => {
    equal(bench.edge.counters()["notices_lost"], 0);
    const client = await bench.open();
    await send(client, "GET /.halton-meter/edge HTTP/1.1\r\n\r\n");
    match(text(await receiveBytes(client, 12)), /^HTTP\/1\.1 200/);
    close(client);
  });
});
