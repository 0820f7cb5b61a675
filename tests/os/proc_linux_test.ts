import { deepStrictEqual as deepEqual, notStrictEqual as notEqual, ok, strictEqual as equal } from "node:assert/strict";
import { createLinuxProcessTable, parseAnswer, parseStat } from "../../src/os/proc_linux.ts";
import { type CommandOutput, runForOutput } from "../../src/os/run.ts";

const linux = Deno.build.os === "linux";

interface Client {
  readonly child: Deno.ChildProcess;
  readonly connection: Deno.TcpConn;
  readonly clientPort: number;
  readonly serverPort: number;
}

/** Starts a client that holds one connection, and ends it after `use`. */
async function withClient(
  command: string,
  args: (url: string) => string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env" | "clearEnv" | "uid">,
  use: (client: Client) => Promise<void>,
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serverPort = listener.addr.port;
  const child = new Deno.Command(command, {
    ...options,
    args: args(`http://127.0.0.1:${serverPort}/`),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const connection = await listener.accept();
  try {
    await use({ child, connection, clientPort: connection.remoteAddr.port, serverPort });
  } finally {
    connection.close();
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await child.status;
  }
}

const curl = (url: string) => ["-s", "--noproxy", "*", url];

/** Runs for real, and keeps what was printed. */
function recordRuns(): { run: typeof runForOutput; printed: string[] } {
  const printed: string[] = [];
  const run = async (command: string, args: readonly string[]): Promise<CommandOutput> => {
    const output = await runForOutput(command, args);
    printed.push(output.stdout + output.stderr);
    return output;
  };
  return { run, printed };
}

const STAT = `77 (a) b (c) S ${Array.from({ length: 49 }, (_, index) => index + 4).join(" ")}\n`;
const ANSWER = `77\0${STAT}\0/home/ada\nx\n\0HALTON_PROJECT=a=b\x0012 1 \0`;

Deno.test("parseStat reads past a name with parentheses and spaces", () => {
  deepEqual(parseStat(STAT), { comm: "a) b (c", startTicks: "22" });
  for (const text of ["", "77", "77 (x)", "77 )x( S 1", "77 (x) S"]) equal(parseStat(text), null);
});

Deno.test("parseAnswer reads every section", () => {
  deepEqual(parseAnswer(ANSWER), {
    pid: 77,
    parents: [12, 1],
    cwd: "/home/ada\nx",
    env: { HALTON_PROJECT: "a=b" },
    comm: "a) b (c",
    startTime: "22",
  });
  const bare = { pid: 77, parents: [], cwd: null, env: {}, comm: null, startTime: null };
  deepEqual(parseAnswer("77\0\0\0\0\0"), bare, "a process that ended");
  for (const text of ["", "none\0", "missing find\0", "7x\0\0\0\0\0", "77"]) equal(parseAnswer(text), null);
});

Deno.test("parseAnswer takes no half section, wherever the answer is cut", () => {
  const whole = parseAnswer(ANSWER);
  for (let length = 0; length < ANSWER.length; length++) {
    const facts = parseAnswer(ANSWER.slice(0, length));
    if (facts === null) continue;
    equal(facts.pid, 77);
    ok(facts.comm === null || facts.comm === whole?.comm);
    ok(facts.cwd === null || facts.cwd === whole?.cwd);
    ok(facts.env.HALTON_PROJECT === undefined || facts.env.HALTON_PROJECT === "a=b");
    deepEqual(facts.parents, []);
  }
});

Deno.test("parseAnswer gives no folder that it cannot name", () => {
  const folder = (line: string) => parseAnswer(`77\0\0${line}\0\0\0`)?.cwd;
  for (const line of ["/gone (deleted)\n", "(unreachable)/a\n", "/a\uFFFD\n", "\n"]) equal(folder(line), null);
});

Deno.test("parseAnswer leaves out an empty or endless project", () => {
  const env = (value: string) => parseAnswer(`77\0\0\0HALTON_PROJECT=${value}\0\0`)?.env;
  deepEqual(env(""), {});
  deepEqual(env("x".repeat(2000)), {});
});

Deno.test({
  name: "ownerOf finds a curl that has just been started",
  ignore: !linux,
  fn: async () => {
    const cwd = Deno.realPathSync(Deno.makeTempDirSync());
    const env = { HALTON_PROJECT: "billing", HALTON_SECRET: "canary-5e0d" };
    const table = createLinuxProcessTable(runForOutput);
    await withClient("curl", curl, { cwd, env }, async ({ child, clientPort, serverPort }) => {
      const facts = await table.ownerOf(clientPort, serverPort);
      equal(facts?.pid, child.pid);
      equal(facts?.cwd, cwd);
      equal(facts?.comm, "curl");
      deepEqual(facts?.env, { HALTON_PROJECT: "billing" });
      equal(facts?.parents[0], Deno.pid);
      equal(facts?.parents[1], Deno.ppid);
      equal(JSON.stringify(facts).includes("canary"), false);
      deepEqual(await table.ownerOf(clientPort, serverPort), facts, "from the recent ones");
    });
  },
});

Deno.test({
  name: "ownerOf leaves out a variable that is not set",
  ignore: !linux,
  fn: async () => {
    await withClient("curl", curl, { clearEnv: true, env: { PATH: "/usr/bin:/bin" } }, async (client) => {
      deepEqual((await createLinuxProcessTable(runForOutput).ownerOf(client.clientPort, client.serverPort))?.env, {});
    });
  },
});

Deno.test({
  name: "ownerOf names the ancestors of a client behind shells",
  ignore: !linux,
  fn: async () => {
    // A command after curl keeps the shells from turning into it.
    const nested = (url: string) => ["-c", `sh -c 'curl -s --noproxy "*" ${url}; true'; true`];
    await withClient("sh", nested, {}, async ({ child, clientPort, serverPort, connection }) => {
      const facts = await createLinuxProcessTable(runForOutput).ownerOf(clientPort, serverPort);
      equal(facts?.comm, "curl");
      equal(facts?.parents[1], child.pid);
      equal(facts?.parents[2], Deno.pid);
      // Lets curl, and with it the shells, come to an end.
      await connection.write(new TextEncoder().encode("HTTP/1.1 204 No Content\r\n\r\n"));
      await child.status;
    });
  },
});

Deno.test({
  name: "ownerOf names no ancestor of another user",
  ignore: !linux || Deno.uid() !== 0,
  fn: async () => {
    await withClient("curl", curl, { uid: 65534, cwd: "/" }, async ({ child, clientPort, serverPort }) => {
      const facts = await createLinuxProcessTable(runForOutput).ownerOf(clientPort, serverPort);
      equal(facts?.pid, child.pid);
      deepEqual(facts?.parents, []);
    });
  },
});

Deno.test({
  name: "ownerOf finds a client with a dual-stack socket",
  ignore: !linux,
  fn: async () => {
    const script = "const s = require('net').connect(Number(process.argv[1]), '::ffff:127.0.0.1'); s.resume()";
    const node = (url: string) => ["-e", script, new URL(url).port];
    await withClient("node", node, {}, async ({ child, clientPort, serverPort }) => {
      equal((await createLinuxProcessTable(runForOutput).ownerOf(clientPort, serverPort))?.pid, child.pid);
    });
  },
});

Deno.test({
  name: "ownerOf answers many at once, each with its own process",
  ignore: !linux,
  fn: async () => {
    const table = createLinuxProcessTable(runForOutput);
    const check = async ({ child, clientPort, serverPort }: Client) => {
      equal((await table.ownerOf(clientPort, serverPort))?.pid, child.pid);
    };
    await Promise.all(Array.from({ length: 8 }, () => withClient("curl", curl, {}, check)));
  },
});

Deno.test({
  name: "ownerOf answers null once the client is gone",
  ignore: !linux,
  fn: async () => {
    const table = createLinuxProcessTable(runForOutput);
    await withClient("curl", curl, {}, async ({ child, clientPort, serverPort }) => {
      notEqual(await table.ownerOf(clientPort, serverPort), null);
      child.kill("SIGKILL");
      await child.status;
      equal(await table.ownerOf(clientPort, serverPort), null);
    });
  },
});

Deno.test({
  name: "ownerOf never rejects while the client ends under its eyes",
  ignore: !linux,
  fn: async () => {
    const table = createLinuxProcessTable(runForOutput);
    for (let round = 0; round < 10; round++) {
      await withClient("curl", curl, {}, async ({ child, clientPort, serverPort }) => {
        const lookup = table.ownerOf(clientPort, serverPort);
        await new Promise((resolve) => setTimeout(resolve, round % 7));
        child.kill("SIGKILL");
        const facts = await lookup;
        ok(facts === null || facts.pid === child.pid);
      });
    }
  },
});

Deno.test({
  name: "ownerOf gives no folder that was deleted",
  ignore: !linux,
  fn: async () => {
    const cwd = Deno.makeTempDirSync();
    await withClient("curl", curl, { cwd }, async ({ clientPort, serverPort }) => {
      Deno.removeSync(cwd);
      equal((await createLinuxProcessTable(runForOutput).ownerOf(clientPort, serverPort))?.cwd, null);
    });
  },
});

for (
  const name of [
    "two\nlines\n",
    "\n",
    "$(touch pwned) `touch pwned`; touch pwned",
    'it\'s "quoted"  twice * ? [a]',
    "%s\\0\\n",
    "-n",
    "(deleted)",
    "Größe 日本",
    "socket:[1]",
  ]
) {
  Deno.test({
    name: `ownerOf takes a folder's name as it is: ${JSON.stringify(name)}`,
    ignore: !linux,
    fn: async () => {
      const cwd = `${Deno.realPathSync(Deno.makeTempDirSync())}/${name}`;
      Deno.mkdirSync(cwd);
      await withClient("curl", curl, { cwd, env: { HALTON_PROJECT: "billing" } }, async (client) => {
        const facts = await createLinuxProcessTable(runForOutput).ownerOf(client.clientPort, client.serverPort);
        equal(facts?.pid, client.child.pid);
        equal(facts?.cwd, cwd);
        deepEqual(facts?.env, { HALTON_PROJECT: "billing" });
        equal(facts?.parents[0], Deno.pid);
        deepEqual([...Deno.readDirSync(cwd)], [], "nothing of the name was run");
      });
    },
  });
}

Deno.test({
  name: "ownerOf is not misled by a program's name",
  ignore: !linux,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    for (const name of ["a) S 1 1", "x\nPPid:\t1", "*", "$(id) -e"]) {
      const program = `${folder}/${name}`;
      Deno.copyFileSync("/bin/sh", program);
      const client = "curl -s --noproxy '*' \"$1\"; true";
      const parent = (url: string) => ["-c", client, "sh", url];
      await withClient(program, parent, {}, async ({ child, clientPort, serverPort, connection }) => {
        const facts = await createLinuxProcessTable(runForOutput).ownerOf(clientPort, serverPort);
        equal(facts?.comm, "curl");
        deepEqual(facts?.parents.slice(0, 2), [child.pid, Deno.pid]);
        await connection.write(new TextEncoder().encode("HTTP/1.1 204 No Content\r\n\r\n"));
        await child.status;
      });
    }
  },
});

Deno.test({
  name: "ownerOf gives no folder whose name is not UTF-8",
  ignore: !linux,
  fn: async () => {
    const enter = (url: string) => [
      "-c",
      'cd "$1" && name=$(printf "a\\377") && mkdir "$name" && cd "$name" && exec curl -s --noproxy "*" "$2"',
      "sh",
      Deno.makeTempDirSync(),
      url,
    ];
    await withClient("sh", enter, {}, async ({ child, clientPort, serverPort }) => {
      const facts = await createLinuxProcessTable(runForOutput).ownerOf(clientPort, serverPort);
      equal(facts?.pid, child.pid);
      equal(facts?.cwd, null);
    });
  },
});

Deno.test({
  name: "ownerOf reads an odd project whole and nothing else of the environment",
  ignore: !linux,
  fn: async () => {
    const { run, printed } = recordRuns();
    const env = {
      AAA_SECRET: "canary-1\nHALTON_PROJECT=canary-2",
      HALTON_PROJECTS: "canary-3",
      HALTON_PROJECT: 'it\'s "two"  $(id) `id` * \\ %s\ncanary line',
      XHALTON_PROJECT: "canary-4",
      ZZZ_SECRET: "canary-5",
    };
    await withClient("curl", curl, { env }, async ({ clientPort, serverPort }) => {
      const facts = await createLinuxProcessTable(run).ownerOf(clientPort, serverPort);
      equal(facts?.env.HALTON_PROJECT, 'it\'s "two"  $(id) `id` * \\ %s\u0001canary line');
    });
    equal(printed.length, 1);
    for (const text of printed) {
      ok(text.includes("HALTON_PROJECT="));
      equal(/canary-\d|SECRET|PATH=|HOME=/.test(text), false);
    }
  },
});

Deno.test({
  name: "ownerOf takes no other variable's second line for the project",
  ignore: !linux,
  fn: async () => {
    const { run, printed } = recordRuns();
    const env = { PATH: "/usr/bin:/bin", NOTES: "canary-1\nHALTON_PROJECT=canary-2\n" };
    await withClient("curl", curl, { clearEnv: true, env }, async ({ child, clientPort, serverPort }) => {
      const facts = await createLinuxProcessTable(run).ownerOf(clientPort, serverPort);
      equal(facts?.pid, child.pid);
      deepEqual(facts?.env, {});
    });
    equal(printed.length, 1);
    equal(printed.join().includes("canary"), false);
  },
});

Deno.test({
  name: "ownerOf names a process, not one of its threads",
  ignore: !linux,
  fn: async () => {
    const table = createLinuxProcessTable(runForOutput);
    const connect = (url: string) => [
      "eval",
      "await (await Deno.connect({ hostname: '127.0.0.1', port: Number(Deno.args[0]) })).readable.pipeTo(new WritableStream())",
      new URL(url).port,
    ];
    await withClient(Deno.execPath(), connect, {}, async ({ child, clientPort, serverPort }) => {
      equal((await table.ownerOf(clientPort, serverPort))?.pid, child.pid);
      equal((await table.ownerOf(clientPort, serverPort))?.pid, child.pid, "from the recent ones");
    });
  },
});

Deno.test({
  name: "ownerOf finds a client that is neither recent nor new",
  ignore: !linux,
  fn: async () => {
    await withClient("curl", curl, {}, async ({ child, clientPort, serverPort }) => {
      // Passes the numbers that the script tries first.
      for (let round = 0; round < 10; round++) {
        await runForOutput("/bin/sh", ["-c", "for n in 0 1 2 3 4 5 6 7 8 9; do (:); done"]);
      }
      equal((await createLinuxProcessTable(runForOutput).ownerOf(clientPort, serverPort))?.pid, child.pid);
    });
  },
});

Deno.test("ownerOf runs four scripts at a time and lets 256 lookups wait", async () => {
  const started: (() => void)[] = [];
  const run = () => new Promise<{ stdout: string }>((resolve) => started.push(() => resolve({ stdout: "9\0" })));
  const table = createLinuxProcessTable(run);
  const lookups = Array.from({ length: 260 }, (_, index) => table.ownerOf(1024 + index, 1));
  equal(await table.ownerOf(9999, 1), null, "one too many");
  equal(started.length, 4);
  started[0]?.();
  await lookups[0];
  await new Promise((resolve) => setTimeout(resolve, 0));
  equal(started.length, 5);
  for (let index = 1; index < 260; index++) {
    while (started.length <= index) await new Promise((resolve) => setTimeout(resolve, 0));
    started[index]?.();
  }
  equal((await Promise.all(lookups)).every((facts) => facts?.pid === 9), true);
  equal(started.length, 260);
  const after = table.ownerOf(1, 1);
  await new Promise((resolve) => setTimeout(resolve, 0));
  started[260]?.();
  equal((await after)?.pid, 9);
});

Deno.test("ownerOf names the pids that matched last, newest first and sixteen at most", async () => {
  const asked: string[][] = [];
  let pid = 100;
  const table = createLinuxProcessTable((_command, args) => {
    asked.push(args.slice(5));
    return Promise.resolve({ stdout: `${++pid}\0` });
  });
  for (let round = 0; round < 20; round++) await table.ownerOf(1, 2);
  deepEqual(asked[0], []);
  deepEqual(asked[2], ["102", "101"]);
  deepEqual(asked[19], Array.from({ length: 16 }, (_, index) => String(119 - index)));
});

Deno.test({
  name: "createLinuxProcessTable says which tool is missing, until it is there",
  ignore: !linux,
  fn: async () => {
    let hidden = true;
    const table = createLinuxProcessTable((command, args) => {
      const [option = "", script = "", ...values] = args;
      const poor = script.replace("/usr/bin:/bin:$PATH", "/nonexistent");
      notEqual(poor, script);
      return runForOutput(command, [option, hidden ? poor : script, ...values]);
    });
    equal(table.limitation, null);
    equal(await table.ownerOf(1, 2), null);
    equal(table.limitation, "Processes cannot be looked up: grep is missing");
    hidden = false;
    equal(await table.ownerOf(1, 2), null);
    equal(table.limitation, null);
  },
});

Deno.test("createLinuxProcessTable says that the shell tells nothing", async () => {
  const table = createLinuxProcessTable(() => Promise.resolve({ stdout: "" }));
  equal(await table.ownerOf(1, 2), null);
  ok(table.limitation?.includes("no answer"));
});

Deno.test({
  name: "createLinuxProcessTable says that commands may not be run",
  permissions: { run: false },
  fn: async () => {
    const table = createLinuxProcessTable(runForOutput);
    equal(await table.ownerOf(1, 2), null);
    ok(table.limitation?.includes("could not be run"));
  },
});
