import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Attribution } from "../../src/domain/exchange.ts";
import type { LogEvent } from "../../src/log.ts";
import { Owners } from "../../src/roles/owners.ts";
import { eventually, receiveUntil, type Server, tcpServer, withFolder, within, withShortTimer } from "./tools.ts";

/** A process of its own that holds connections to `port` and says from where; it lives until its input ends. */
const CALLER = `
const [port, count] = Deno.args;
const open = [];
for (let i = 0; i < Number(count); i++) open.push(await Deno.connect({ hostname: "127.0.0.1", port: Number(port) }));
console.log(open.map((connection) => connection.localAddr.port).join(","));
await Deno.stdin.read(new Uint8Array(1));
Deno.exit(0);
`;

interface Caller {
  readonly ports: number[];
  readonly pid: number;
  stop(): Promise<void>;
}

async function startCaller(port: number, cwd: string, env: Record<string, string> = {}, count = 1): Promise<Caller> {
  const file = await Deno.makeTempFile({ suffix: ".js" });
  await Deno.writeTextFile(file, CALLER);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-config", "--allow-net=127.0.0.1", file, `${port}`, `${count}`],
    cwd,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await within(reader.read(), "the caller");
  reader.releaseLock();
  const ports = new TextDecoder().decode(value).trim().split(",").map(Number);
  return {
    ports,
    pid: child.pid,
    async stop() {
      await child.stdin.close();
      await child.stdout.cancel();
      await child.status;
      await Deno.remove(file);
    },
  };
}

interface Bench {
  readonly owners: Owners;
  readonly told: Map<number, Attribution>;
  readonly events: LogEvent[];
  readonly server: Server<Deno.TcpConn>;
  readonly folder: string;
}

async function withOwners(body: (bench: Bench) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const server = tcpServer(async (connection) => void await receiveUntil(connection, "never"));
    const told = new Map<number, Attribution>();
    const events: LogEvent[] = [];
    const owners = new Owners({
      defaultProject: "misc",
      tell: (port, owner) => told.set(port, owner),
      log: (event) => events.push(event),
    });
    try {
      await body({ owners, told, events, server, folder });
    } finally {
      server.stop();
    }
  });
}

Deno.test("Owners names the project of the folder that the caller works in", async () => {
  await withOwners(async ({ owners, told, events, server, folder }) => {
    await Deno.mkdir(`${folder}/Web Shop/.git`, { recursive: true });
    await Deno.writeTextFile(`${folder}/Web Shop/.git/HEAD`, "ref: refs/heads/main\n");
    const caller = await startCaller(server.port, `${folder}/Web Shop`);
    owners.client(caller.ports[0] ?? 0, server.port);
    await owners.link(caller.ports[0] ?? 0, 9001);
    deepEqual([...told], [[9001, { slug: "web-shop", layer: "git" }]]);
    deepEqual(events, [{ event: "attribution.resolved", slug: "web-shop", winning_layer: "git" }]);
    deepEqual(owners.counters(), { owners_resolved: 1, owners_unresolved: 0, malformed_slugs: 0, rc_problems: 0 });
    await caller.stop();
  });
});

Deno.test("Owners takes a run before a variable, a variable before a file, and counts what is malformed", async () => {
  await withOwners(async ({ owners, told, server, folder }) => {
    await Deno.writeTextFile(`${folder}/.haltonrc`, "project = from-file\n");
    const named = await startCaller(server.port, folder, { HALTON_PROJECT: "from-env" });
    const unnamed = await startCaller(server.port, folder, { HALTON_PROJECT: "Not A Slug" });
    const both = [named, unnamed];
    for (const [i, caller] of both.entries()) {
      owners.client(caller.ports[0] ?? 0, server.port);
      await owners.link(caller.ports[0] ?? 0, 9001 + i);
    }
    equal(told.get(9001)?.slug, "from-env");
    equal(told.get(9002)?.slug, "from-file");
    equal(owners.counters()["malformed_slugs"], 1);
    const end = owners.run(named.pid, "from-run");
    owners.client(named.ports[0] ?? 0, server.port);
    await owners.link(named.ports[0] ?? 0, 9003);
    deepEqual(told.get(9003), { slug: "from-run", layer: "run" });
    end();
    for (const caller of both) await caller.stop();
  });
});

Deno.test("Owners finds a caller that has ended by the time it is linked", async () => {
  await withOwners(async ({ owners, told, server, folder }) => {
    await Deno.writeTextFile(`${folder}/.haltonrc`, "project = short-lived\n");
    const caller = await startCaller(server.port, folder);
    const port = caller.ports[0] ?? 0;
    owners.client(port, server.port);
    await eventually(() => owners.counters()["owners_resolved"] === 1, "the look-up");
    await caller.stop();
    await owners.link(port, 9001);
    equal(told.get(9001)?.slug, "short-lived");
  });
});

Deno.test("Owners answers with the default when nobody is found, or nobody was announced", async () => {
  await withOwners(async ({ owners, told, server }) => {
    owners.client(1, server.port);
    await owners.link(1, 9001);
    await owners.link(2, 9002);
    for (const port of [9001, 9002]) deepEqual(told.get(port), { slug: "misc", layer: "smart_default", unknown: true });
    equal(owners.counters()["owners_unresolved"], 1);
  });
});

