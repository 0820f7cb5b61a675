/**
 * What `doctor`, `start`, `stop` and `status` say of an installation that something is wrong with, and what they mend. With the
 * compiled program only.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { CANNOT_INSTALL, type Machine, succeed, withMachine } from "./support/installed.ts";

/** A finding as `--json` gives it. */
interface Found {
  readonly id: string;
  readonly group: string;
  readonly state: string;
  readonly detail: string;
  readonly hint: string | null;
}

/** Runs `doctor --json` and more. @returns its verdict and its findings by name. */
async function doctor(machine: Machine, ...args: string[]) {
  const { code, stdout } = await machine.meter("doctor", "--json", ...args);
  const { verdict, findings } = JSON.parse(stdout) as { verdict: string; findings: readonly Found[] };
  equal(code, verdict === "HEALTHY" ? 0 : 4);
  const of = (id: string): Found => {
    const found = findings.find((finding) => finding.id === id);
    ok(found, `${id} is not among ${findings.map((finding) => finding.id)}`);
    return found;
  };
  return { verdict, findings, of };
}

Deno.test({
  name: "doctor names what is wrong before, during and after an installation, and what to type",
  ignore: CANNOT_INSTALL,
  fn: () =>
    withMachine("user", "systemd", async (machine) => {
      await beforeInit(machine);
      await succeed(machine, "init", "--apps", "--non-interactive");
      const repaired = await doctor(machine, "--fix", "--apply");
      equal(repaired.verdict, "HEALTHY", "its output is JSON and nothing else, also while it repairs");
      await strangeShell(machine);
      await damagedDatabase(machine);
      await heldPort(machine);
      await daemonOfTheUser(machine);
      await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
    }),
});

/** Only what `init` cannot mend is a problem beside that nothing is installed. */
async function beforeInit(machine: Machine): Promise<void> {
  const { sandbox, account } = machine;
  const config = `${account.home}/.halton-meter/config.toml`;
  const problems = async () => {
    const { verdict, findings } = await doctor(machine);
    equal(verdict, "BROKEN");
    const clients = findings.filter(({ group }) => group === "clients");
    ok(clients.some(({ id }) => id === "client.curl"));
    deepEqual(clients.filter(({ state }) => state !== "skipped"), []);
    return findings.filter(({ state }) => state === "problem").map(({ id }) => id);
  };
  deepEqual(await problems(), ["service.mode"]);
  await sandbox.run(account, ["chmod", "000", config]);
  deepEqual(await problems(), ["configuration.file", "service.mode"]);
  await sandbox.run(account, ["chmod", "600", config]);
  for (const verb of ["start", "stop"]) {
    const { code, stderr } = await machine.meter(verb);
    equal(code, 1);
    match(stderr, new RegExp(`Cannot ${verb} the meter: it is not installed as a service\\n +Run "halton-meter init"`));
  }
  match((await machine.meter("status")).stdout, /Start the meter with `halton-meter daemon`/);
}

/** The login shell is asked once, and one that leaves something behind, or says nothing, keeps nobody waiting for ever. */
async function strangeShell(machine: Machine): Promise<void> {
  const { sandbox, account } = machine;
  const shell = `${sandbox.folder}/bin/strange-shell`;
  const looked = async (body: string) => {
    await Deno.writeTextFile(shell, `#!/bin/sh\necho asked >>"$HOME/asked"\n${body}\n`, { mode: 0o755 });
    await Deno.chmod(shell, 0o755);
    const { stdout } = await sandbox.run(account, [`${sandbox.folder}/bin/halton-meter`, "doctor", "--json"], {
      env: { SHELL: shell, PATH: `${sandbox.folder}/bin:/usr/bin:/bin`, STAND_IN_SYSTEMD: `${sandbox.folder}/systemd` },
    });
    const asked = await Deno.readTextFile(`${account.home}/asked`);
    await Deno.remove(`${account.home}/asked`);
    equal(asked, "asked\n");
    return (JSON.parse(stdout).findings as readonly Found[]).find(({ id }) => id === "environment.new-terminal");
  };
  equal(await looked('sleep 600 & exec /bin/bash "$@"'), undefined);
  equal((await looked("exit 1"))?.state, "warning");
}

async function damagedDatabase(machine: Machine): Promise<void> {
  const { sandbox, account } = machine;
  const database = `${account.home}/.halton-meter/db.sqlite`;
  await succeed(machine, "stop");
  match((await machine.meter("status")).stdout, /Start the meter with `halton-meter start`/);
  const damage = 'cp "$0" "$0.kept"; rm -f "$0-wal"; head -c 24576 /dev/zero | tr "\\0" x | ' +
    'dd of="$0" bs=4096 seek=1 conv=notrunc 2>/dev/null';
  await sandbox.run(account, ["sh", "-c", damage, database]);
  for (const flags of [[], ["--fix", "--apply"]]) {
    const { verdict, of } = await doctor(machine, ...flags);
    equal(verdict, "BROKEN");
    match(of("database.file").detail, /malformed|not a database/);
    if (flags.length === 0) continue;
    const running = of("services.running");
    match(running.detail, /^Cannot open .*malformed/);
    equal(running.hint, "Look at: halton-meter logs daemon");
    match((await machine.meter("logs", "daemon")).stdout, /daemon\.startup\.failed +reason=Cannot open .*malformed/);
  }
  await sandbox.run(account, ["sh", "-c", 'mv "$0.kept" "$0"; rm -f "$0-wal" "$0-shm"', database]);
  match(await succeed(machine, "start"), new RegExp(`daemon healthy {2}api: 127\\.0\\.0\\.1:${machine.apiPort} `));
}

/** Another program has the proxy's port, and later it has not. */
async function heldPort(machine: Machine): Promise<void> {
  const { sandbox, account, edgePort } = machine;
  await succeed(machine, "stop");
  await sandbox.run(account, ["systemctl", "--user", "stop", "halton-meter-edge.service"], {
    env: { PATH: `${sandbox.folder}/bin:/usr/bin:/bin`, STAND_IN_SYSTEMD: `${sandbox.folder}/systemd` },
  });
  const holder = Deno.listen({ hostname: "127.0.0.1", port: edgePort });
  const held = await machine.meter("start");
  equal(held.code, 3);
  match(held.stderr, new RegExp(`Cannot start the meter: port ${edgePort} is held by another program`));
  const { of, findings } = await doctor(machine);
  match(of("ports.edge").detail, new RegExp(`^another program holds 127\\.0\\.0\\.1:${edgePort}, `));
  match(of("ports.edge").hint ?? "", /daemon\.edge_port/);
  deepEqual(findings.filter(({ detail }) => detail.includes("names another proxy")), [], "the port in use is ours");
  holder.close();
  match((await doctor(machine)).of("ports.edge").detail, / is free again, /);
  await succeed(machine, "start");
  equal((await doctor(machine)).verdict, "HEALTHY");
}

/** `stop` does not claim to have stopped what it cannot stop. */
async function daemonOfTheUser(machine: Machine): Promise<void> {
  await succeed(machine, "stop");
  const own = machine.start("daemon");
  while (!own.stderr.includes("is metering on")) {
    equal(own.exit, null, own.stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { code, stderr } = await machine.meter("stop");
  equal(code, 1);
  match(stderr, /Cannot stop metering: process \d+ is a daemon that is no service/);
  own.kill("SIGTERM");
  await own.finished;
  await succeed(machine, "stop");
  await succeed(machine, "start");
}
