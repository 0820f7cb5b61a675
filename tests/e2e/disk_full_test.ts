/**
 * A disk that is full: calls go on, `status` says it, and what waited is written when there is room again.
 *
 * The full disk is a limit on the size of files that the daemon may write (RLIMIT_FSIZE), set and lifted while it runs; where
 * new files matter, a small disk of its own, which only processes of the test see.
 *
 * @module
 */

import { match, ok, strictEqual as equal } from "node:assert/strict";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { programCommand, type Running, until } from "./support/program.ts";
import { startProvider } from "./support/provider.ts";
import { oneCall } from "./support/raw_client.ts";

const CALLS = 5;

/** Smaller than every file of the meter, so that no write of it succeeds. */
const NO_ROOM = "4096:unlimited";

async function limitFiles(pid: number, limit: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("prlimit", { args: [`--pid=${pid}`, `--fsize=${limit}`] })
    .output();
  equal(success, true, new TextDecoder().decode(stderr));
}

Deno.test({
  name: "On a full disk calls go on, status names the problem, and the rows are written when there is room again",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const provider = await startProvider({
      host: "api.anthropic.com",
      answer: ({ index }) => eventStream(anthropicEvents(`msg_full_${index}_${crypto.randomUUID()}`), 1),
    });
    try {
      await withMeter({ providers: [provider], daemon: false }, async (meter) => {
        // The signal that comes with the limit would end the process; a full disk sends none.
        const command = ["sh", "-c", `trap "" XFSZ; exec "$@"`, "sh", ...programCommand(), "daemon"] as const;
        const daemon = await meter.startDaemon(meter.spawn(command));
        const caCerts = [await Deno.readTextFile(meter.caFile)];
        const call = async () => match(await oneCall(meter.edgePort, caCerts), /message_stop/);
        await call();
        await meter.waitForRows(1);
        equal((await meter.status()).code, 0);

        await limitFiles(daemon.pid, NO_ROOM);
        for (let n = 0; n < CALLS; n++) await call();
        const { problems } = await until("status to name the problem", async () => {
          const { code, status } = await meter.status();
          return code === 4 ? status : null;
        });
        match(
          problems.join("\n"),
          new RegExp(`Cannot write to the database \\(SQLITE_\\w+\\): ${CALLS} rows wait in memory`),
        );
        match(daemon.stderr, /^Cannot write to the database \(SQLITE_\w+\): \d+ rows wait in memory, calls go on$/m);
        equal(meter.rows().length, 1);
        equal(daemon.exit, null);

        await limitFiles(daemon.pid, "unlimited:unlimited");
        await meter.waitForRows(1 + CALLS);
        const after = await meter.status();
        equal(after.code, 0, after.status.problems.join("\n"));
        await call();
        await meter.waitForRows(2 + CALLS);
      });
    } finally {
      await provider.stop();
    }
  },
});

/** Makes a disk of 3 MiB in place of the data folder, runs `$1` on it, then the rest of the arguments. */
const ON_SMALL_DISK = `cp "$HALTON_METER_HOME/config.toml" "$TMPDIR/config.toml" &&
  mount -t tmpfs -o size=3m,mode=700 tmpfs "$HALTON_METER_HOME" &&
  cp "$TMPDIR/config.toml" "$HALTON_METER_HOME/" && cd "$HALTON_METER_HOME" || exit 99
eval "$1"; shift; exec "$@"`;

const UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"] as const;

function canMount(): boolean {
  try {
    const [program, ...args] = [...UNSHARE, "sh", "-c", "mount -t tmpfs tmpfs /mnt"];
    return new Deno.Command(program ?? "", { args }).outputSync().success;
  } catch {
    return false; // Not on Linux.
  }
}

function startOnSmallDisk(meter: Meter, first: string, part: "daemon" | "edge"): Running {
  return meter.spawn([...UNSHARE, "sh", "-c", ON_SMALL_DISK, "sh", first, ...programCommand(), part]);
}

/** Runs a line of shell in the data folder that `running` sees. */
async function onItsDisk(running: Running, meter: Meter, line: string): Promise<string> {
  const script = `cd "/proc/$1/root/$2" && ${line}`;
  const args = ["-c", script, "sh", String(running.pid), meter.home];
  return new TextDecoder().decode((await new Deno.Command("sh", { args, stderr: "null" }).output()).stdout);
}

const FILL = "head -c 4000000 /dev/zero >filler 2>&1";

Deno.test({
  name: "A daemon that is stopped on a full disk lets calls finish, and takes itself out of the ports file",
  ignore: !canMount(),
  fn: async () => {
    const stream = eventStream(anthropicEvents(`msg_${crypto.randomUUID()}`), 1);
    const [first, ...rest] = stream.steps;
    ok(first);
    const gate = Promise.withResolvers<void>();
    const provider = await startProvider({
      host: "api.anthropic.com",
      answer: async () => {
        await gate.promise;
        return { ...stream, steps: [first, ...rest] };
      },
    });
    try {
      await withMeter({ providers: [provider], daemon: false, edge: false }, async (meter) => {
        const daemon = startOnSmallDisk(meter, "", "daemon");
        await until("the daemon to be ready", () => daemon.stderr.includes("is metering on"), 20_000);
        await onItsDisk(daemon, meter, FILL);
        const call = oneCall(meter.edgePort, [await Deno.readTextFile(meter.caFile)]);
        await until("the call to be under way", () => (provider.connections[0]?.received.length ?? 0) > 0);
        daemon.kill("SIGTERM");
        await until("the daemon to be out of the ports file", async () => {
          const ports = await onItsDisk(daemon, meter, "cat effective-ports.json");
          return ports !== "" && JSON.parse(ports).daemon === null;
        });
        gate.resolve();
        match(await call, /message_stop/);
        const { code, stderr } = await daemon.finished;
        equal(code, 0, stderr);
      });
    } finally {
      gate.resolve();
      await provider.stop();
    }
  },
});

Deno.test({
  name: "An edge that starts on a full disk serves all the same, and is in the ports file as soon as there is room",
  ignore: !canMount(),
  fn: async () => {
    await withMeter({ daemon: false, edge: false }, async (meter) => {
      const edge = startOnSmallDisk(meter, FILL, "edge");
      await until("the edge to answer", async () => {
        if (edge.exit !== null) throw new Error(edge.stderr);
        return (await meter.edgeAnswer(meter.edgePort))?.pid === edge.pid;
      }, 20_000);
      equal(await onItsDisk(edge, meter, "cat effective-ports.json"), "");
      await onItsDisk(edge, meter, "rm filler");
      await until("the edge to be in the ports file", async () => {
        const ports = await onItsDisk(edge, meter, "cat effective-ports.json");
        return ports !== "" && JSON.parse(ports).edge?.pid === edge.pid;
      }, 20_000);
      edge.kill("SIGTERM");
      const { code, stderr } = await edge.finished;
      equal(code, 0, stderr);
    });
  },
});

Deno.test({
  name: "A daemon that finds the disk full at its start says so",
  ignore: !canMount(),
  fn: async () => {
    await withMeter({ daemon: false, edge: false }, async (meter) => {
      const first = startOnSmallDisk(meter, FILL, "daemon");
      const { code, stderr } = await first.finished;
      equal(code, 1);
      match(
        stderr,
        /^halton-meter: Cannot \S+ \S+: (?:the disk is full|database or disk is full|disk I\/O error)\n {2}\S.*space/m,
      );
    });
  },
});
