import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { runForOutput } from "../../../src/os/run.ts";
import {
  certificateAt,
  certificatesIn,
  fileHolds,
  NO_CERTIFICATE,
  requiredCertificate,
} from "../../../src/os/trust/fingerprint.ts";
import { trustMachine } from "./trust_machine.ts";

Deno.test("certificatesIn gives the digests that openssl gives", async () => {
  await using test = await trustMachine();
  for (const [algorithm, ours] of [["sha256", test.own.sha256], ["sha1", test.own.sha1]] as const) {
    const args = ["x509", "-in", test.options.certificateFile, "-noout", "-fingerprint", `-${algorithm}`];
    const { stdout } = await runForOutput("openssl", args);
    equal(stdout.trim().split("=")[1]?.replaceAll(":", ""), ours);
  }
});

Deno.test("certificatesIn finds every certificate, whatever its line ends, and nothing else", async () => {
  await using test = await trustMachine();
  const other = await test.makeCertificate("/CN=other");
  const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  const text = `# first\n${test.own.pem.replaceAll("\n", "\r\n")}${key}# second\n${other.pem}`;
  deepEqual(certificatesIn(text), [test.own, other]);
  deepEqual(certificatesIn(key), []);
});

Deno.test("fileHolds tells by contents, and false for what is not there", async () => {
  await using test = await trustMachine();
  const other = await test.makeCertificate();
  equal(await fileHolds(test.options.certificateFile, test.own), true);
  equal(await fileHolds(test.options.certificateFile, other), false);
  equal(await fileHolds(`${test.home}/none`, test.own), false);
});

Deno.test("requiredCertificate fails where there is none, and certificateAt equals nothing there", async () => {
  await using test = await trustMachine();
  deepEqual(await requiredCertificate(test.options.certificateFile), test.own);
  await rejects(requiredCertificate(`${test.home}/none`), { code: "ca_unusable" });
  equal(await certificateAt(`${test.home}/none`), NO_CERTIFICATE);
  equal(await fileHolds(test.options.certificateFile, NO_CERTIFICATE), false);
});
