import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { INTERCEPTED_HOSTS, type InterceptedHost } from "../../src/domain/hosts.ts";
import { type EffectivePorts, fallbackPorts, NO_PORTS, readPorts, updatePorts } from "../../src/roles/ports_file.ts";
import { withFolder } from "./tools.ts";

const HOSTS = Object.fromEntries(INTERCEPTED_HOSTS.map((host, i) => [host, 40_000 + i])) as Record<
  InterceptedHost,
  number
>;
const DAEMON: EffectivePorts["daemon"] = {
  pid: 77,
  apiPort: null,
  interceptor: { hosts: HOSTS, health: 41_000, selfTest: 41_001, token: "1" },
  startedAt: 1_700_000_000_000,
};
const EDGE: EffectivePorts["edge"] = { port: 8081, pid: 78 };

Deno.test("readPorts gives what updatePorts wrote", async () => {
  await withFolder((folder) => {
    const path = `${folder}/ports.json`;
    deepEqual(readPorts(path), NO_PORTS);
    updatePorts(path, { edge: EDGE });
    deepEqual(readPorts(path), { edge: EDGE, daemon: null });
    updatePorts(path, { daemon: DAEMON });
    deepEqual(readPorts(path), { edge: EDGE, daemon: DAEMON });
    updatePorts(path, { edge: null });
    deepEqual(readPorts(path), { edge: null, daemon: DAEMON });
    return Promise.resolve();
  });
});

Deno.test("updatePorts replaces the file at once, for its owner only, and leaves nothing beside it", async () => {
  await withFolder((folder) => {
    const path = `${folder}/ports.json`;
    Deno.writeTextFileSync(path, "{}", { mode: 0o644 });
    const before = Deno.statSync(path).ino;
    updatePorts(path, { edge: EDGE });
    const after = Deno.statSync(path);
    equal((after.mode ?? 0) & 0o777, 0o600);
    equal(before === after.ino, false, "a reader that has the old file open must not see half of the new one");
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["ports.json"]);
    return Promise.resolve();
  });
});

Deno.test("updatePorts starts anew where the file is garbage", async () => {
  await withFolder((folder) => {
    const path = `${folder}/ports.json`;
    Deno.writeTextFileSync(path, '{"edge":{"port":80');
    updatePorts(path, { daemon: DAEMON });
    deepEqual(readPorts(path), { edge: null, daemon: DAEMON });
    return Promise.resolve();
  });
});

Deno.test("updatePorts fails in a folder that does not exist, and in place of a folder, leaving nothing behind", async () => {
  throws(() => updatePorts("/nowhere/at/all/ports.json", { edge: EDGE }), { name: "MeterError", code: "failed" });
  await withFolder((folder) => {
    Deno.mkdirSync(`${folder}/ports.json`);
    throws(() => updatePorts(`${folder}/ports.json`, { edge: EDGE }), { name: "MeterError", code: "failed" });
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["ports.json"]);
    return Promise.resolve();
  });
});

Deno.test("readPorts takes garbage for nothing running, part by part", async () => {
  await withFolder((folder) => {
    const path = `${folder}/ports.json`;
    const edge = { port: 8081, pid: 78 };
    const interceptor = { hosts: HOSTS, health: 41_000, selfTest: 41_001, token: "1" };
    const daemon = { pid: 77, apiPort: null, interceptor, startedAt: 5 };
    const partial = Object.fromEntries(Object.entries(HOSTS).slice(1));
    const cases: [unknown, boolean, boolean][] = [
      [{ edge, daemon }, true, true],
      ["", false, false],
      [null, false, false],
      [[], false, false],
      [7, false, false],
      [{ edge: [8081], daemon: "x" }, false, false],
      [{ edge: { port: "8081", pid: 78 }, daemon }, false, true],
      [{ edge: { port: 0, pid: 78 }, daemon }, false, true],
      [{ edge: { port: 65_536, pid: 78 }, daemon }, false, true],
      [{ edge: { port: 80.5, pid: 78 }, daemon }, false, true],
      [{ edge: { port: 8081, pid: -1 }, daemon }, false, true],
      [{ edge, daemon: { ...daemon, pid: null } }, true, false],
      [{ edge, daemon: { ...daemon, interceptor: null } }, true, false],
      [{ edge, daemon: { ...daemon, interceptor: { hosts: HOSTS } } }, true, false],
      [{ edge, daemon: { ...daemon, interceptor: { ...interceptor, hosts: partial } } }, true, false],
      [{ edge, daemon: { ...daemon, interceptor: { ...interceptor, hosts: [] } } }, true, false],
    ];
    for (const [content, hasEdge, hasDaemon] of cases) {
      Deno.writeTextFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
      const found = readPorts(path);
      deepEqual([found.edge !== null, found.daemon !== null], [hasEdge, hasDaemon], JSON.stringify(content));
    }
    return Promise.resolve();
  });
});

Deno.test("readPorts keeps no port of a host that is not intercepted", async () => {
  await withFolder((folder) => {
    const path = `${folder}/ports.json`;
    const hosts = { ...HOSTS, "evil.test": 1 };
    Deno.writeTextFileSync(
      path,
      JSON.stringify({ daemon: { ...DAEMON, interceptor: { hosts, health: 41_000, selfTest: 41_001, token: "1" } } }),
    );
    deepEqual(Object.keys(readPorts(path).daemon?.interceptor.hosts ?? {}), [...INTERCEPTED_HOSTS]);
    return Promise.resolve();
  });
});

Deno.test("fallbackPorts leaves out the program's own ports and stops at the last one", () => {
  deepEqual(fallbackPorts(8081, [8082, 8090]).slice(0, 3), [8083, 8084, 8085]);
  equal(fallbackPorts(8081, [8082, 8090]).length, 16);
  equal(fallbackPorts(8081, [8082, 8090]).includes(8090), false);
  deepEqual(fallbackPorts(65_533, []), [65_534, 65_535]);
  deepEqual(fallbackPorts(0, []), []);
});
