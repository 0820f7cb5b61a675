import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { askSupervisor, holdRun, supervisorAnswers } from "../../src/roles/control_client.ts";
import { serveControl } from "../../src/roles/control_server.ts";
import { eventually, pause, withFolder, within } from "./tools.ts";

async function withSupervisor(
  answer: unknown,
  body: (socket: string, runs: Map<number, string>) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const runs = new Map<number, string>();
    const server = serveControl(`${folder}/control`, {
      client: () => {},
      link: () => {},
      run: (pid, project) => {
        runs.set(pid, project);
        return () => runs.delete(pid);
      },
      status: () => Promise.resolve(answer),
      connections: () => Promise.resolve(null),
      cloud: () => Promise.resolve(null),
      selfTest: () => ({ port: 0, ended: () => {} }),
      releaseEdge: () => ({ answer: new Promise(() => {}), ended: () => {} }),
      takeEdge: () => ({ answer: Promise.resolve(null), ended: () => {} }),
      bindEdge: () => Promise.resolve(null),
      refused: () => {},
    });
    try {
      await body(`${folder}/control`, runs);
    } finally {
      server.close();
      await pause(5);
    }
  });
}

Deno.test("askSupervisor gives the answer, also one of many kilobytes", async () => {
  await withSupervisor({ small: true }, async (socket) => {
    deepEqual(await askSupervisor(socket, { t: "status" }, 1000), { small: true });
  });
  const notes = Array.from({ length: 2_000 }, (_, i) => `Note number ${i} — with a dash`);
  await withSupervisor({ notes }, async (socket) => {
    deepEqual(await askSupervisor(socket, { t: "status" }, 1000), { notes });
  });
});

Deno.test("askSupervisor gives null where nobody listens, and when the answer is late", async () => {
  await withFolder(async (folder) => {
    equal(await askSupervisor(`${folder}/none`, { t: "status" }, 1000), null);
    equal(await supervisorAnswers(`${folder}/none`), false);
    Deno.listen({ transport: "unix", path: `${folder}/dead` }).close();
    equal(await supervisorAnswers(`${folder}/dead`), false);
  });
  await withSupervisor(null, async (socket) => {
    equal(await within(askSupervisor(socket, { t: "release-edge" }, 50), "the time limit", 2_000), null);
  });
});

Deno.test("supervisorAnswers sees a live supervisor", async () => {
  await withSupervisor(null, async (socket) => equal(await supervisorAnswers(socket), true));
});

Deno.test("holdRun registers before it returns, until it is released", async () => {
  await withSupervisor(null, async (socket, runs) => {
    const release = await holdRun(socket, 4242, "shop");
    deepEqual([...runs], [[4242, "shop"]]);
    release();
    await eventually(() => runs.size === 0, "the end of the run");
  });
});

Deno.test("holdRun without a supervisor does nothing", async () => {
  await withFolder(async (folder) => {
    const release = await holdRun(`${folder}/none`, 4242, "shop");
    release();
  });
});