Deno.test("Owners uses each look-up for one link, and forgets one that is never linked", async () => {
  await withShortTimer(60_000, 20, async () => {
    await withOwners(async ({ owners, told, server, folder }) => {
      await Deno.writeTextFile(`${folder}/.haltonrc`, "project = once\n");
      const caller = await startCaller(server.port, folder, {}, 2);
      const [first = 0, second = 0] = caller.ports;
      owners.client(first, server.port);
      await owners.link(first, 9001);
      await owners.link(first, 9002);
      owners.client(second, server.port);
      await eventually(() => owners.counters()["owners_resolved"] === 2, "the look-up");
      await new Promise((resolve) => setTimeout(resolve, 40));
      await owners.link(second, 9003);
      deepEqual([9001, 9002, 9003].map((port) => told.get(port)?.slug), ["once", "misc", "misc"]);
      await caller.stop();
    });
  });
});

/** Runs `body` while timers of `ms` milliseconds wait until it lets those run out that were not cleared. */
async function withHeldTimers(ms: number, body: (runOut: () => void) => Promise<void>): Promise<void> {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const held = new Map<Parameters<typeof clear>[0], () => void>();
  const hold = (callback: () => void, after?: number) => {
    if (after !== ms) return set(callback, after);
    const timer = set(() => {}, 0x7fffffff);
    held.set(timer, callback);
    return timer;
  };
  const release = (timer?: Parameters<typeof clearTimeout>[0]) => {
    held.delete(timer);
    clear(timer);
  };
  globalThis.setTimeout = Object.assign(hold, { __promisify__: set.__promisify__ });
  globalThis.clearTimeout = release;
  const runOut = () => {
    for (const [timer, callback] of [...held]) {
      held.delete(timer);
      clear(timer);
      callback();
    }
  };
  try {
    await body(runOut);
  } finally {
    runOut();
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }
}

Deno.test("Owners forgets a run a moment after its end, but not one that began again", async () => {
  await withHeldTimers(5_000, async (runOut) => {
    await withOwners(async ({ owners, told, server, folder }) => {
      const caller = await startCaller(server.port, folder);
      const port = caller.ports[0] ?? 0;
      const projectOf = async (peer: number) => {
        owners.client(port, server.port);
        await owners.link(port, peer);
        return told.get(peer)?.slug;
      };
      const endFirst = owners.run(caller.pid, "first");
      endFirst();
      equal(await projectOf(9001), "first", "its last calls may still be looked up");
      const endSecond = owners.run(caller.pid, "second");
      runOut();
      equal(await projectOf(9002), "second");
      endSecond();
      equal(await projectOf(9003), "second", "its last calls may still be looked up");
      runOut();
      equal(await projectOf(9004) === "second", false);
      await caller.stop();
    });
  });
});

Deno.test("Owners passes on what a .haltonrc says of bodies, and tells of what it ignored until that is mended", async () => {
  await withOwners(async ({ owners, told, server, folder }) => {
    const file = `${folder}/.haltonrc`;
    await Deno.writeTextFile(file, "project = shop\nbody_capture = off\nbody_captrue = off\n");
    const first = await startCaller(server.port, folder);
    owners.client(first.ports[0] ?? 0, server.port);
    await owners.link(first.ports[0] ?? 0, 9001);
    deepEqual(told.get(9001), { slug: "shop", layer: "rcfile", bodyCapture: false });
    equal(owners.counters()["rc_problems"], 1);
    deepEqual(owners.notes(), [`Ignored line 3 of ${await Deno.realPath(file)}: unknown key`]);
    await first.stop();

    await Deno.writeTextFile(file, "body_capture = on\n");
    await new Promise((resolve) => setTimeout(resolve, 3_100)); // What was read of a folder is kept for 3 s.
    const second = await startCaller(server.port, folder);
    owners.client(second.ports[0] ?? 0, server.port);
    await owners.link(second.ports[0] ?? 0, 9002);
    deepEqual(told.get(9002), { slug: "misc", layer: "smart_default", bodyCapture: true });
    deepEqual([owners.notes(), owners.counters()["rc_problems"]], [[], 0]);
    await second.stop();
  });
});

Deno.test("Owners passes a working directory on only for projects whose calls are shared with it", async () => {
  await withOwners(async ({ told, server, folder }) => {
    const owners = new Owners({
      defaultProject: "misc",
      keepsWorkdir: (slug) => slug === "shop",
      tell: (port, owner) => told.set(port, owner),
      log: () => {},
    });
    for (const [project, peer, workdir] of [["shop", 9001, true], ["other", 9002, false]] as const) {
      const caller = await startCaller(server.port, folder, { HALTON_PROJECT: project });
      owners.client(caller.ports[0] ?? 0, server.port);
      await owners.link(caller.ports[0] ?? 0, peer);
      deepEqual(told.get(peer), {
        slug: project,
        layer: "env",
        ...(workdir && { workdir: await Deno.realPath(folder) }),
      });
      await caller.stop();
    }
  });
});
