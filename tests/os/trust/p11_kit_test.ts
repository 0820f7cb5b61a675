import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { systemAnchors } from "../../../src/os/trust/anchors_linux.ts";
import { snapshot, type TrustMachine, trustMachine, writeScript } from "./trust_machine.ts";

/** A `trust` that keeps anchors as files and knows the calls that p11-kit's manual names. */
async function p11Kit({ root }: TrustMachine): Promise<string> {
  const anchors = `${root}/anchors`;
  await Deno.mkdir(anchors);
  await writeScript(`${root}/usr/bin/trust`, [
    `sum() { openssl x509 -in "$1" -noout -fingerprint -sha256 | tr -d ':' | cut -d= -f2; }`,
    `case "$*" in`,
    `"anchor --store "*) cp "$3" ${anchors}/$(sum "$3").pem;;`,
    `"anchor --remove "*) rm ${anchors}/$(sum "$3").pem;;`,
    `"extract --format=pem-bundle --filter=ca-anchors --purpose=server-auth "*)`,
    `  for file in ${anchors}/*.pem; do if [ -e "$file" ]; then cat "$file"; fi; done > "$5";;`,
    `*) echo "p11-kit: unknown: $*" >&2; exit 2;;`,
    `esac`,
  ]);
  return anchors;
}

Deno.test("p11Kit stores the certificate as an anchor and removes it and no other", async () => {
  await using test = await trustMachine();
  const anchors = await p11Kit(test);
  const other = await test.makeCertificate();
  await Deno.writeTextFile(`${anchors}/${other.sha256}.pem`, other.pem);
  const before = await snapshot(test.root);
  const place = systemAnchors(test.machine, test.options);
  equal((await place.check()).state, "absent");
  for (let again = 0; again < 2; again++) equal((await place.apply()).state, "present");
  deepEqual(
    (await Array.fromAsync(Deno.readDir(anchors), ({ name }) => name)).sort(),
    [`${test.own.sha256}.pem`, `${other.sha256}.pem`].sort(),
  );
  for (let again = 0; again < 2; again++) equal((await place.remove()).state, "absent");
  deepEqual(await snapshot(test.root), before);
});

Deno.test("p11Kit replaces an earlier certificate by the one that took its place", async () => {
  await using test = await trustMachine();
  const anchors = await p11Kit(test);
  const place = systemAnchors(test.machine, test.options);
  await place.apply();
  const renewed = await test.renew();
  equal((await place.check()).state, "differs");
  equal((await place.apply()).state, "present");
  deepEqual(await Array.fromAsync(Deno.readDir(anchors), ({ name }) => name), [`${renewed.sha256}.pem`]);
  await test.renew();
  equal((await place.remove()).state, "absent");
  deepEqual(await Array.fromAsync(Deno.readDir(anchors), ({ name }) => name), []);
  await rejects(Deno.stat(`${test.machine.paths.home}/trusted`), Deno.errors.NotFound);
});

Deno.test("p11Kit keeps what the command said", async () => {
  await using test = await trustMachine();
  await p11Kit(test);
  const tool = `${test.root}/usr/bin/trust`;
  const script = await Deno.readTextFile(tool);
  const refusal = "p11-kit: no configured writable location to store anchors";
  await Deno.writeTextFile(
    tool,
    script.replace('case "$*" in', `case "$*" in\n"anchor --store "*) echo "${refusal}" >&2; exit 1;;`),
  );
  const place = systemAnchors(test.machine, test.options);
  const error = await place.apply().then(() => null, (failure: Error) => failure);
  match(error?.message ?? "", /trust ended with code 1\n {4}p11-kit: no configured writable location/);
  equal((await place.check()).state, "absent");
});
