/**
 * The local-only guarantee, as far as it is about who may read what and who may connect: L4, L7, L8.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { until } from "../e2e/support/program.ts";
import type { Meter } from "../e2e/support/meter.ts";
import { descriptorsOf, look, modeOf, readLog, say, succeed, withSession } from "./session.ts";

const IS_ROOT = Deno.uid() === 0;
const NOBODY = 65_534;

function caFolder(meter: Meter): string {
  return `${meter.root}/ca`;
}

function keyFile(meter: Meter): string {
  return `${caFolder(meter)}/mitmproxy-ca.pem`;
}

/** Paths whose modes the audit trail says were tightened. */
function tightenedPaths(meter: Meter): unknown[] {
  return look(meter, (db) => {
    return db.prepare("SELECT details FROM audit_events WHERE event = 'permissions.tightened' ORDER BY id").all();
  }).map(({ details }) => JSON.parse(String(details)).path);
}

/** Starts a daemon that must refuse. @returns what it said. */
async function refused(meter: Meter): Promise<string> {
  const { code, stdout, stderr } = await meter.command(["daemon"]);
  deepEqual([code, stdout], [1, ""], stderr);
  deepEqual(meter.ports().daemon ?? null, null);
  return stderr;
}

/** Everything that must not change when something is refused. */
function facts(path: string): unknown {
  const { mode, uid, ino, isSymlink, mtime } = Deno.lstatSync(path);
  return [mode, uid, ino, isSymlink, mtime?.getTime()];
}

Deno.test("L4 the CA lies in a 0700 folder with a 0600 key, and only its certificate can be read by others", async () => {
  await withSession({}, async (meter) => {
    await say(meter, "Hello");
    const names = [...Deno.readDirSync(caFolder(meter))].map(({ name }) => name).toSorted();
    deepEqual(names, ["mitmproxy-ca-cert.pem", "mitmproxy-ca.pem"]);
    deepEqual([modeOf(caFolder(meter)), modeOf(keyFile(meter)), modeOf(meter.caFile)], [0o700, 0o600, 0o644]);
    match(await Deno.readTextFile(keyFile(meter)), /PRIVATE KEY/);
    equal((await Deno.readTextFile(meter.caFile)).includes("PRIVATE KEY"), false);
    equal(JSON.stringify(await descriptorsOf(meter.daemon?.pid ?? 0)).includes("mitmproxy"), false, "not kept open");
    const created = look(
      meter,
      (db) => db.prepare("SELECT count(*) AS n FROM audit_events WHERE event = 'ca.created'").get(),
    );
    equal(Number(created?.["n"]), 1);
  });
});

Deno.test("L8 modes that were made lax are tightened at the next start, which says so and notes it", async () => {
  await withSession({}, async (meter) => {
    await say(meter, "Hello");
    await meter.stop();
    const lax = { [caFolder(meter)]: 0o755, [keyFile(meter)]: 0o644, [meter.home]: 0o777, [meter.database]: 0o666 };
    for (const [path, mode] of Object.entries(lax)) await Deno.chmod(path, mode);
    await meter.startDaemon();
    deepEqual(Object.keys(lax).map(modeOf), [0o700, 0o600, 0o700, 0o600]);
    deepEqual(tightenedPaths(meter).toSorted(), Object.keys(lax).toSorted());
    for (const path of Object.keys(lax)) {
      ok(readLog(meter).includes(`"daemon.permissions.tightened","path":"${path}"`), path);
    }
    for (const path of Object.keys(lax)) {
      ok(meter.daemon?.stderr.includes(`Tightened the permissions of ${path}\n`), meter.daemon?.stderr);
    }
    match(await succeed(meter, ["audit", "list"]), /permissions\.tightened {2}path=/);
  });
});

Deno.test("L8 the daemon never relaxes a mode that is stricter, nor the key's while it runs", async () => {
  await withSession({}, async (meter) => {
    await meter.stop();
    await Deno.chmod(keyFile(meter), 0o400);
    await Deno.chmod(caFolder(meter), 0o500);
    await meter.startDaemon();
    await say(meter, "Hello");
    deepEqual([modeOf(caFolder(meter)), modeOf(keyFile(meter))], [0o500, 0o400]);
    deepEqual(tightenedPaths(meter), []);
    await Deno.chmod(caFolder(meter), 0o700);
  });
});

Deno.test("L8 a key that is a symbolic link is refused, and nothing is changed", async () => {
  await withSession({ daemon: false }, async (meter) => {
    await meter.startDaemon();
    await meter.stop();
    const elsewhere = `${meter.root}/elsewhere.pem`;
    await Deno.rename(keyFile(meter), elsewhere);
    await Deno.chmod(elsewhere, 0o644);
    await Deno.symlink(elsewhere, keyFile(meter));
    const before = [facts(keyFile(meter)), facts(elsewhere), facts(meter.caFile)];
    match(
      await refused(meter),
      /^halton-meter: Cannot use the CA at .*mitmproxy-ca\.pem: it is a symbolic link\n {2}\S/,
    );
    deepEqual([facts(keyFile(meter)), facts(elsewhere), facts(meter.caFile)], before);
  });
});

