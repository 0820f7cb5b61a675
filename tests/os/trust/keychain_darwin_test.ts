import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { addedCertificates, noteAdded } from "../../../src/os/trust/added_certificates.ts";
import type { Certificate } from "../../../src/os/trust/fingerprint.ts";
import { systemKeychain } from "../../../src/os/trust/keychain_darwin.ts";
import type { Interaction } from "../../../src/os/trust/options.ts";
import { noSuchCommand, type Recorded, type RecordedRunner, recordedRunner } from "../recorded_runner.ts";
import { type TrustMachine, trustMachine } from "./trust_machine.ts";

const SECURITY = "/usr/bin/security";
const KEYCHAIN = "/Library/Keychains/System.keychain";

/** What `security find-certificate -a -Z` prints for one certificate. */
function entry({ sha256, sha1 }: Certificate, name = "mitmproxy"): string {
  return `SHA-256 hash: ${sha256}
SHA-1 hash: ${sha1}
keychain: "${KEYCHAIN}"
version: 256
class: 0x80001000
attributes:
    "alis"<blob>="${name}"
    "cenc"<uint32>=0x00000003
    "ctyp"<uint32>=0x00000001
    "hpky"<blob>=0x279A3553E6C84C5665039B6D8F2D32BD0F3EB5B5  "'\\2325S\\346\\310LVe\\003\\233m\\217-2\\275\\017>\\265\\265"
    "issu"<blob>=0x301431123010060355040313094D49544D50524F5859  "0\\0241\\0220\\020\\006\\003U\\004\\003\\023\\011MITMPROXY"
    "labl"<blob>="${name}"
    "skid"<blob>=0x279A3553E6C84C5665039B6D8F2D32BD0F3EB5B5  "'\\2325S\\346\\310LVe\\003\\233m\\217-2\\275\\017>\\265\\265"
    "snbr"<blob>=0x7D6020ABC62F167DF61765  "}\` \\253\\306/\\026}\\366\\027e"
    "subj"<blob>=0x301431123010060355040313094D49544D50524F5859  "0\\0241\\0220\\020\\006\\003U\\004\\003\\023\\011MITMPROXY"
`;
}

/** Calls and their answers. `file` is the certificate's path. */
const listing = (...listed: string[]): Recorded => ({
  run: [SECURITY, "find-certificate", "-a", "-Z", KEYCHAIN],
  gives: { stdout: listed.join("") },
});
const nothing: Recorded = {
  run: [SECURITY, "find-certificate", "-a", "-Z", KEYCHAIN],
  gives: {
    code: 44,
    stderr: "security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain.\n",
  },
};
const trusted = (file: string): Recorded => ({
  run: [SECURITY, "verify-cert", "-c", file, "-l", "-L", "-p", "basic"],
  gives: { stdout: "...certificate verification successful.\n" },
});
const untrusted = (file: string): Recorded => ({
  run: [SECURITY, "verify-cert", "-c", file, "-l", "-L", "-p", "basic"],
  gives: { code: 1, stderr: "Cert Verify Result: CSSMERR_TP_NOT_TRUSTED\n" },
});
const add = (file: string) => ["add-trusted-cert", "-d", "-r", "trustRoot", "-k", KEYCHAIN, file];
const withdraw = (file: string) => ["remove-trusted-cert", "-d", file];
const remove = ({ sha1 }: Certificate) => ["delete-certificate", "-Z", sha1, KEYCHAIN];
const asRoot = (args: string[], gives?: Recorded["gives"]): Recorded => ({
  run: [SECURITY, ...args],
  ...gives && { gives },
});
const sudoNow = (args: string[], gives?: Recorded["gives"]): Recorded => ({
  run: ["sudo", "-n", SECURITY, ...args],
  ...gives && { gives },
});

/** A Mac whose tools answer as the script says. */
async function mac(
  script: (file: string, test: TrustMachine) => Recorded[] | Promise<Recorded[]>,
  { uid = 0, interactive = "never" }: { uid?: number; interactive?: Interaction } = {},
) {
  let runner: RecordedRunner | null = null;
  const test = await trustMachine({
    platform: "darwin",
    uid,
    run: (...call) => runner === null ? Promise.reject(new Error("too early")) : runner.run(...call),
  }, { interactive });
  runner = recordedRunner(await script(test.options.certificateFile, test), { ordered: true });
  return { ...test, place: systemKeychain(test.machine, test.options), finish: runner.finish, calls: runner.calls };
}

