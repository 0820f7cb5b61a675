/**
 * The life of an installation, as an ordinary user and as root: init, calls from new terminals, doctor, stop, start,
 * uninstall, and nothing left. With the compiled program only, since services start it.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import {
  callFromTerminal,
  CANNOT_INSTALL,
  configure,
  CURL,
  type Machine,
  processesOf,
  succeed,
  withMachine,
} from "./support/installed.ts";
import { until } from "./support/program.ts";

for (const [who, services] of [["user", "systemd"], ["user", "none"], ["root", "none"]] as const) {
  Deno.test({
    name: `An installation lives and leaves nothing behind: ${who}, ${services} as service manager`,
    ignore: CANNOT_INSTALL,
    fn: () =>
      withMachine(who, services, async (machine) => {
        match(await succeed(machine, "init", "--apps", "--non-interactive"), /init complete {3}mode: apps/);
        await callFromTerminal(machine);
        const rows = await machine.waitForRows(3);
        deepEqual(rows.map(({ clientName }) => clientName).toSorted(), ["curl", "python-urllib", "undici"]);
        equal(rows.every(({ status }) => status === "success"), true);

        const doctor = await machine.meter("doctor", "--json");
        const report = JSON.parse(doctor.stdout);
        equal(
          report.verdict,
          "HEALTHY",
          JSON.stringify(report.findings.filter((f: { state: string }) => f.state === "problem")),
        );
        equal(doctor.code, 0);
        const clients = report.findings.filter((f: { group: string }) => f.group === "clients");
        ok(clients.some((f: { id: string; state: string }) => f.id === "client.curl" && f.state === "ok"));

        match(await succeed(machine, "init", "--non-interactive"), /mode: apps/);
        await stopAndStart(machine);
        await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
      }),
  });
}

/** Tools work while the daemon is stopped, and nothing is recorded; afterwards everything is again. */
async function stopAndStart(machine: Machine): Promise<void> {
  const { sandbox, account } = machine;
  match(await succeed(machine, "stop"), /edge stays/);
  // Unmetered, the provider's own certificate is seen, which only this test's authority vouches for.
  const { code, stdout, stderr } = await sandbox.terminal(account, `${CURL} --cacert '${sandbox.folder}/test-ca.pem'`);
  equal(code, 0, stderr);
  match(stdout, /message_stop/);
  equal(machine.rows().length, 3);
  equal((await machine.meter("doctor")).code, 4);
  await succeed(machine, "start");
  equal((await sandbox.terminal(account, CURL)).code, 0);
  await machine.waitForRows(4);
}

Deno.test({
  name: "init that is killed at any step is completed by running it again, and uninstall likewise",
  ignore: CANNOT_INSTALL,
  fn: () =>
    withMachine("user", "systemd", async (machine) => {
      const steps = await killedAtEachStep(machine, ["init", "--apps", "--non-interactive"]);
      ok(steps > 8, `${steps} steps`);
      match(await succeed(machine, "init", "--apps", "--non-interactive"), /init complete/);
      await callFromTerminal(machine);
      await machine.waitForRows(3);
      equal(await killedAfterBegin(machine, ["uninstall"]) > 1, true);
      await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
    }),
});

/** Kills the command when its n-th step begins, for n = 1, 2, … until it ends by itself. @returns how often it was killed. */
async function killedAtEachStep(machine: Machine, args: readonly string[]): Promise<number> {
  for (let step = 1;; step++) {
    const running = machine.start(...args);
    while (running.exit === null && stepsIn(running.stdout) < step) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const over = running.exit !== null;
    running.kill("SIGKILL");
    await running.finished;
    if (over) return step - 1;
  }
}

