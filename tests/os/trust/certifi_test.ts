import { deepStrictEqual as deepEqual, match, ok, rejects, strictEqual as equal } from "node:assert/strict";
import { MeterError } from "../../../src/domain/errors.ts";
import { runForOutput } from "../../../src/os/run.ts";
import { certifiTrust, requireTrustOf } from "../../../src/os/trust/certifi.ts";
import { notedBundles } from "../../../src/os/trust/certifi_record.ts";
import { certificatesIn, fileHolds } from "../../../src/os/trust/fingerprint.ts";
import { snapshot, type TrustMachine, trustMachine } from "./trust_machine.ts";
import { installCertifi, virtualEnvironment } from "./virtual_environment.ts";

/** A machine with one interpreter, whose certifi has one root. */
async function withPython(bundle?: string): Promise<TrustMachine & { python: string; bundle: string; roots: string }> {
  const test = await trustMachine();
  const python = await virtualEnvironment(`${test.home}/venv`);
  const roots = bundle ?? (await test.makeCertificate("/CN=Root")).pem;
  const path = await installCertifi(python, roots);
  return { ...test, options: { ...test.options, pythons: [python] }, python, bundle: path, roots };
}

Deno.test("certifiTrust makes an interpreter trust the certificate, and gives it its bundle back byte for byte", async () => {
  await using test = await withPython();
  await Deno.chmod(test.bundle, 0o604);
  const before = await snapshot(`${test.home}/venv`);
  const place = certifiTrust(test.machine, test.options);
  equal((await place.check()).state, "absent");
  equal((await place.apply()).state, "present");
  const { ino } = await Deno.stat(test.bundle);
  equal((await place.apply()).state, "present");
  equal((await Deno.stat(test.bundle)).ino, ino, "it was replaced without need");

  const load = [
    "import certifi, ssl",
    "certifi.contents()",
    "print(len(ssl.create_default_context(cafile=certifi.where()).get_ca_certs(True)))",
  ];
  const loaded = await runForOutput(test.python, ["-I", "-B", "-c", load.join("\n")]);
  equal(loaded.stdout.trim(), "2", loaded.stderr);
  equal(((await Deno.stat(test.bundle)).mode ?? 0) & 0o7777, 0o604);
  deepEqual(await notedBundles(test.machine.paths), [test.bundle]);

  for (let again = 0; again < 2; again++) equal((await place.remove()).state, "absent");
  deepEqual(await snapshot(`${test.home}/venv`), before);
  deepEqual(await notedBundles(test.machine.paths), []);
});

Deno.test("certifiTrust replaces an earlier certificate", async () => {
  await using test = await withPython("# a last line without an end");
  const place = certifiTrust(test.machine, test.options);
  await place.apply();
  const renewed = await test.renew();
  equal((await place.check()).state, "differs");
  equal((await place.apply()).state, "present");
  deepEqual(certificatesIn(await Deno.readTextFile(test.bundle)), [renewed]);
  await Deno.remove(test.options.certificateFile); // The CA is gone; what it left is not.
  equal((await place.check()).state, "differs");
  equal((await place.remove()).state, "absent");
  equal(await Deno.readTextFile(test.bundle), test.roots);
});

Deno.test("certifiTrust cleans an interpreter that is no longer found, and keeps it up to date until then", async () => {
  await using test = await withPython();
  await certifiTrust(test.machine, test.options).apply();
  const place = certifiTrust(test.machine, { ...test.options, pythons: [] });
  equal((await place.check()).state, "present");
  const renewed = await test.renew();
  equal((await place.check()).state, "differs");
  equal((await place.apply()).state, "present");
  equal(await fileHolds(test.bundle, renewed), true);
  equal((await place.remove()).state, "unavailable");
  equal(await Deno.readTextFile(test.bundle), test.roots);
  deepEqual(await notedBundles(test.machine.paths), []);
});

Deno.test("certifiTrust forgets bundles that were upgraded or deleted meanwhile", async () => {
  for (const change of [(path: string) => Deno.writeTextFile(path, "newer\n"), (path: string) => Deno.remove(path)]) {
    await using test = await withPython();
    await certifiTrust(test.machine, test.options).apply();
    await change(test.bundle);
    const after = await snapshot(`${test.home}/venv`);
    const place = certifiTrust(test.machine, { ...test.options, pythons: [] });
    equal((await place.check()).state, "unavailable");
    equal((await place.apply()).state, "unavailable");
    deepEqual(await notedBundles(test.machine.paths), []);
    await place.remove();
    deepEqual(await snapshot(`${test.home}/venv`), after);
  }
});

Deno.test("certifiTrust re-applies to an interpreter whose certifi was upgraded", async () => {
  await using test = await withPython();
  const place = certifiTrust(test.machine, test.options);
  await place.apply();
  await Deno.writeTextFile(test.bundle, "newer\n");
  equal((await place.check()).state, "absent");
  equal((await place.apply()).state, "present");
  await place.remove();
  equal(await Deno.readTextFile(test.bundle), "newer\n");
});

