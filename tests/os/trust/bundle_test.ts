import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { bundleFile } from "../../../src/os/trust/bundle.ts";
import { certificatesIn, fileHolds } from "../../../src/os/trust/fingerprint.ts";
import { snapshot, type TrustMachine, trustMachine } from "./trust_machine.ts";

async function systemRoots({ root, makeCertificate }: TrustMachine): Promise<string> {
  const file = `${root}/etc/ssl/certs/ca-certificates.crt`;
  await Deno.mkdir(`${root}/etc/ssl/certs`, { recursive: true });
  await Deno.writeTextFile(file, (await makeCertificate("/CN=Root")).pem);
  return file;
}

Deno.test("bundleFile joins the system's roots and the certificate, and removes the file again", async () => {
  await using test = await trustMachine();
  const roots = await systemRoots(test);
  const before = await snapshot(test.root);
  const { caBundle, nodeExtraCa } = test.machine.paths;
  const place = bundleFile(test.machine, test.options);
  equal((await place.check()).state, "absent");
  await rejects(Deno.stat(test.machine.paths.home), Deno.errors.NotFound);
  for (let again = 0; again < 2; again++) equal((await place.apply()).state, "present");
  const [root] = certificatesIn(await Deno.readTextFile(roots));
  deepEqual(certificatesIn(await Deno.readTextFile(caBundle)), [root, test.own]);

  await Deno.writeTextFile(nodeExtraCa, "of another command");
  for (let again = 0; again < 2; again++) equal((await place.remove()).state, "absent");
  for (const path of [caBundle, nodeExtraCa]) await rejects(Deno.stat(path), Deno.errors.NotFound);
  deepEqual(await snapshot(test.root), before);
});

Deno.test("bundleFile notices new roots, a new certificate and a damaged file", async () => {
  await using test = await trustMachine();
  const roots = await systemRoots(test);
  const { caBundle } = test.machine.paths;
  const place = bundleFile(test.machine, test.options);
  await place.apply();
  const changes = [
    async () => await Deno.writeTextFile(roots, (await test.makeCertificate("/CN=New root")).pem),
    async () => void await test.renew(),
    async () => await Deno.writeTextFile(caBundle, (await Deno.readTextFile(caBundle)).slice(0, -100)),
  ];
  for (const change of changes) {
    await change();
    equal((await place.check()).state, "differs");
    equal((await place.apply()).state, "present");
  }
  await Deno.remove(test.options.certificateFile);
  equal((await place.check()).state, "differs");
  equal((await place.remove()).state, "absent");
});

Deno.test("bundleFile keeps what one shell had set when it is rebuilt from another", async () => {
  await using test = await trustMachine();
  const roots = await systemRoots(test);
  const office = await test.makeCertificate("/CN=Office");
  await Deno.writeTextFile(`${test.home}/office.pem`, office.pem);
  const { caBundle } = test.machine.paths;
  const env = { get: (name: string) => name === "SSL_CERT_FILE" ? `${test.home}/office.pem` : undefined };
  await bundleFile({ ...test.machine, env }, test.options).apply();
  equal(await fileHolds(caBundle, office), true);
  const place = bundleFile(test.machine, test.options);
  equal((await place.check()).state, "present");
  await Deno.writeTextFile(roots, (await test.makeCertificate("/CN=New root")).pem);
  await place.apply();
  equal(await fileHolds(caBundle, office), true);
});

Deno.test("bundleFile is not available where the system has no file of roots", async () => {
  await using test = await trustMachine();
  const place = bundleFile(test.machine, test.options);
  for (const state of [await place.check(), await place.apply(), await place.remove()]) {
    equal(state.state, "unavailable");
    equal(state.detail, "This system keeps no file of root certificates in a known place");
  }
});
