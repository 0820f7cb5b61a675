/**
 * The life of an installation, as an ordinary user and as root: init, calls from new terminals, doctor, stop, start,
 * uninstall, and nothing left. With the compiled program only, since services start it.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { openReadOnly } from "../../src/store/database.ts";
import { listRequests, type RecordedRequest } from "../../src/store/listing.ts";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { ensureClients } from "./support/clients.ts";
import { type Finished, freePort, PROJECT_FOLDER, until } from "./support/program.ts";
import { type Provider, startProvider, testAuthority } from "./support/provider.ts";
import { type Account, differences, type Sandbox, sandboxProblem, snapshot, withSandbox } from "./support/sandbox.ts";

const BINARY = Deno.env.get("HALTON_METER_BINARY") ?? "";
const IGNORED = BINARY === "" || sandboxProblem() !== null;

/** One installation to be. */
interface Machine {
  readonly sandbox: Sandbox;
  readonly account: Account;
  readonly provider: Provider;
  readonly edgePort: number;
  readonly apiPort: number;
  /** Runs a command of the program as the user. */
  meter(...args: string[]): Promise<Finished>;
  /** Starts one without waiting for it. */
  start(...args: string[]): ReturnType<Sandbox["start"]>;
  rows(): readonly RecordedRequest[];
  waitForRows(count: number): Promise<readonly RecordedRequest[]>;
}

type Services = "systemd" | "none";

