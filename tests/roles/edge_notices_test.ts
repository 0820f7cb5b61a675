import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { Notices } from "../../src/roles/edge_notices.ts";
import { close, eventually, pause, receiveUntil, withFolder, within } from "./tools.ts";

function link(n: number) {
  return { t: "link", clientPort: n, peerPort: n } as const;
}

function numberOf(line: string): number {
  return JSON.parse(line).clientPort;
}

Deno.test("Notices arrive in order over one connection", async () => {
  await withFolder(async (folder) => {
    const listener = Deno.listen({ transport: "unix", path: `${folder}/control` });
    const notices = new Notices(`${folder}/control`, () => performance.now());
    for (let n = 1; n <= 50; n++) notices.send(link(n));
    const connection = await listener.accept();
    for (let n = 1; n <= 50; n++) equal(numberOf(await receiveUntil(connection, "\n")), n);
    notices.send({ t: "client", clientPort: 51, edgePort: 1 });
    deepEqual(JSON.parse(await receiveUntil(connection, "\n")), { t: "client", clientPort: 51, edgePort: 1 });
    equal(notices.lost, 0);
    notices.close();
    close(connection);
    listener.close();
  });
});

Deno.test("Notices that find nobody are lost and counted, and the next look comes 200 ms later", async () => {
  await withFolder(async (folder) => {
    let now = 1_000;
    const notices = new Notices(`${folder}/control`, () => now);
    notices.send(link(1));
    await eventually(() => notices.lost === 1, "the loss");
    const listener = Deno.listen({ transport: "unix", path: `${folder}/control` });
    now += 199;
    notices.send(link(2));
    equal(notices.lost, 2, "too early to look again");
    now += 1;
    notices.send(link(3));
    const connection = await within(listener.accept(), "the connection");
    equal(numberOf(await receiveUntil(connection, "\n")), 3);
    equal(notices.lost, 2);
    notices.close();
    close(connection);
    listener.close();
  });
});

Deno.test("Notices reach the successor of a supervisor that was restarted, none of them lost", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/control`;
    const first = Deno.listen({ transport: "unix", path });
    const notices = new Notices(path, () => performance.now());
    notices.send(link(1));
    const old = await first.accept();
    await receiveUntil(old, "\n");
    old.close();
    first.close();
    await Deno.remove(path).catch(() => {});
    const second = Deno.listen({ transport: "unix", path });
    notices.send(link(2));
    notices.send(link(3));
    const connection = await within(second.accept(), "the connection");
    equal(numberOf(await receiveUntil(connection, "\n")), 2);
    equal(numberOf(await receiveUntil(connection, "\n")), 3);
    equal(notices.lost, 0);
    notices.close();
    close(connection);
    second.close();
  });
});

Deno.test("Notices to a supervisor that does not read are bounded, and what is over is counted", async () => {
  await withFolder(async (folder) => {
    const listener = Deno.listen({ transport: "unix", path: `${folder}/control` });
    const notices = new Notices(`${folder}/control`, () => 0);
    const sent = 20_000;
    for (let n = 1; n <= sent; n++) {
      notices.send(link(1 + n % 60_000));
      if (n % 100 === 0) await pause(0);
    }
    equal(notices.lost > 0, true);
    const lost = notices.lost;
    const connection = await listener.accept();
    const seen: number[] = [];
    const buffer = new Uint8Array(65_536);
    let text = "";
    while (seen.length < sent - lost) {
      const count = await within(connection.read(buffer), "the rest");
      text += new TextDecoder().decode(buffer.subarray(0, count ?? 0));
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      seen.push(...lines.map(numberOf));
    }
    equal(seen.length, sent - lost);
    deepEqual(seen, seen.toSorted((a, b) => a - b));
    notices.close();
    close(connection);
    listener.close();
  });
});