Deno.test("systemKeychain adds the certificate, trusts it and looks afterwards", async () => {
  await using test = await mac((file, { own }) => [
    nothing, // check
    nothing, // apply: before
    asRoot(add(file)),
    listing(entry(own)),
    listing(entry(own)),
    trusted(file),
    listing(entry(own)), // again
    trusted(file),
  ]);
  deepEqual(await test.place.check(), { state: "absent", detail: "not there", hint: null });
  for (let again = 0; again < 2; again++) {
    deepEqual(await test.place.apply(), { state: "present", detail: "trusted for every account", hint: null });
  }
  deepEqual((await addedCertificates(test.machine.paths)).map(({ sha256 }) => sha256), [test.own.sha256]);
  test.finish();
});

Deno.test("systemKeychain withdraws the trust, deletes the certificate by its digest and looks afterwards", async () => {
  await using test = await mac((file, { own }) => [
    listing(entry(own)),
    trusted(file),
    asRoot(withdraw(file)),
    asRoot(remove(own)),
    nothing,
    nothing,
    nothing, // again
    nothing,
  ]);
  for (let again = 0; again < 2; again++) {
    deepEqual(await test.place.remove(), { state: "absent", detail: "not there", hint: null });
  }
  test.finish();
});

Deno.test("systemKeychain repairs a certificate that is there and not trusted", async () => {
  await using test = await mac((file, { own }) => [
    listing(entry(own)),
    untrusted(file),
    listing(entry(own)),
    untrusted(file),
    asRoot(add(file)),
    listing(entry(own)),
    listing(entry(own)),
    trusted(file),
  ]);
  deepEqual(await test.place.check(), { state: "differs", detail: "there and not trusted", hint: null });
  equal((await test.place.apply()).state, "present");
  test.finish();
});

Deno.test("systemKeychain does not take the exit code of security for success", async () => {
  await using test = await mac((file, { own }) => [
    nothing,
    asRoot(add(file)),
    listing(entry(own)),
    listing(entry(own)),
    untrusted(file),
    listing(entry(own)), // remove
    untrusted(file),
    asRoot(remove(own)),
    listing(entry(own)),
  ]);
  await rejects(test.place.apply(), /Cannot trust the certificate .*: afterwards there and not trusted/);
  await rejects(test.place.remove(), {
    message: "Cannot remove the certificate from the System keychain: it is still there",
    hint: `Type: sudo security delete-certificate -Z ${test.own.sha1} ${KEYCHAIN}`,
  });
  test.finish();
});

Deno.test("systemKeychain forgets what it noted when somebody else has taken it out", async () => {
  await using test = await mac(() => Promise.resolve([nothing, nothing]));
  await noteAdded(test.machine.paths, await test.makeCertificate());
  await noteAdded(test.machine.paths, test.own);
  equal((await test.place.remove()).state, "absent");
  deepEqual(await addedCertificates(test.machine.paths), []);
  test.finish();
});

Deno.test("systemKeychain leaves somebody else's CA of the same name alone, and says that it is there", async () => {
  await using test = await mac(async (file, { own, makeCertificate }) => {
    const other = entry(await makeCertificate());
    const office = entry(await makeCertificate("/CN=Office"), "Office");
    return [
      listing(office, other), // check
      listing(office, other), // apply
      asRoot(add(file)),
      listing(office, other, entry(own)),
      listing(office, other, entry(own)),
      trusted(file),
      listing(office, other, entry(own)), // remove
      trusted(file),
      asRoot(withdraw(file)),
      asRoot(remove(own)),
      listing(office, other),
      listing(office, other),
    ];
  });
  const note = "; another CA named mitmproxy is there and is left alone";
  deepEqual(await test.place.check(), { state: "absent", detail: `not there${note}`, hint: null });
  deepEqual(await test.place.apply(), { state: "present", detail: `trusted for every account${note}`, hint: null });
  deepEqual(await test.place.remove(), { state: "absent", detail: `not there${note}`, hint: null });
  test.finish();
});

