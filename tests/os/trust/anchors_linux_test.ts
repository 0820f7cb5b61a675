import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { MeterError } from "../../../src/domain/errors.ts";
import { fileHolds } from "../../../src/os/trust/fingerprint.ts";
import { systemAnchors } from "../../../src/os/trust/anchors_linux.ts";
import { snapshot, type TrustMachine, trustMachine, writeScript } from "./trust_machine.ts";

const DEBIAN = "/usr/sbin/update-ca-certificates";
const BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
const LOCAL = "/usr/local/share/ca-certificates";
const withoutDebian = Deno.build.os !== "linux" || !isScript(DEBIAN);

function isScript(path: string): boolean {
  try {
    return Deno.readTextFileSync(path).startsWith("#!");
  } catch {
    return false;
  }
}

/** Debian's own command, pointed at the test's root, with two roots, one of the user's, and a hook that notes what it hears. */
async function debian(test: TrustMachine, local: string | null = null): Promise<void> {
  const { root } = test;
  for (const folder of ["/etc/ssl/certs", "/etc/ca-certificates/update.d", "/usr/share/ca-certificates/test", LOCAL]) {
    await Deno.mkdir(root + folder, { recursive: true });
  }
  for (const name of ["a", "b"]) {
    const { pem } = await test.makeCertificate(`/CN=Root ${name}`);
    await Deno.writeTextFile(`${root}/usr/share/ca-certificates/test/${name}.crt`, pem);
  }
  if (local !== null) await Deno.writeTextFile(`${root}${LOCAL}/the-user.crt`, local);
  await Deno.writeTextFile(`${root}/etc/ca-certificates.conf`, "# roots\ntest/a.crt\ntest/b.crt");
  await writeScript(`${root}/etc/ca-certificates/update.d/note`, [`cat >> ${root}/hook.log`]);
  await writeScript(`${root}${DEBIAN}`, [
    `exec ${DEBIAN} --certsconf ${root}/etc/ca-certificates.conf --certsdir ${root}/usr/share/ca-certificates \\`,
    `  --localcertsdir ${root}${LOCAL} --etccertsdir ${root}/etc/ssl/certs --hooksdir ${root}/etc/ca-certificates/update.d \\`,
    `  "$@"`,
  ]);
  const made = await test.machine.run(`${root}${DEBIAN}`, []);
  equal(made.code, 0, made.stderr);
  await Deno.remove(`${root}/hook.log`);
}

async function heardByHook({ root }: TrustMachine): Promise<string> {
  const text = await Deno.readTextFile(`${root}/hook.log`);
  await Deno.remove(`${root}/hook.log`);
  return text.replaceAll(root, "");
}

Deno.test({
  name: "systemAnchors puts the certificate into Debian's bundle and takes every trace of it out again",
  ignore: withoutDebian,
  async fn() {
    await using test = await trustMachine();
    await debian(test);
    const place = systemAnchors(test.machine, test.options);
    const before = await snapshot(test.root);
    equal((await place.check()).state, "absent");

    for (let again = 0; again < 2; again++) equal((await place.apply()).state, "present");
    equal(await fileHolds(test.root + BUNDLE, test.own), true);
    equal(await heardByHook(test), "+/etc/ssl/certs/halton-meter.pem\n");

    for (let again = 0; again < 2; again++) equal((await place.remove()).state, "absent");
    equal(await heardByHook(test), "-/etc/ssl/certs/halton-meter.pem\n");
    deepEqual(await snapshot(test.root), before);
  },
});

Deno.test({
  name: "systemAnchors leaves another certificate of the same subject and its links as they were",
  ignore: withoutDebian,
  async fn() {
    await using test = await trustMachine();
    const other = await test.makeCertificate();
    await debian(test, other.pem);
    const place = systemAnchors(test.machine, test.options);
    const before = await snapshot(test.root);
    equal((await place.check()).state, "absent");
    await place.apply();
    await place.remove();
    await Deno.remove(`${test.root}/hook.log`);
    equal(await fileHolds(test.root + BUNDLE, other), true);
    deepEqual(await snapshot(test.root), before);
  },
});

Deno.test({
  name: "systemAnchors removes the links itself where the command does not",
  ignore: withoutDebian,
  async fn() {
    await using test = await trustMachine();
    await debian(test, (await test.makeCertificate()).pem);
    const tool = test.root + DEBIAN;
    await Deno.rename(tool, `${tool}.real`);
    await writeScript(tool, [`exec "$0.real" "$@"`]); // Without a word of how a configuration is given.
    const before = await snapshot(test.root);
    const place = systemAnchors(test.machine, test.options);
    equal((await place.apply()).state, "present");
    equal((await place.remove()).state, "absent");
    await Deno.remove(`${test.root}/hook.log`);
    deepEqual(await snapshot(test.root), before);
  },
});

