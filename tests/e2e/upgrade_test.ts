/**
 * From `install.sh` to the program's removal: installed from a release on loopback, set up, brought to another build under
 * traffic without a call that fails, brought back from one that does not work, and gone. With the compiled program only.
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import { releaseArchive, sha256 } from "../../scripts/release_archive.ts";
import { VERSION } from "../../src/cli/version.ts";
import { CANNOT_INSTALL, type Machine, withMachine } from "./support/installed.ts";
import { type Finished, PROJECT_FOLDER, type Running, until } from "./support/program.ts";
import { testAuthority } from "./support/provider.ts";
import { messagesRequest, openTls, openTunnel, readUntil, writeAll } from "./support/raw_client.ts";

const HOST = "api.anthropic.com";
const CALLERS = 4;
const PLATFORM = `${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;

/** The release that the compiled program makes, and install.sh beside it. */
async function serveRelease(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const archive = await releaseArchive(await Deno.readFile(Deno.env.get("HALTON_METER_BINARY") ?? ""));
  const name = `halton-meter-${VERSION}-${PLATFORM}.tar.gz`;
  const sums = `${await sha256(archive)}  ${name}\n`;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/install.sh")) return new Response(await Deno.readTextFile(`${PROJECT_FOLDER}install.sh`));
    if (pathname.endsWith("/SHA256SUMS")) return new Response(sums);
    return pathname.endsWith(name) ? new Response(archive) : new Response("none", { status: 404 });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}

/** The user's own copy of the program. */
interface Installed {
  readonly program: string;
  /** Downloads install.sh and runs it, as the README tells. */
  installer(...args: string[]): Promise<Finished>;
  meter(...args: string[]): Promise<Finished>;
  /** Begins an upgrade to the build that is there. */
  startUpgrade(): Running;
  succeed(...args: string[]): Promise<string>;
  pids(): { readonly daemon: number; readonly edge: number };
}

function installed({ sandbox, account }: Machine, url: string): Installed {
  const program = `${account.home}/.local/bin/halton-meter`;
  const env = {
    PATH: `${sandbox.folder}/bin:/usr/local/bin:/usr/bin:/bin`,
    STAND_IN_SYSTEMD: `${sandbox.folder}/systemd`,
    HALTON_METER_BASE_URL: url,
  };
  const meter = (...args: string[]) => sandbox.run(account, [program, ...args], { env });
  return {
    program,
    meter,
    startUpgrade: () =>
      sandbox.start(account, [program, "upgrade", "--from", `${sandbox.folder}/bin/halton-meter`], { env }),
    installer: (...args) =>
      sandbox.run(account, ["sh", "-c", 'curl -fsSL "$0/latest/download/install.sh" | sh -s -- "$@"', url, ...args], {
        env,
      }),
    async succeed(...args) {
      const { code, stdout, stderr } = await meter(...args);
      equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
      return stdout;
    },
    pids() {
      const ports = JSON.parse(Deno.readTextFileSync(`${account.home}/.halton-meter/effective-ports.json`));
      return { daemon: ports.daemon?.pid ?? 0, edge: ports.edge?.pid ?? 0 };
    },
  };
}

