import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { hasCommand, runForOutput } from "../../../src/os/run.ts";
import { certificatesIn } from "../../../src/os/trust/fingerprint.ts";
import { browserTrust } from "../../../src/os/trust/nss.ts";
import { onThePath, recordedRunner } from "../recorded_runner.ts";
import { snapshot, type TrustMachine, trustMachine } from "./trust_machine.ts";

const ignore = !await hasCommand(runForOutput, "certutil");

async function certutil(folder: string, ...args: string[]): Promise<string> {
  const [command = "", ...rest] = args;
  const { code, stdout, stderr } = await runForOutput("certutil", [command, "-d", `sql:${folder}`, ...rest]);
  equal(code, 0, stderr);
  return stdout;
}

/** An empty database as a browser makes it. */
async function database(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  await certutil(folder, "-N", "--empty-password");
  return folder;
}

/** A profile that `profiles.ini` names. */
async function profile({ home }: TrustMachine, name: string): Promise<string> {
  const folder = `${home}/.mozilla/firefox`;
  await database(`${folder}/${name}`);
  const before = await Deno.readTextFile(`${folder}/profiles.ini`).catch(() => "[General]\nStartWithLastProfile=1\n");
  const number = before.split("[Profile").length - 1;
  await Deno.writeTextFile(
    `${folder}/profiles.ini`,
    `${before}\n[Profile${number}]\nName=${name}\nIsRelative=1\nPath=${name}\n`,
  );
  return `${folder}/${name}`;
}

/** Nicknames and trust flags. */
async function entries(folder: string): Promise<string[]> {
  const lines = (await certutil(folder, "-L")).split("\n").slice(4);
  return lines.filter((line) => line.trim() !== "").map((line) => line.trim().replace(/ +/g, " ")).sort();
}

Deno.test({
  name: "browserTrust trusts the certificate in every profile of Firefox and takes it out again",
  ignore,
  async fn() {
    await using test = await trustMachine();
    const profiles = [await profile(test, "one.default"), await profile(test, "two words")];
    const place = browserTrust("firefox", test.machine, test.options);
    equal((await place.check()).state, "absent");
    for (let again = 0; again < 2; again++) equal((await place.apply()).state, "present");
    for (const folder of profiles) {
      deepEqual(await entries(folder), ["halton-meter C,,"]);
      deepEqual(certificatesIn(await certutil(folder, "-L", "-n", "halton-meter", "-a")), [test.own]);
    }
    for (let again = 0; again < 2; again++) equal((await place.remove()).state, "absent");
    for (const folder of profiles) deepEqual(await entries(folder), []);
  },
});

Deno.test({
  name: "browserTrust trusts the certificate for Chromium, wherever its package keeps it",
  ignore,
  async fn() {
    await using test = await trustMachine();
    const { home } = test;
    const folders = await Promise.all([
      database(`${home}/.pki/nssdb`),
      database(`${home}/snap/chromium/1234/.pki/nssdb`),
      database(`${home}/.var/app/org.chromium.Chromium/data/pki/nssdb`),
    ]);
    await Deno.symlink("1234", `${home}/snap/chromium/current`);
    const place = browserTrust("chromium", test.machine, test.options);
    equal((await place.apply()).state, "present");
    for (const folder of folders) deepEqual(await entries(folder), ["halton-meter C,,"]);
    equal((await place.remove()).state, "absent");
    for (const folder of folders) deepEqual(await entries(folder), []);
  },
});

Deno.test({
  name: "browserTrust finishes what was interrupted between two profiles",
  ignore,
  async fn() {
    await using test = await trustMachine();
    const [first, second] = [await profile(test, "one"), await profile(test, "two")];
    await certutil(first, "-A", "-n", "halton-meter", "-t", "C,,", "-i", test.options.certificateFile);
    const place = browserTrust("firefox", test.machine, test.options);
    equal((await place.check()).state, "differs");
    equal((await place.apply()).state, "present");
    await certutil(second, "-D", "-n", "halton-meter");
    equal((await place.check()).state, "differs");
    equal((await place.remove()).state, "absent");
    deepEqual([await entries(first), await entries(second)], [[], []]);
  },
});

Deno.test({
  name: "browserTrust replaces earlier certificates and gives trust back to one that lost it",
  ignore,
  async fn() {
    await using test = await trustMachine();
    const folder = await profile(test, "one");
    const place = browserTrust("firefox", test.machine, test.options);
    await place.apply();
    const renewed = await test.renew();
    equal((await place.check()).state, "differs");
    await certutil(folder, "-A", "-n", "halton-meter", "-t", "C,,", "-i", test.options.certificateFile);
    deepEqual(await entries(folder), ["halton-meter C,,", "halton-meter C,,"]);
    equal((await place.check()).state, "differs");
    equal((await place.apply()).state, "present");
    deepEqual(certificatesIn(await certutil(folder, "-L", "-n", "halton-meter", "-a")), [renewed]);
    await certutil(folder, "-M", "-n", "halton-meter", "-t", ",,");
    equal((await place.check()).state, "differs");
    equal((await place.apply()).state, "present");
    await Deno.remove(test.options.certificateFile); // The CA is gone; what it left is not.
    equal((await place.check()).state, "differs");
    equal((await place.remove()).state, "absent");
  },
});