Deno.test("certifiTrust never changes a bundle that others share", async () => {
  await using test = await withPython();
  const shared = `${test.root}/ca-certificates.crt`;
  await Deno.writeTextFile(shared, test.roots);
  await Deno.remove(test.bundle);
  await Deno.symlink(shared, test.bundle); // As Debian's package has it.
  const before = [await snapshot(test.root), await snapshot(`${test.home}/venv`)];
  const place = certifiTrust(test.machine, test.options);
  for (const state of [await place.check(), await place.apply(), await place.remove()]) {
    equal(state.state, "unavailable");
    match(state.detail, /is a link to a bundle that others use too/);
  }
  deepEqual([await snapshot(test.root), await snapshot(`${test.home}/venv`)], before);
});

Deno.test("certifiTrust answers for a read-only bundle, and fills the others", async () => {
  await using test = await withPython();
  const python = await virtualEnvironment(`${test.home}/second`);
  const second = await installCertifi(python, test.roots);
  await Deno.chmod(test.bundle, 0o444);
  const place = certifiTrust(test.machine, { ...test.options, pythons: [test.python, python] });
  const state = await place.apply();
  equal(state.state, "present");
  match(state.detail, /^in 1 of 1 bundles; .*venv.*cacert\.pem is read-only$/);
  equal(await fileHolds(second, test.own), true);
  equal(await Deno.readTextFile(test.bundle), test.roots);
});

Deno.test("certifiTrust does not claim to have cleaned a bundle that has become read-only", async () => {
  await using test = await withPython();
  const place = certifiTrust(test.machine, test.options);
  await place.apply();
  await Deno.chmod(test.bundle, 0o444);
  equal((await place.check()).state, "present");
  await rejects(place.remove(), /Cannot remove the certificate from .*cacert\.pem: it is read-only/);
  deepEqual(await notedBundles(test.machine.paths), [test.bundle]);
  await Deno.chmod(test.bundle, 0o644);
  equal((await place.remove()).state, "absent");
});

Deno.test("certifiTrust answers where there is no certifi, and where there is no Python", async () => {
  await using test = await trustMachine();
  const python = await virtualEnvironment(`${test.home}/venv`);
  const place = certifiTrust(test.machine, { ...test.options, pythons: [python] });
  for (const state of [await place.check(), await place.apply(), await place.remove()]) {
    equal(state.state, "unavailable");
    match(state.detail, /venv\/bin\/python has no certifi$/);
  }
  const none = certifiTrust(test.machine, test.options);
  for (const state of [await none.check(), await none.apply(), await none.remove()]) {
    deepEqual(state, { state: "unavailable", detail: "no Python with a bundle of its own", hint: null });
  }
});

Deno.test("requireTrustOf names each interpreter that was named and does not trust the certificate", async () => {
  await using test = await withPython();
  const bare = await virtualEnvironment(`${test.home}/bare`);
  const readOnly = await virtualEnvironment(`${test.home}/read only`);
  await Deno.chmod(await installCertifi(readOnly, test.roots), 0o444);
  const named = [test.python, bare, "/no/such/python", readOnly];
  await certifiTrust(test.machine, { ...test.options, pythons: named }).apply();
  const { certificateFile } = test.options;
  await requireTrustOf(test.machine, [], certificateFile);
  await requireTrustOf(test.machine, [test.python], certificateFile);
  await rejects(requireTrustOf(test.machine, named, certificateFile), (error) => {
    ok(error instanceof MeterError);
    const [python, without, missing, shut] = named.map((name) => error.message.includes(`${JSON.stringify(name)} `));
    deepEqual([python, without, missing, shut], [false, true, true, true]);
    match(
      error.message,
      /has no certifi; "\/no\/such\/python" is not there; .*read only.* \(.*cacert\.pem\) is read-only$/,
    );
    match(error.hint ?? "", /^Install certifi there: .*bare\/bin\/python' -m pip install certifi$/);
    return true;
  });
});

Deno.test("certifiTrust finishes what was interrupted after the note or in the middle of the replacement", async () => {
  await using test = await withPython();
  const before = await snapshot(`${test.home}/venv`);
  const place = certifiTrust(test.machine, test.options);
  await place.apply();
  await Deno.writeTextFile(test.bundle, test.roots); // The note was written, the bundle was not.
  await Deno.writeTextFile(`${test.bundle}.halton-meter.tmp`, "half");
  equal((await place.remove()).state, "absent");
  deepEqual(await snapshot(`${test.home}/venv`), before);
  deepEqual(await notedBundles(test.machine.paths), []);
});

Deno.test("certifiTrust cuts nothing out of a bundle whose marks were changed by hand", async () => {
  await using test = await withPython();
  const place = certifiTrust(test.machine, test.options);
  await place.apply();
  const damaged = (await Deno.readTextFile(test.bundle)).replace("# halton-meter end\n", "");
  await Deno.writeTextFile(test.bundle, damaged);
  const state = await place.check();
  deepEqual([state.state, state.hint?.includes("--force-reinstall")], ["differs", true]);
  equal((await place.apply()).state, "differs");
  await rejects(place.remove(), /its marks were changed by hand/);
  equal(await Deno.readTextFile(test.bundle), damaged);
});
