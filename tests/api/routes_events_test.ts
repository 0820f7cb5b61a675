import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { MAX_SUBSCRIBERS } from "../../src/roles/event_hub.ts";
import { row, write } from "../store/sample.ts";
import { withApi, type World } from "./harness.ts";

interface Reader {
  readonly status: number;
  /** The next piece of the stream; null at its end. */
  next(): Promise<string | null>;
  end(): Promise<void>;
}

async function read(world: World, headers: Record<string, string> = {}): Promise<Reader> {
  const response = await world.ask("/v1/events", { headers });
  const pieces = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  return {
    status: response.status,
    next: async () => (await pieces?.read())?.value ?? null,
    end: async () => await pieces?.cancel(),
  };
}

Deno.test("/v1/events tells of every call written since, once and in order", async () => {
  await withApi(async (world) => {
    write(world.db, [row()]);
    const reader = await read(world);
    match(await reader.next() ?? "", /^retry: 2000\n/);
    const calls = [row(), row()];
    write(world.db, calls);
    world.hub.notify();
    const text = await reader.next() ?? "";
    deepEqual(
      [...text.matchAll(/^id: (\d+)\nevent: request\ndata: (.*)$/gm)].map(([, seq, data]) => [
        seq,
        JSON.parse(data ?? "").id,
      ]),
      [["2", calls[0]?.id], ["3", calls[1]?.id]],
    );
    await reader.end();
    equal(world.hub.subscribers, 0);
  });
});

Deno.test("/v1/events goes on where a reader was, and tells one that is too far behind to start over", async () => {
  await withApi(async (world) => {
    write(world.db, Array.from({ length: 1_100 }, () => row()));
    const back = await read(world, { "last-event-id": "1098" });
    await back.next();
    deepEqual((await back.next() ?? "").match(/^id: \d+$/gm), ["id: 1099", "id: 1100"]);
    await back.end();
    for (const id of ["3", "5000"]) {
      const lost = await read(world, { "last-event-id": id });
      match(await lost.next() ?? "", /id: 1100\nevent: reset\n/);
      await lost.end();
    }
    const odd = await read(world, { "last-event-id": "x" });
    equal((await odd.next() ?? "").includes("reset"), false);
    await odd.end();
  });
});

Deno.test("/v1/events gives many calls piece by piece", async () => {
  await withApi(async (world) => {
    const reader = await read(world);
    await reader.next();
    write(world.db, Array.from({ length: 120 }, () => row()));
    world.hub.notify();
    const sizes: number[] = [];
    while (sizes.reduce((sum, size) => sum + size, 0) < 120) {
      sizes.push((await reader.next() ?? "").match(/^event: request$/gm)?.length ?? 0);
    }
    deepEqual(sizes, [50, 50, 20]);
    await reader.end();
  });
});

Deno.test("/v1/events takes a bounded number of readers", async () => {
  await withApi(async (world) => {
    const readers = await Promise.all(Array.from({ length: MAX_SUBSCRIBERS }, () => read(world)));
    const refused = await world.ask("/v1/events");
    deepEqual([refused.status, (await refused.json()).code], [503, "too_many_readers"]);
    for (const reader of readers) await reader.end();
    equal((await read(world)).status, 200);
  });
});
