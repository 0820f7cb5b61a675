/**
 * A disk that is full: calls go on, `status` says it, and what waited is written when there is room again.
 *
 * The full disk is a limit on the size of files that the daemon may write (RLIMIT_FSIZE), set and lifted while it runs.
 *
 * @module
 */

import { equal, match } from "node:assert/strict";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { withMeter } from "./support/meter.ts";
import { programCommand, until } from "./support/program.ts";
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