Deno.test("systemKeychain puts a CA that was made anew in the place of the one before it", async () => {
  const script: Recorded[] = [];
  await using test = await mac(() => script);
  const file = test.options.certificateFile;
  const earlier = test.own;
  const noted = `${test.machine.paths.home}/trusted/${earlier.sha256}.pem`;
  const first = recordedRunner([
    nothing,
    asRoot(add(file)),
    listing(entry(earlier)),
    listing(entry(earlier)),
    trusted(file),
  ]);
  equal((await systemKeychain({ ...test.machine, run: first.run }, test.options).apply()).state, "present");
  first.finish();

  const own = await test.renew();
  const both = [entry(earlier), entry(own)];
  const second = recordedRunner([
    listing(entry(earlier)), // check
    listing(entry(earlier)), // apply
    asRoot(add(file)),
    listing(...both),
    trusted(noted),
    asRoot(withdraw(noted)),
    asRoot(remove(earlier)),
    listing(entry(own)),
    listing(entry(own)),
    trusted(file),
  ], { ordered: true });
  const place = systemKeychain({ ...test.machine, run: second.run }, test.options);
  deepEqual(await place.check(), {
    state: "differs",
    detail: "there is an earlier certificate of the meter",
    hint: null,
  });
  equal((await place.apply()).state, "present");
  second.finish();
});

Deno.test("systemKeychain takes out what it noted when the CA itself is gone", async () => {
  await using test = await mac(() => []);
  const { own, options: { certificateFile: file } } = test;
  const noted = `${test.machine.paths.home}/trusted/${own.sha256}.pem`;
  const script = [nothing, asRoot(add(file)), listing(entry(own)), listing(entry(own)), trusted(file)];
  await systemKeychain({ ...test.machine, run: recordedRunner(script).run }, test.options).apply();
  await Deno.remove(file);
  const { run, finish } = recordedRunner([
    listing(entry(own)),
    trusted(noted),
    asRoot(withdraw(noted)),
    asRoot(remove(own)),
    nothing,
    nothing,
  ], { ordered: true });
  const place = systemKeychain({ ...test.machine, run }, test.options);
  equal((await place.remove()).state, "absent");
  finish();
  await rejects(place.apply(), { code: "ca_unusable" });
});

Deno.test("systemKeychain goes through sudo without asking where nobody may be asked", async () => {
  await using test = await mac((file, { own }) => [
    nothing,
    sudoNow(add(file)),
    listing(entry(own)),
    listing(entry(own)),
    trusted(file),
    listing(entry(own)), // remove
    trusted(file),
    sudoNow(withdraw(file), {
      code: 1,
      stderr: "SecTrustSettingsRemoveTrustSettings: The specified item could not be found in the keychain.\n",
    }),
    sudoNow(remove(own)),
    nothing,
    nothing,
  ], { uid: 501 });
  equal((await test.place.apply()).state, "present");
  equal((await test.place.remove()).state, "absent"); // Trusted by the user's own settings, which stay.
  test.finish();
});

Deno.test("systemKeychain tells a keychain that cannot be read from an empty one", async () => {
  const locked: Recorded = {
    run: [SECURITY, "find-certificate", "-a", "-Z", KEYCHAIN],
    gives: { code: 36, stderr: "security: SecKeychainSearchCopyNext: User interaction is not allowed.\n" },
    times: 3,
  };
  await using test = await mac(() => [locked]);
  for (const state of [await test.place.check(), await test.place.apply()]) {
    equal(state.state, "unavailable");
    match(state.detail, /User interaction is not allowed/);
  }
  await rejects(test.place.remove(), /Cannot read the System keychain/);
  test.finish();
});

Deno.test("systemKeychain is not available where there is no security", async () => {
  const missing: Recorded = {
    run: [SECURITY, "find-certificate", "-a", "-Z", KEYCHAIN],
    gives: noSuchCommand(SECURITY),
    times: "always",
  };
  await using test = await mac(() => [missing]);
  for (const state of [await test.place.check(), await test.place.apply(), await test.place.remove()]) {
    deepEqual(state, { state: "unavailable", detail: "there is no security command", hint: null });
  }
});