/** Callers that call one after the other, each time over a new connection, until they are stopped. */
async function startTraffic({ account, edgePort }: Machine) {
  const caCerts = [
    await Deno.readTextFile(`${account.home}/.mitmproxy/mitmproxy-ca-cert.pem`),
    (await testAuthority()).certPem,
  ];
  const state = { on: true, done: 0 };
  const failures: string[] = [];
  const call = async () => {
    using tls = await openTls(edgePort, `${HOST}:443`, { name: HOST, caCerts });
    await writeAll(tls, messagesRequest());
    await readUntil(tls, "\r\n0\r\n\r\n");
  };
  const callers = Array.from({ length: CALLERS }, async () => {
    while (state.on) {
      await call().then(() => state.done++, (error) => failures.push(String(error)));
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  });
  return {
    /** Waits for more calls to be made. */
    async goesOn() {
      const before = state.done;
      // A call whose connection was turned away at a hand-over is tried again by the kernel, later each time.
      await until("calls to go on", () => state.done >= before + 20, 60_000);
    },
    async stop(): Promise<readonly string[]> {
      state.on = false;
      await Promise.all(callers);
      return failures;
    },
  };
}

for (const [who, services] of [["user", "systemd"], ["user", "none"], ["root", "none"]] as const) {
  Deno.test({
    name:
      `install.sh, init, upgrades under traffic with no failed call, a way back, and nothing left: ${who}, ${services}`,
    ignore: CANNOT_INSTALL,
    async fn() {
      const release = await serveRelease();
      try {
        await withMachine(who, services, async (machine) => {
          const own = installed(machine, release.url);
          const first = await own.installer();
          deepEqual([first.code, first.stderr], [0, ""]);
          await own.succeed("init", "--apps", "--non-interactive");
          await keepsWhatIsUnderWay(machine, own);
          if (services === "none") await refersToTheInstalled(machine, own);
          const traffic = await startTraffic(machine);
          await traffic.goesOn();

          const before = own.pids();
          const again = await own.installer();
          equal(again.code, 0, again.stdout + again.stderr);
          match(again.stdout, /Restarted the daemon and the edge; a test call was metered/);
          const after = own.pids();
          notEqual(after.daemon, before.daemon);
          notEqual(after.edge, before.edge);
          await traffic.goesOn();

          await bringsBack(machine, own);
          await traffic.goesOn();
          deepEqual(await traffic.stop(), []);
          ok(!(await exists(`${own.program}.previous`)));

          equal((await own.installer("--uninstall")).code, 1, "it is still set up");
          await own.succeed("uninstall", "--purge", "--include-logs", "--yes");
          equal((await own.installer("--uninstall")).code, 0);
        });
      } finally {
        await release.stop();
      }
    },
  });
}

/** A call that takes its time is waited for, also by a second upgrade; a tunnel outlives the edge that it goes through. */
async function keepsWhatIsUnderWay(machine: Machine, own: Installed): Promise<void> {
  const { account, edgePort } = machine;
  await until("the edge to have the port", () => {
    const { daemon, edge } = own.pids();
    return edge !== 0 && edge !== daemon;
  });
  const echo = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const echoed = echo.accept().then((far) => far.readable.pipeTo(far.writable)).catch(() => {}); // It ends with the test.
  const { connection: tunnel, status } = await openTunnel(edgePort, `127.0.0.1:${echo.addr.port}`);
  equal(status, 200);
  using tls = await openTls(edgePort, `${HOST}:443`, {
    name: HOST,
    caCerts: [await Deno.readTextFile(`${account.home}/.mitmproxy/mitmproxy-ca-cert.pem`)],
  });
  const request = messagesRequest();
  await writeAll(tls, request.subarray(0, -5));
  await until("the call to be seen", async () => {
    const { daemon } = JSON.parse((await own.meter("status", "--json")).stdout);
    return daemon.roles.interceptor.counters.calls_under_way === 1;
  });

  const upgrade = own.startUpgrade();
  await until("the upgrade to wait for it", () => upgrade.stdout.includes("Waiting for 1 call under way"));
  const second = own.startUpgrade();
  await until("the second to wait for the first", () => second.stderr.includes("Waiting for another halton-meter"));
  await writeAll(tls, request.subarray(-5));
  await readUntil(tls, "\r\n0\r\n\r\n");
  const { code, stdout, stderr } = await upgrade.finished;
  equal(code, 0, stdout + stderr);
  match(stdout, /a test call was metered/);
  const late = await second.finished;
  deepEqual([late.code, late.stdout], [1, ""]);
  match(late.stderr, /Cannot go on: another command has replaced .*\/halton-meter in the meantime\n {2}See with /);

  await writeAll(tunnel, new TextEncoder().encode("still there"));
  await readUntil(tunnel, "still there");
  tunnel.close();
  await echoed;
  echo.close();
}

/** Another copy of the program refers to the one that is installed, and changes nothing. */
async function refersToTheInstalled({ sandbox, meter }: Machine, own: Installed): Promise<void> {
  const before = own.pids();
  const { code, stdout, stderr } = await meter("upgrade", "--from", own.program);
  deepEqual([code, stdout], [1, ""]);
  match(stderr, /Cannot upgrade: the daemon is .*\/\.local\/bin\/halton-meter, and this is /);
  match(stderr, /Run: '?.*\/\.local\/bin\/halton-meter'? upgrade --from /);
  deepEqual(own.pids(), before);
  ok(await exists(`${sandbox.folder}/bin/halton-meter`));
}

/** A program that says what it should and then does not run is replaced by the one before it. */
async function bringsBack({ sandbox, account }: Machine, own: Installed): Promise<void> {
  const broken = `${account.home}/broken`;
  const says = `halton-meter 99.0.0 (Deno 0.0.0, ${Deno.build.os}-${Deno.build.arch})`;
  const script = `#!/bin/sh\n[ "$1" = --version ] && echo '${says}' && exit 0\nexit 1\n`;
  await sandbox.run(account, ["sh", "-c", 'cat >"$0"; chmod 755 "$0"', broken], { stdin: script });
  const { code, stdout, stderr } = await own.meter("upgrade", "--from", broken);
  equal(code, 1);
  match(stdout, /Replaced the program: \S+ → 99\.0\.0\n[^]*Going back to version /);
  match(stderr, new RegExp(`Cannot upgrade: [^]*Version ${VERSION.replaceAll(".", "\\.")} is back and works`));
  match(await own.succeed("--version"), new RegExp(`^halton-meter ${VERSION} `));
  await Deno.remove(broken);
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}
