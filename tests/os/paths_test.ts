import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal, throws } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { ensureHome, type Environment, installationId, paths } from "../../src/os/paths.ts";

function environment(values: Record<string, string>): Environment {
  return { get: (name) => values[name] };
}

function inFolder(name: string): { home: string; socket: string } {
  const home = `${Deno.makeTempDirSync()}/${name}`;
  return { home, socket: `${home}/daemon.sock` };
}

function mode(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

Deno.test("paths puts everything below the home folder", () => {
  const found = paths(environment({ HOME: "/home/ada" }));
  equal(found.database, "/home/ada/.halton-meter/db.sqlite");
  equal(found.config, "/home/ada/.halton-meter/config.toml");
  equal(found.effectivePorts, "/home/ada/.halton-meter/effective-ports.json");
  equal(found.socket, "/home/ada/.halton-meter/daemon.sock");
  equal(found.edgeSocket, "/home/ada/.halton-meter/edge.sock");
  equal(found.daemonLog, "/home/ada/.halton-meter/daemon.err.log");
  equal(found.edgeLog, "/home/ada/.halton-meter/edge.err.log");
  equal(found.caKey, "/home/ada/.mitmproxy/mitmproxy-ca.pem");
  equal(found.caCertificate, "/home/ada/.mitmproxy/mitmproxy-ca-cert.pem");
});

Deno.test("paths follows the variables that move the folders", () => {
  const found = paths(environment({ HALTON_METER_HOME: "/srv/meter/", HALTON_METER_CA_DIR: "/srv/ca" }));
  equal(found.database, "/srv/meter/db.sqlite");
  equal(found.caKey, "/srv/ca/mitmproxy-ca.pem");
});

Deno.test("paths refuses to guess without HOME", () => {
  for (const values of [{}, { HOME: "" }, { HALTON_METER_HOME: "/srv/meter" }]) {
    throws(
      () => paths(environment(values)),
      (error) => error instanceof MeterError && /HOME is not set/.test(error.message),
    );
  }
  throws(() => paths(environment({ HOME: "ada" })), /HOME is not an absolute path/);
});

Deno.test("ensureHome creates the folder for its owner only", () => {
  const place = inFolder("deep/.halton-meter");
  ensureHome(place);
  equal(mode(place.home), 0o700);
});

Deno.test("ensureHome sets the mode of a folder that is there, and may be repeated", () => {
  const place = inFolder(".halton-meter");
  Deno.mkdirSync(place.home);
  Deno.chmodSync(place.home, 0o755);
  ensureHome(place);
  ensureHome(place);
  equal(mode(place.home), 0o700);
});

Deno.test("ensureHome refuses a symbolic link, also a dangling one", () => {
  const place = inFolder(".halton-meter");
  const target = `${place.home}-target`;
  Deno.symlinkSync(target, place.home);
  throws(() => ensureHome(place), /symbolic link/);
  Deno.mkdirSync(target, { mode: 0o755 });
  const before = mode(target);
  throws(() => ensureHome(place), /symbolic link/);
  equal(mode(target), before);
});

Deno.test("ensureHome refuses what is not a folder", () => {
  const place = inFolder(".halton-meter");
  Deno.writeTextFileSync(place.home, "");
  throws(() => ensureHome(place), /not a folder/);
});

Deno.test("ensureHome refuses another user's folder", () => {
  // For root a folder given away; for anyone else, root's.
  const place = Deno.uid() === 0 ? inFolder(".halton-meter") : { home: "/usr", socket: "/usr/daemon.sock" };
  if (Deno.uid() === 0) {
    Deno.mkdirSync(place.home);
    Deno.chownSync(place.home, 12345, 12345);
  }
  throws(() => ensureHome(place), /another user/);
});

Deno.test("ensureHome refuses a path in which no socket fits", () => {
  const place = inFolder("x".repeat(100));
  throws(() => ensureHome(place), (error) => {
    ok(error instanceof MeterError);
    match(error.message, /too long/);
    match(error.hint ?? "", /HALTON_METER_HOME/);
    return true;
  });
});

Deno.test("ensureHome says what stopped it", () => {
  const place = inFolder("file/.halton-meter");
  Deno.writeTextFileSync(place.home.replace(/\/\.halton-meter$/, ""), "");
  throws(() => ensureHome(place), (error) => error instanceof MeterError && /^Cannot create /.test(error.message));
});

Deno.test("installationId is one folder's own, by whatever path it is reached", () => {
  const outer = Deno.makeTempDirSync();
  try {
    for (const name of ["one", "two"]) Deno.mkdirSync(`${outer}/${name}`);
    Deno.symlinkSync(`${outer}/one`, `${outer}/link`);
    const id = (name: string) => installationId({ home: `${outer}/${name}` });
    match(id("one"), /^[0-9a-f]{16}$/);
    deepEqual([id("link"), id("one/../one")], [id("one"), id("one")]);
    equal(id("two") === id("one"), false);
    equal(id("missing"), id("missing"));
  } finally {
    Deno.removeSync(outer, { recursive: true });
  }
});