Deno.test({
  name: "browserTrust leaves another CA of the same subject alone",
  ignore,
  async fn() {
    await using test = await trustMachine();
    const folder = await profile(test, "one");
    const other = await test.makeCertificate();
    await Deno.writeTextFile(`${test.home}/other.pem`, other.pem);
    await certutil(folder, "-A", "-n", "mitmproxy", "-t", "C,,", "-i", `${test.home}/other.pem`);
    const place = browserTrust("firefox", test.machine, test.options);
    equal((await place.check()).state, "absent");
    equal((await place.apply()).state, "present");
    deepEqual(await entries(folder), ["halton-meter C,,", "mitmproxy C,,"]);
    equal((await place.remove()).state, "absent");
    deepEqual(await entries(folder), ["mitmproxy C,,"]);
    deepEqual(certificatesIn(await certutil(folder, "-L", "-n", "mitmproxy", "-a")), [other]);
  },
});

Deno.test({
  name: "browserTrust leaves the meter's certificate alone where the user imported it",
  ignore,
  async fn() {
    await using test = await trustMachine();
    const folder = await profile(test, "one");
    await certutil(folder, "-A", "-n", "mitmproxy - mine", "-t", ",,", "-i", test.options.certificateFile);
    const place = browserTrust("firefox", test.machine, test.options);
    for (const state of [await place.check(), await place.apply(), await place.remove()]) {
      equal(state.state, "unavailable");
      match(state.detail, /has it as "mitmproxy - mine", which is left alone/);
    }
    deepEqual(await entries(folder), ["mitmproxy - mine ,,"]);
  },
});

Deno.test({
  name: "browserTrust leaves nothing in a database that is protected by a password, and fills the others",
  ignore,
  async fn() {
    await using test = await trustMachine();
    const [open, closed] = [await profile(test, "open"), await profile(test, "closed")];
    for (const name of ["cert9.db", "key4.db", "pkcs11.txt"]) await Deno.remove(`${closed}/${name}`);
    await Deno.writeTextFile(`${test.home}/password`, "a password");
    await certutil(closed, "-N", "-f", `${test.home}/password`);
    const place = browserTrust("firefox", test.machine, test.options);
    const applied = await place.apply();
    match(applied.detail, /closed is protected by a password/);
    deepEqual(await entries(open), ["halton-meter C,,"]);
    deepEqual(await entries(closed), []);
    equal((await place.remove()).state, "absent");
  },
});

Deno.test({
  name: "browserTrust waits for nobody who has locked a database, and goes on once it is free",
  ignore,
  async fn() {
    await using test = await trustMachine();
    const folder = await profile(test, "one");
    const place = browserTrust("firefox", test.machine, test.options);
    const db = new DatabaseSync(`${folder}/cert9.db`);
    try {
      db.exec("BEGIN EXCLUSIVE");
      const state = await place.apply();
      equal(state.state, "unavailable");
      match(state.detail, /one is locked or damaged/);
    } finally {
      db.close();
    }
    equal((await place.apply()).state, "present");
  },
});

Deno.test({
  name: "browserTrust says of a damaged database that it is, and changes nothing",
  ignore,
  async fn() {
    await using test = await trustMachine();
    const folder = await profile(test, "one");
    await Deno.writeTextFile(`${folder}/cert9.db`, "no database");
    const before = await snapshot(folder);
    const place = browserTrust("firefox", test.machine, test.options);
    for (const state of [await place.check(), await place.apply(), await place.remove()]) {
      equal(state.state, "unavailable");
      match(state.detail, /one is locked or damaged/);
    }
    deepEqual(await snapshot(folder), before);
  },
});

Deno.test({
  name: "browserTrust does not claim to have cleaned databases when certutil has gone meanwhile",
  ignore,
  async fn() {
    await using test = await trustMachine();
    await profile(test, "one");
    await browserTrust("firefox", test.machine, test.options).apply();
    const { run } = recordedRunner([onThePath("certutil", false)]);
    const without = browserTrust("firefox", { ...test.machine, run }, test.options);
    await rejects(without.remove(), /Cannot remove the certificate from Firefox: the command certutil is gone/);
    equal((await browserTrust("firefox", test.machine, test.options).remove()).state, "absent");
    equal((await without.remove()).state, "unavailable");
    deepEqual(await Array.fromAsync(Deno.readDir(test.machine.paths.home), ({ name }) => name), []);
  },
});

Deno.test("browserTrust makes no database, neither without a browser nor in a profile that was never started", async () => {
  await using test = await trustMachine();
  const folder = `${test.home}/.mozilla/firefox`;
  await Deno.mkdir(`${folder}/new.default`, { recursive: true });
  await Deno.writeTextFile(`${folder}/profiles.ini`, "[Profile0]\nPath=new.default\n");
  const before = await snapshot(test.home);
  for (const family of ["firefox", "chromium"] as const) {
    const place = browserTrust(family, test.machine, test.options);
    for (const state of [await place.check(), await place.apply(), await place.remove()]) {
      equal(state.state, "unavailable");
      match(state.detail, /^no profile of/);
    }
  }
  deepEqual(await snapshot(test.home), before);
});

Deno.test("browserTrust says which package is missing where there is a browser and no certutil", async () => {
  const { run, finish } = recordedRunner([onThePath("certutil", false)]);
  await using test = await trustMachine({ run });
  const folder = `${test.home}/.pki/nssdb`;
  await Deno.mkdir(folder, { recursive: true });
  for (const name of ["cert9.db", "key4.db"]) await Deno.writeTextFile(`${folder}/${name}`, "");
  const place = browserTrust("chromium", test.machine, test.options);
  for (const state of [await place.check(), await place.apply(), await place.remove()]) {
    equal(state.state, "unavailable");
    match(state.hint ?? "", /libnss3-tools/);
  }
  finish();
});

Deno.test("browserTrust asks for a certificate only when it is to put one in", async () => {
  await using test = await trustMachine();
  await Deno.remove(test.options.certificateFile);
  const place = browserTrust("chromium", test.machine, test.options);
  equal((await place.check()).state, "unavailable");
  await rejects(place.apply(), { code: "ca_unusable" });
});
