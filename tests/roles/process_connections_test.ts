import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { DIRECT } from "../../src/domain/upstream.ts";
import { askSupervisor } from "../../src/roles/control_client.ts";
import type { RowInputs } from "../../src/roles/permissions.ts";
import {
  answerConnections,
  countsDestinations,
  gatherConnections,
  type ProcessConnections,
} from "../../src/roles/process_connections.ts";
import { serveUnix } from "../../src/roles/unix_server.ts";
import { WorkerHandle } from "../../src/roles/worker_handle.ts";
import { close, receiveAll, send, withFolder, within } from "./tools.ts";

const INPUTS: RowInputs = {
  home: "/h",
  portsFile: "/h/p",
  controlSocket: "/h/c",
  edgeLog: "/h/l",
  apiPorts: [8765, 8766],
  upstream: DIRECT,
  selfTestPort: 0,
};

const ANSWER: ProcessConnections = { process: "edge", pid: 7, version: "1.2.3", startedAt: 5, roles: [] };

Deno.test("gatherConnections asks those roles that can leave the machine, and shows the row of every role", async () => {
  const entry = new URL("../../src/roles/edge_worker.ts", import.meta.url);
  const worker = new WorkerHandle({ name: "edge", entry, permissions: { net: false } }, () => {}, () => {});
  try {
    const roles = ["edge", "interceptor", "recorder", "api"] as const;
    const found = await gatherConnections(roles, new Map([["edge", worker]]), { interceptor: 2 }, INPUTS);
    deepEqual(found.map(({ role, running, restarts, log }) => [role, running, restarts, log]), [
      ["edge", true, 0, null], // It was never started, so it has counted nothing.
      ["interceptor", false, 2, null],
      ["recorder", false, 0, null],
      ["api", false, 0, null],
    ]);
    deepEqual(found.map(({ mayConnect }) => mayConnect).filter((row) => !Array.isArray(row)), [true, false]);
    deepEqual(found[3]?.mayConnect, ["127.0.0.1:8765", "127.0.0.1:8766"]);
    equal(JSON.stringify(found[1]?.mayConnect).includes("api.anthropic.com:443"), true);
  } finally {
    worker.terminate();
  }
});

Deno.test("countsDestinations names the roles whose row leaves the machine", () => {
  const roles = ["edge", "interceptor", "recorder", "api", "sync"] as const;
  deepEqual(roles.filter(countsDestinations), ["edge", "interceptor", "sync"]);
});

Deno.test("answerConnections answers as often as it is asked, and nothing else", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/socket`;
    const server = serveUnix(path, (connection) => answerConnections(connection, () => Promise.resolve(ANSWER)));
    deepEqual(await askSupervisor(path, { t: "connections" }, 2_000), ANSWER);
    for (const line of ['{"t":"status"}', '{"t":"release-edge"}', "nonsense", "x".repeat(100_000)]) {
      const connection = await Deno.connect({ transport: "unix", path });
      await send(connection, `${line}\n`).catch(() => {});
      equal((await within(receiveAll(connection), line.slice(0, 20))).length, 0);
      close(connection);
    }
    server.close();
  });
});
