import { match, strictEqual as equal } from "node:assert/strict";
import { edgeAt, portIsFree } from "../../src/roles/edge_probe.ts";
import { withEdge } from "./edge_bench.ts";
import { closedPort, receiveUntil, send, tcpServer, within } from "./tools.ts";

async function answerOf(answer: string | null, closes = true): Promise<unknown> {
  const server = tcpServer(async (connection) => {
    await receiveUntil(connection, "\r\n\r\n");
    if (answer !== null) await send(connection, answer);
    if (closes) connection.close();
  });
  try {
    return await within(edgeAt(server.port, "home-1"), "the probe", 2_000);
  } finally {
    server.stop();
  }
}

Deno.test("edgeAt tells process and version of an edge of ours", async () => {
  await withEdge(
    {},
    async (bench) =>
      match(
        JSON.stringify(await edgeAt(bench.port, "home-1")),
        /^\{"pid":4242,"version":"1\.2\.3","counters":\{"connections":/,
      ),
  );
});

Deno.test("edgeAt takes everything else for no edge", async () => {
  equal(await edgeAt(closedPort(), "home-1"), null);
  const head = "HTTP/1.1 200 OK\r\n\r\n";
  const answers = [
    "",
    head,
    `${head}no json`,
    `${head}null`,
    `${head}[]`,
    `${head}{}`,
    `${head}{"halton_meter_edge":"1"}`,
    `${head}{"halton_meter_edge":1,"pid":2}`,
    `${head}{"halton_meter_edge":"1","pid":"2","installation":"home-1"}`,
    `${head}{"halton_meter_edge":"1","pid":2}`,
    `${head}{"halton_meter_edge":"1","pid":2,"installation":"home-2"}`,
    "x".repeat(100_000),
  ];
  for (const answer of answers) equal(await answerOf(answer), null, answer.slice(0, 60));
});

Deno.test("edgeAt does not wait for a program that says nothing", async () => {
  equal(await answerOf(null, false), null);
});

Deno.test("portIsFree tells a port that somebody listens at from one that nobody does", () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  equal(portIsFree(listener.addr.port), false);
  listener.close();
  equal(portIsFree(listener.addr.port), true);
});