Deno.test({
  name: "systemAnchors replaces an earlier certificate, and repairs what an interruption left",
  ignore: withoutDebian,
  async fn() {
    await using test = await trustMachine();
    await debian(test);
    const place = systemAnchors(test.machine, test.options);
    const before = await snapshot(test.root);
    const anchor = `${test.root}${LOCAL}/halton-meter.crt`;
    await place.apply();

    const { own: earlier } = test;
    const renewed = await test.renew();
    equal((await place.check()).state, "differs");
    equal((await place.apply()).state, "present");
    equal(await fileHolds(test.root + BUNDLE, renewed), true);
    equal(await fileHolds(test.root + BUNDLE, earlier), false);

    await Deno.remove(anchor); // Interrupted between the file and the bundle, on the way out.
    equal((await place.check()).state, "differs");
    equal((await place.remove()).state, "absent");
    await Deno.remove(`${test.root}/hook.log`);
    deepEqual(await snapshot(test.root), before);

    await Deno.writeTextFile(anchor, renewed.pem); // And on the way in.
    equal((await place.check()).state, "differs");
    equal((await place.apply()).state, "present");
    await Deno.remove(test.options.certificateFile); // The CA is gone; what it left is not.
    equal((await place.check()).state, "differs");
    equal((await place.remove()).state, "absent");
    await Deno.remove(`${test.root}/hook.log`);
    deepEqual(await snapshot(test.root), before);
  },
});

Deno.test({
  name: "systemAnchors leaves the meter's certificate alone where the user put it in",
  ignore: withoutDebian,
  async fn() {
    await using test = await trustMachine();
    await debian(test, test.own.pem);
    const before = await snapshot(test.root);
    const place = systemAnchors(test.machine, test.options);
    for (const state of [await place.check(), await place.apply(), await place.remove()]) {
      equal(state.state, "unavailable");
      match(state.detail, /somebody else has put it in/);
    }
    deepEqual(await snapshot(test.root), before);
  },
});

Deno.test("systemAnchors keeps what a failed command said and leaves nothing behind", async () => {
  await using test = await trustMachine();
  await Deno.mkdir(test.root + LOCAL, { recursive: true });
  await writeScript(test.root + DEBIAN, ["echo out; echo 'no space left' >&2; exit 3"]);
  const before = await snapshot(test.root);
  const place = systemAnchors(test.machine, test.options);
  await rejects(place.apply(), /ended with code 3\n {4}no space left\n {4}out/);
  deepEqual(await snapshot(test.root), before);
});

Deno.test("systemAnchors does not take a command's word for it", async () => {
  await using test = await trustMachine();
  await writeScript(test.root + DEBIAN, ["exit 0"]);
  const place = systemAnchors(test.machine, test.options);
  await rejects(place.apply(), /update-ca-certificates did not put it into the bundle/);
  // The folder was made for it, and it alone.
  await rejects(Deno.stat(test.root + LOCAL), Deno.errors.NotFound);
});

Deno.test("systemAnchors tells an ordinary user what to type, and asks for nothing", async () => {
  await using test = await trustMachine({ uid: 1000, run: () => Promise.reject(new Error("ran a command")) });
  await writeScript(test.root + DEBIAN, ["exit 0"]);
  const place = systemAnchors(test.machine, test.options);
  for (const state of [await place.check(), await place.apply()]) {
    equal(state.state, "unavailable");
    const file = test.options.certificateFile.replaceAll("'", `'\\''`);
    equal(state.hint, `Type: sudo install -D -m 644 '${file}' ${LOCAL}/halton-meter.crt && sudo ${DEBIAN}`);
  }
  equal((await place.remove()).state, "unavailable");
  await Deno.mkdir(test.root + LOCAL, { recursive: true });
  await Deno.writeTextFile(`${test.root}${LOCAL}/halton-meter.crt`, test.own.pem);
  await rejects(place.remove(), {
    message: "Cannot remove the certificate from the roots of this system: this is not root",
    hint: `Type: sudo rm -f ${LOCAL}/halton-meter.crt && sudo ${DEBIAN} --fresh`,
  });
});