async function withMachine(
  who: "user" | "root",
  services: Services,
  body: (machine: Machine) => Promise<void>,
): Promise<void> {
  await ensureClients();
  await withSandbox(async (sandbox) => {
    const account = who === "user" ? await sandbox.addUser("hm-tester") : await rootAccount(sandbox);
    const bin = await equip(sandbox, services);
    const provider = await startProvider({
      host: "api.anthropic.com",
      answer: () => eventStream(anthropicEvents(`msg_${crypto.randomUUID()}`), 1),
    });
    const [edgePort, apiPort] = [freePort(), freePort()];
    const env = {
      PATH: `${bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
      STAND_IN_SYSTEMD: `${sandbox.folder}/systemd`,
    };
    const start = (...args: string[]) => sandbox.start(account, [`${bin}/halton-meter`, ...args], { env });
    const rows = () => rowsIn(`${account.home}/.halton-meter/db.sqlite`);
    try {
      // Each system's own state differs from what its update tool would write; see only what the meter changes.
      await sandbox.run(await rootAccount(sandbox), ["update-ca-certificates"]);
      const before = await everything(sandbox, account);
      await configure(sandbox, account, { edgePort, apiPort, provider });
      await body({
        sandbox,
        account,
        provider,
        edgePort,
        apiPort,
        start,
        meter: (...args) => start(...args).finished,
        rows,
        waitForRows: (count) => until(`${count} rows`, () => rows().length >= count ? rows() : null),
      });
      deepEqual(differences(before, await everything(sandbox, account)), []);
    } finally {
      await sandbox.run(account, ["pkill", "-KILL", "-f", `${bin}/`]);
      await provider.stop();
    }
  });
}

async function rootAccount(sandbox: Sandbox): Promise<Account> {
  const account = { name: "root", home: `${sandbox.folder}/root's home`, shell: "/bin/bash" };
  await Deno.mkdir(account.home, { recursive: true });
  for (const file of [".bashrc", ".profile"]) await Deno.copyFile(`/etc/skel/${file}`, `${account.home}/${file}`);
  return account;
}

/** The program, clients, and what stands in for a service manager. */
async function equip(sandbox: Sandbox, services: Services): Promise<string> {
  const bin = `${sandbox.folder}/bin`;
  await Deno.mkdir(bin);
  await Deno.copyFile(BINARY, `${bin}/halton-meter`);
  const clients = `${PROJECT_FOLDER}tests/clients`;
  const copy = await new Deno.Command("cp", {
    args: ["-a", `${clients}/fetch.mjs`, `${clients}/urllib_call.py`, `${clients}/package.json`, bin],
  }).output();
  equal(copy.success, true);
  await Deno.mkdir(`${bin}/node_modules`);
  await new Deno.Command("cp", { args: ["-a", `${clients}/node_modules/undici`, `${bin}/node_modules/`] }).output();
  if (services === "systemd") {
    await Deno.copyFile(`${PROJECT_FOLDER}tests/e2e/support/systemctl.py`, `${bin}/systemctl`);
  }
  await Deno.mkdir(`${sandbox.folder}/systemd`);
  await Deno.chmod(`${sandbox.folder}/systemd`, 0o777);
  for await (const { name } of Deno.readDir(bin)) await Deno.chmod(`${bin}/${name}`, 0o755);
  return bin;
}

async function configure(
  sandbox: Sandbox,
  account: Account,
  { edgePort, apiPort, provider }: { readonly edgePort: number; readonly apiPort: number; readonly provider: Provider },
): Promise<void> {
  const folder = `${account.home}/.halton-meter`;
  const root = `${sandbox.folder}/test-ca.pem`;
  await Deno.writeTextFile(root, (await testAuthority()).certPem);
  await Deno.mkdir(folder, { mode: 0o700 });
  await Deno.writeTextFile(
    `${folder}/config.toml`,
    `[daemon]\nedge_port = ${edgePort}\ninternal_port = ${freePort()}\napi_port = ${apiPort}\n\n` +
      `[upstream]\nmap = { "api.anthropic.com" = "127.0.0.1:${provider.port}" }\nca_file = "${root}"\n`,
  );
  await sandbox.run({ name: "root", home: sandbox.folder, shell: "/bin/sh" }, [
    "chown",
    "-R",
    `${account.name}:`,
    folder,
  ]);
}

/** The user's home and what the system trusts. Java's store holds the time at which it was written. */
async function everything(sandbox: Sandbox, account: Account): Promise<ReadonlyMap<string, string>> {
  const parts = await Promise.all(
    [account.home, sandbox.inside("/etc"), sandbox.inside("/usr/local/share")].map(snapshot),
  );
  const all = parts.flatMap((part) => [...part]);
  return new Map(all.filter(([path]) => !path.endsWith("/etc/ssl/certs/java/cacerts")));
}

function rowsIn(database: string): readonly RecordedRequest[] {
  const db = openReadOnly(database);
  try {
    return db === null ? [] : listRequests(db, {}, 1_000).items;
  } finally {
    db?.close();
  }
}

const BODY = JSON.stringify({
  model: "claude-opus-5",
  max_tokens: 64,
  stream: true,
  messages: [{ role: "user", content: "Hi" }],
});
const CURL = `curl --silent --show-error --fail -H 'x-api-key: k' -H 'content-type: application/json' -d '${BODY}' ` +
  "https://api.anthropic.com/v1/messages";

/** Real tools, in a terminal that is opened now and knows nothing but its start-up files. */
async function callFromTerminal({ sandbox, account }: Machine): Promise<void> {
  const bin = `${sandbox.folder}/bin`;
  for (const line of [CURL, `node '${bin}/fetch.mjs' k Hi env`, `/usr/bin/python3 '${bin}/urllib_call.py' k Hi`]) {
    const { code, stdout, stderr } = await sandbox.terminal(account, line);
    equal(code, 0, `${line}: ${stderr}`);
    match(stdout, /message_stop/, line);
  }
}

async function succeed(machine: Machine, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await machine.meter(...args);
  equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

for (const [who, services] of [["user", "systemd"], ["user", "none"], ["root", "none"]] as const) {
  Deno.test({
    name: `An installation lives and leaves nothing behind: ${who}, ${services} as service manager`,
    ignore: IGNORED,
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
  ignore: IGNORED,
  fn: () =>
    withMachine("user", "systemd", async (machine) => {
      const steps = await killedAtEachStep(machine, ["init", "--apps", "--non-interactive"]);
      ok(steps > 8, `${steps} steps`);
      match(await succeed(machine, "init", "--apps", "--non-interactive"), /init complete/);
      await callFromTerminal(machine);
      await machine.waitForRows(3);
      equal(await killedAtEachStep(machine, ["uninstall"]) > 3, true);
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

function stepsIn(text: string): number {
  return [...text.matchAll(/^ +(?:\d+\/\d+|undo:) /gm)].length;
}

Deno.test({
  name: "init says what stands in its way, and changes nothing that it cannot take back",
  ignore: IGNORED,
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