/** Kills the command some time after its first step has begun, later each time. @returns how often it was killed. */
async function killedAfterBegin(machine: Machine, args: readonly string[]): Promise<number> {
  let killed = 0;
  for (const delay of [0, 5, 10, 20, 40, 80, 160, 320]) {
    const running = machine.start(...args);
    while (running.exit === null && stepsIn(running.stdout) === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
    if (running.exit === null) killed++;
    running.kill("SIGKILL");
    await running.finished;
  }
  return killed;
}

function stepsIn(text: string): number {
  return [...text.matchAll(/^ +(?:\d+\/\d+|undo:) /gm)].length;
}

Deno.test({
  name: "init says what stands in its way, and changes nothing that it cannot take back",
  ignore: CANNOT_INSTALL,
  fn: () =>
    withMachine("user", "none", async (machine) => {
      const { sandbox, account } = machine;
      const holder = Deno.listen({ hostname: "127.0.0.1", port: machine.edgePort });
      const held = await machine.meter("init", "--apps", "--non-interactive");
      equal(held.code, 1);
      match(held.stdout, new RegExp(`port ${machine.edgePort} is held by another program`));
      match(held.stdout, /→ .*daemon\.edge_port/);
      holder.close();
      await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");

      await configure(sandbox, account, machine);
      await sandbox.run(account, ["chmod", "444", `${account.home}/.bashrc`]);
      const readOnly = await machine.meter("init", "--apps", "--non-interactive");
      match(readOnly.stdout, /bashrc/);
      equal(readOnly.stdout.includes("Uncaught"), false);
      await sandbox.run(account, ["chmod", "644", `${account.home}/.bashrc`]);
      match(await succeed(machine, "init", "--apps", "--non-interactive"), /init complete/);

      const both = await machine.meter("init", "--apps", "--full");
      equal(both.code, 2);
      match(both.stderr, /two modes/);
      const alone = await machine.meter("uninstall", "--include-logs");
      equal(alone.code, 2);
      const unconfirmed = await machine.meter("uninstall", "--purge", "--include-logs");
      equal(unconfirmed.code, 1);
      match(unconfirmed.stderr, /--yes/);
      await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
      equal((await machine.meter("uninstall")).code, 0);
      equal((await machine.meter("start")).code, 1);
    }),
});

Deno.test({
  name: "init keeps what it was told of shells, waits for another command, and root by sudo is refused",
  ignore: CANNOT_INSTALL,
  fn: () =>
    withMachine("user", "none", async (machine) => {
      const { sandbox, account } = machine;
      const bySudo = await sandbox.run(
        { ...account, name: "root" },
        [`${sandbox.folder}/bin/halton-meter`, "init", "--apps"],
        { env: { SUDO_UID: "1000" } },
      );
      equal(bySudo.code, 1);
      match(bySudo.stderr, /it is the home of another user\n {2}Run it without sudo/);

      const rc = () => Deno.readTextFileSync(`${account.home}/.bashrc`).includes(">>> halton-meter >>>");
      const args = ["init", "--apps", "--no-shell-rc", "--non-interactive"];
      for (const { code, stdout, stderr } of await Promise.all([machine.meter(...args), machine.meter(...args)])) {
        equal(code, 0, stdout + stderr);
        match(stdout, /No shell was set up\. .*env\.sh/);
      }
      equal(rc(), false);
      equal((await machine.meter("rescue", "--apps", "--full")).code, 2);
      const doctor = await machine.meter("doctor");
      equal(doctor.code, 0, doctor.stdout); // It runs still, and what was not wanted is no fault.
      match(doctor.stdout, /start-up files of shells: left alone/);
      await succeed(machine, "rescue");
      equal(rc(), false);
      await succeed(machine, "init", "--shell-rc", "--non-interactive");
      equal(rc(), true);
      match(await succeed(machine, "rescue", "--no-apps"), /mode: env-only/);
      equal(rc(), false);
      equal((await machine.meter("uninstall", "--no-purge")).code, 2);
      match(await succeed(machine, "uninstall", "--purge"), /certificate authority stays/);
      await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
    }),
});

for (const services of ["systemd", "none"] as const) {
  Deno.test({
    name: `init takes the port that another program held the first time, and no process is left behind: ${services}`,
    ignore: CANNOT_INSTALL,
    fn: () =>
      withMachine("user", services, async (machine) => {
        await setUpWithPortHeld(machine, () => {});
        // An edge that is started before the daemon takes the port that the daemon could not have.
        await setUpWithPortHeld(machine, () => endEdge(machine));
        await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
      }),
  });
}

/** Sets up while another program holds the port, and again when it does not. */
async function setUpWithPortHeld(machine: Machine, meanwhile: () => void | Promise<void>): Promise<void> {
  const holder = Deno.listen({ hostname: "127.0.0.1", port: machine.edgePort });
  const held = await machine.meter("init", "--apps", "--non-interactive");
  equal(held.code, 1);
  match(held.stdout, new RegExp(`port ${machine.edgePort} is held by another program`));
  holder.close();
  await meanwhile();
  match(await succeed(machine, "init", "--apps", "--non-interactive"), /init complete/);
  const { daemon } = JSON.parse(await succeed(machine, "status", "--json"));
  deepEqual([daemon.edge.kind, daemon.edge.port, daemon.edge.foreign], ["adopted", machine.edgePort, null]);
  equal((await machine.meter("doctor")).code, 0);
  equal((await processesOf(machine.sandbox)).length, 2);
  equal((await machine.sandbox.terminal(machine.account, CURL)).code, 0);
  await succeed(machine, "uninstall");
  deepEqual(await processesOf(machine.sandbox), []);
}

/** One that systemd keeps may just have ended by itself. */
async function endEdge({ sandbox, account }: Machine): Promise<void> {
  await sandbox.run(account, ["pkill", "-KILL", "-f", `^${sandbox.folder}/bin/halton-meter edge$`]);
}

Deno.test({
  name: "uninstall ends what runs from a data folder that was deleted, where nobody else keeps services",
  ignore: CANNOT_INSTALL,
  fn: () =>
    withMachine("user", "none", async (machine) => {
      const { sandbox, account } = machine;
      const deleteFolder = () => sandbox.run(account, ["rm", "-rf", `${account.home}/.halton-meter`]);
      await succeed(machine, "init", "--apps", "--non-interactive");
      await deleteFolder();
      equal((await processesOf(sandbox)).length, 2);
      match(await succeed(machine, "uninstall"), /uninstall complete/);
      deepEqual(await processesOf(sandbox), []);

      await configure(sandbox, account, machine);
      match(await succeed(machine, "init", "--apps", "--non-interactive"), /init complete/);
      await deleteFolder();
      await configure(sandbox, account, machine);
      match(await succeed(machine, "init", "--apps", "--non-interactive"), /init complete/);
      equal((await processesOf(sandbox)).length, 2);
      await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
      // The record of who made the authority went with the folder.
      await sandbox.run(account, ["rm", "-rf", `${account.home}/.mitmproxy`]);
    }),
});

Deno.test({
  name: "uninstall does not say that it is complete while a daemon runs that was started by hand",
  ignore: CANNOT_INSTALL,
  fn: () =>
    withMachine("user", "systemd", async (machine) => {
      const own = machine.start("daemon");
      await until("the daemon", () => own.stderr.includes("is metering on"));
      const { code, stdout } = await machine.meter("uninstall", "--purge", "--include-logs", "--yes");
      equal(code, 1);
      const [, pid] = /uninstall incomplete {3}still running, .*: process (\d+)\n {2}Run: kill \1\n/.exec(stdout) ?? [];
      ok(pid, stdout);
      ok(Deno.statSync(`${machine.account.home}/.halton-meter/db.sqlite`).isFile);
      equal((await machine.sandbox.run(machine.account, ["kill", pid])).code, 0);
      await own.finished;
      await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
      await machine.sandbox.run(machine.account, ["rm", "-rf", `${machine.account.home}/.mitmproxy`]);
    }),
});
