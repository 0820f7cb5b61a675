import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import {
  createDarwinProcessTable,
  findHolder,
  parentsOf,
  parseProcessList,
  parseProject,
  parseWorkingFolder,
} from "../../src/os/proc_darwin.ts";

// Both ends of one connection, as a meter on the same machine sees them, and another connection of the client.
const SOCKETS = `p501
chalton-meter
f9
n127.0.0.1:8081
f14
n127.0.0.1:8081->127.0.0.1:51234
p777
ccurl
f5
n127.0.0.1:51234->127.0.0.1:9999
f6
n127.0.0.1:51234->127.0.0.1:8081
`;

const LIST = `    1     0     0 Mon Jan  5 09:00:00 2026
  300     1   501 Mon Jan  5 09:01:00 2026
  640   300   501 Mon Jan  5 09:30:12 2026
  777   640   501 Mon Jan  5 10:11:12 2026
`;

Deno.test("findHolder tells the client's end from the meter's", () => {
  deepEqual(findHolder(SOCKETS, 51234, 8081), { pid: 777, comm: "curl" });
  equal(findHolder(SOCKETS, 51234, 8082), null);
  equal(findHolder("", 51234, 8081), null);
});

Deno.test("findHolder reads the address of a dual-stack socket", () => {
  const text = "p9\ncjava\nf1\nn[::ffff:127.0.0.1]:51234->[::ffff:127.0.0.1]:8081\n";
  deepEqual(findHolder(text, 51234, 8081), { pid: 9, comm: "java" });
});

Deno.test("parseWorkingFolder keeps spaces", () => {
  equal(parseWorkingFolder("p777\nfcwd\nn/Users/ada/My Work\n"), "/Users/ada/My Work");
  equal(parseWorkingFolder("p777\nfcwd\nnunknown: Operation not permitted\n"), null);
});

Deno.test("parentsOf stops where another user begins", () => {
  deepEqual(parentsOf(777, parseProcessList(LIST)), [640, 300]);
  deepEqual(parentsOf(9999, parseProcessList(LIST)), []);
});

Deno.test("parentsOf ends in a list that changed while it was made", () => {
  equal(parentsOf(2, parseProcessList("2 3 501 x\n3 2 501 x\n")).length, 32);
});

Deno.test("parseProject takes the environment, which stands last", () => {
  equal(parseProject("  640 curl -d HALTON_PROJECT=fake PATH=/bin HALTON_PROJECT=billing TERM=x\n"), "billing");
  equal(parseProject("  640 curl OTHER_HALTON_PROJECT=no\n"), null);
  equal(parseProject("  640 curl HALTON_PROJECT=\n"), null);
});

Deno.test("createDarwinProcessTable joins what the commands print", async () => {
  const commands: string[] = [];
  const table = createDarwinProcessTable((command, args) => {
    commands.push([command, ...args].join(" "));
    if (args.includes("cwd")) return Promise.resolve({ stdout: "p777\nfcwd\nn/Users/ada/work\n" });
    if (args.includes("-ax")) return Promise.resolve({ stdout: LIST });
    if (args.includes("-E")) return Promise.resolve({ stdout: "  640 curl HALTON_PROJECT=billing\n" });
    return Promise.resolve({ stdout: SOCKETS });
  });
  deepEqual(await table.ownerOf(51234, 8081), {
    pid: 777,
    parents: [640, 300],
    cwd: "/Users/ada/work",
    env: { HALTON_PROJECT: "billing" },
    comm: "curl",
    startTime: "Mon Jan  5 10:11:12 2026",
  });
  equal(commands[0], "/usr/sbin/lsof -nP -iTCP:51234 -F pcn");
  equal(commands.length, 4);
});

Deno.test("createDarwinProcessTable survives commands that fail", async () => {
  const table = createDarwinProcessTable((_command, args) =>
    args.includes("-F") ? Promise.resolve({ stdout: SOCKETS }) : Promise.reject(new Error("no such command"))
  );
  deepEqual(await table.ownerOf(51234, 8081), {
    pid: 777,
    parents: [],
    cwd: null,
    env: {},
    comm: "curl",
    startTime: null,
  });
});