Deno.test({
  name: "systemAnchors tells an ordinary user a command that takes every trace out",
  ignore: withoutDebian,
  async fn() {
    await using test = await trustMachine();
    await debian(test, (await test.makeCertificate()).pem);
    const before = await snapshot(test.root);
    await systemAnchors(test.machine, test.options).apply();
    await heardByHook(test);

    const user = systemAnchors({ ...test.machine, uid: 1000 }, test.options);
    const { hint = "" } = await user.remove().then(() => new MeterError("failed", "it did"), (error) => error);
    const typed = hint.replace(/^Type: /, "").replaceAll(/\bsudo /g, "")
      .replaceAll(/(?=\/(etc|usr\/sbin|usr\/local)\/)/g, test.root);
    const { code, stderr } = await test.machine.run("sh", ["-c", typed], { env: { TMPDIR: test.home } });
    equal(code, 0, stderr);
    equal(await heardByHook(test), "-/etc/ssl/certs/halton-meter.pem\n");
    equal((await user.check()).state, "unavailable");
    equal((await user.remove()).state, "unavailable");
    deepEqual(await snapshot(test.root), before);
    deepEqual([...Deno.readDirSync(test.home)].map(({ name }) => name).toSorted(), [".mitmproxy"]);
  },
});

Deno.test({
  name: "systemAnchors waits for a command that a killed program left behind",
  ignore: withoutDebian,
  async fn() {
    await using test = await trustMachine();
    await debian(test);
    const tool = test.root + DEBIAN;
    await Deno.rename(tool, `${tool}.real`);
    await writeScript(tool, [
      `mkdir ${test.root}/runs || echo "two at once" >> ${test.root}/overlap`,
      `"$0.real" "$@"`,
      `rmdir ${test.root}/runs`,
    ]);
    const [one, other] = [systemAnchors(test.machine, test.options), systemAnchors(test.machine, test.options)];
    await Promise.all([one.apply(), other.apply(), one.apply(), other.apply()]);
    await rejects(Deno.stat(`${test.root}/overlap`), Deno.errors.NotFound);
    equal((await one.check()).state, "present");
  },
});

Deno.test("systemAnchors makes the folder of anchors for everybody to read, whatever the umask", async () => {
  await using test = await trustMachine();
  await Deno.mkdir(`${test.root}/etc/ssl/certs`, { recursive: true });
  await writeScript(test.root + DEBIAN, [`cat ${test.root}${LOCAL}/*.crt > ${test.root}${BUNDLE}`]);
  const umask = Deno.umask(0o077);
  try {
    equal((await systemAnchors(test.machine, test.options).apply()).state, "present");
  } finally {
    Deno.umask(umask);
  }
  equal(((await Deno.stat(test.root + LOCAL)).mode ?? 0) & 0o777, 0o755);
  equal(((await Deno.stat(`${test.root}${LOCAL}/halton-meter.crt`)).mode ?? 0) & 0o777, 0o644);
});

Deno.test("systemAnchors removes what a killed write left in the folder of anchors, as root", async () => {
  await using test = await trustMachine();
  await writeScript(test.root + DEBIAN, ["exit 0"]);
  await Deno.mkdir(test.root + LOCAL, { recursive: true });
  const before = await snapshot(test.root);
  const left = `${test.root}${LOCAL}/halton-meter.crt.${crypto.randomUUID()}.tmp`;
  await Deno.writeTextFile(left, "");
  await systemAnchors({ ...test.machine, uid: 1000 }, test.options).remove();
  equal((await Deno.stat(left)).isFile, true);
  await systemAnchors(test.machine, test.options).remove();
  deepEqual(await snapshot(test.root), before);
});

const FOLDERS = [
  [
    "Fedora",
    "/usr/bin/update-ca-trust",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  ],
  [
    "Arch",
    "/usr/bin/update-ca-trust",
    "/etc/ca-certificates/trust-source/anchors",
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
  ],
  ["openSUSE", "/usr/sbin/update-ca-certificates", "/etc/pki/trust/anchors", "/var/lib/ca-certificates/ca-bundle.pem"],
] as const;

for (const [system, tool, folder, bundle] of FOLDERS) {
  Deno.test(`systemAnchors knows the folders of ${system}`, async () => {
    await using test = await trustMachine();
    const { root } = test;
    await Deno.mkdir(root + folder, { recursive: true });
    await Deno.mkdir(root + bundle.slice(0, bundle.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(`${root}${folder}/the-user.crt`, (await test.makeCertificate("/CN=user")).pem);
    const script = [`test $# -eq 0 || exit 2`, `cat ${root}${folder}/*.crt > ${root}${bundle}`];
    await writeScript(root + tool, script);
    await test.machine.run(root + tool, []);
    const before = await snapshot(root);
    const place = systemAnchors(test.machine, test.options);
    equal((await place.check()).state, "absent");
    equal((await place.apply()).state, "present");
    equal(await fileHolds(root + bundle, test.own), true);
    equal((await place.remove()).state, "absent");
    deepEqual(await snapshot(root), before);
  });
}

Deno.test("systemAnchors is not available where the system has none of the commands", async () => {
  await using test = await trustMachine();
  const place = systemAnchors(test.machine, test.options);
  for (const state of [await place.check(), await place.apply(), await place.remove()]) {
    equal(state.state, "unavailable");
  }
});
