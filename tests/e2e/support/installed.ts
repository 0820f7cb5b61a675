/**
 * An installation in a machine of its own: the compiled program, clients, what stands in for a service manager, and a look
 * at everything that installing may change, before and after.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { openReadOnly } from "../../../src/store/database.ts";
import { listRequests, type RecordedRequest } from "../../../src/store/listing.ts";
import { anthropicEvents, eventStream } from "./answers.ts";
import { ensureClients } from "./clients.ts";
import { type Finished, freePort, PROJECT_FOLDER, until } from "./program.ts";
import { type Provider, startProvider, testAuthority } from "./provider.ts";
import { type Account, differences, type Sandbox, sandboxProblem, snapshot, withSandbox } from "./sandbox.ts";

const BINARY = Deno.env.get("HALTON_METER_BINARY") ?? "";
/** Services start the compiled program, and installing is tried in a machine of its own only. */
export const CANNOT_INSTALL = BINARY === "" || sandboxProblem() !== null;

/** One installation to be. */
export interface Machine {
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

/** Who keeps services running there. */
export type Services = "systemd" | "none";

/** Makes the machine, calls `body`, and holds it to leaving everything as it was. */
export async function withMachine(
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
      deepEqual(await processesOf(sandbox), []);
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

/** Writes settings with free ports and the stand-in in the provider's place. */
export async function configure(
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

/** Daemons and edges that run from any copy of the program on this machine, as pid and command line. */
export async function processesOf(sandbox: Sandbox): Promise<readonly string[]> {
  const pattern = `^${sandbox.folder}/.*halton-meter (daemon|edge)$`;
  const { stdout } = await sandbox.run(await rootAccount(sandbox), ["pgrep", "-a", "-f", pattern]);
  return stdout.split("\n").filter((line) => line !== "");
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
/** A call by curl that knows nothing but its environment. */
export const CURL =
  `curl --silent --show-error --fail -H 'x-api-key: k' -H 'content-type: application/json' -d '${BODY}' ` +
  "https://api.anthropic.com/v1/messages";

/** Real tools, in a terminal that is opened now and knows nothing but its start-up files. */
export async function callFromTerminal({ sandbox, account }: Machine): Promise<void> {
  const bin = `${sandbox.folder}/bin`;
  for (const line of [CURL, `node '${bin}/fetch.mjs' k Hi env`, `/usr/bin/python3 '${bin}/urllib_call.py' k Hi`]) {
    const { code, stdout, stderr } = await sandbox.terminal(account, line);
    equal(code, 0, `${line}: ${stderr}`);
    match(stdout, /message_stop/, line);
  }
}

/** Runs a command of the program that must succeed. @returns what it printed. */
export async function succeed(machine: Machine, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await machine.meter(...args);
  equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}