Deno.test("L4 a database that is a symbolic link is refused, and nothing is changed", async () => {
  await withSession({ daemon: false }, async (meter) => {
    await meter.startDaemon();
    await meter.stop();
    const elsewhere = `${meter.root}/elsewhere.sqlite`;
    await Deno.rename(meter.database, elsewhere);
    await Deno.chmod(elsewhere, 0o644);
    await Deno.symlink(elsewhere, meter.database);
    const bytes = await Deno.readFile(elsewhere);
    const before = [facts(meter.database), facts(elsewhere)];
    match(await refused(meter), /^halton-meter: Cannot open .*db\.sqlite: it is a symbolic link\n {2}Move .* away\n/);
    const purge = await meter.command(["bodies", "purge", "--older-than", "1d"]);
    equal(purge.code, 1);
    match(purge.stderr, /db\.sqlite: it is a symbolic link/);
    deepEqual([facts(meter.database), facts(elsewhere)], before);
    deepEqual(await Deno.readFile(elsewhere), bytes);
  });
});

Deno.test({
  name: "L4 a CA folder, a key or a data folder of another user is refused, and nothing is changed",
  ignore: !IS_ROOT, // Only root can give a file away.
  fn: async () => {
    await withSession({ daemon: false }, async (meter) => {
      await meter.startDaemon();
      await meter.stop();
      for (const path of [keyFile(meter), caFolder(meter), meter.home, meter.database]) {
        await Deno.chown(path, NOBODY, NOBODY);
        await Deno.chmod(path, path.includes(".") ? 0o644 : 0o755);
        const before = facts(path);
        match(await refused(meter), /^halton-meter: Cannot (?:use|open) .*: it.* belongs to another user/);
        deepEqual(facts(path), before);
        await Deno.chown(path, 0, 0);
        await Deno.chmod(path, path.includes(".") ? 0o600 : 0o700);
      }
    });
  },
});

/** Addresses of this machine other than 127.0.0.1. */
function otherAddresses(): string[] {
  const found = Deno.networkInterfaces().filter(({ family }) => family === "IPv4").map(({ address }) => address);
  return [...found.filter((address) => address !== "127.0.0.1"), ...(Deno.build.os === "linux" ? ["127.0.0.2"] : [])];
}

async function connects(hostname: string, port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname, port })).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test("L7 every port of the meter answers on 127.0.0.1 only; the API's is 8765 unless told otherwise", async () => {
  const { defaultConfig } = await import("../../src/domain/config.ts");
  equal(defaultConfig().daemon.apiPort, 8765);
  deepEqual(defaultConfig().cors.allowOrigins, ["http://localhost:3000"]);
  await withSession({}, async (meter) => {
    const { apiPort, interceptor } = await until("the API to be up", () => apiOf(meter));
    const ports = [apiPort, meter.edgePort, interceptor.health, ...Object.values(interceptor.hosts)];
    for (const port of ports) {
      equal(await connects("127.0.0.1", port), true, `${port}`);
      for (const address of [...otherAddresses(), "::1"]) {
        equal(await connects(address, port), false, `${address}:${port}`);
      }
    }
  });
});

function apiOf(
  meter: Meter,
): { apiPort: number; interceptor: { health: number; hosts: Record<string, number> } } | null {
  const { daemon } = JSON.parse(Deno.readTextFileSync(`${meter.home}/effective-ports.json`));
  return typeof daemon?.apiPort === "number" ? daemon : null;
}

Deno.test("L7 the API lets pages of http://localhost:3000 read and no others, and answers to loopback names only", async () => {
  await withSession({}, async (meter) => {
    const { apiPort } = await until("the API to be up", () => apiOf(meter));
    const get = (headers: string) => rawGet(apiPort, headers);
    match(await get(`Host: 127.0.0.1:${apiPort}\r\n`), /^HTTP\/1\.1 200 /, "no authentication is asked for");
    const own = await get(`Host: localhost:${apiPort}\r\nOrigin: http://localhost:3000\r\n`);
    match(own, /^access-control-allow-origin: http:\/\/localhost:3000\r$/im);
    for (const origin of ["http://localhost:3001", "https://localhost:3000", "http://evil.example", "null"]) {
      const answer = await get(`Host: 127.0.0.1:${apiPort}\r\nOrigin: ${origin}\r\n`);
      equal(/^access-control-allow-origin:/im.test(answer), false, origin);
    }
    for (const host of ["evil.example", `evil.example:${apiPort}`, `localhost.evil.example:${apiPort}`]) {
      match(await get(`Host: ${host}\r\n`), /^HTTP\/1\.1 421 /, host);
    }
  });
});

async function rawGet(port: number, headers: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await connection.write(new TextEncoder().encode(`GET /health HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`));
    return await new Response(connection.readable).text();
  } catch (error) {
    throw new Error(`The API did not answer to ${headers}`, { cause: error });
  }
}
