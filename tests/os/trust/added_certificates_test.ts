import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { addedCertificates, forgetAdded, noteAdded } from "../../../src/os/trust/added_certificates.ts";
import { trustMachine } from "./trust_machine.ts";

Deno.test("addedCertificates gives what was noted until it is forgotten, and leaves nothing behind", async () => {
  await using test = await trustMachine();
  const { machine: { paths }, own } = test;
  const other = await test.makeCertificate();
  deepEqual(await addedCertificates(paths), []);
  for (const certificate of [own, other, own]) await noteAdded(paths, certificate);
  const noted = await addedCertificates(paths);
  deepEqual(noted.map(({ sha256 }) => sha256), [own.sha256, other.sha256].sort());
  equal(await Deno.readTextFile(noted[0]?.file ?? "").then((text) => [own.pem, other.pem].includes(text)), true);
  await forgetAdded(paths, own);
  deepEqual((await addedCertificates(paths)).map(({ sha256 }) => sha256), [other.sha256]);
  for (let again = 0; again < 2; again++) await forgetAdded(paths, other);
  await rejects(Deno.stat(`${paths.home}/trusted`), Deno.errors.NotFound);
});

Deno.test("addedCertificates passes over files that it did not write", async () => {
  await using test = await trustMachine();
  const { machine: { paths }, own } = test;
  await noteAdded(paths, own);
  await Deno.writeTextFile(`${paths.home}/trusted/${"0".repeat(64)}.pem`, own.pem);
  await Deno.writeTextFile(`${paths.home}/trusted/note.txt`, "mine");
  deepEqual((await addedCertificates(paths)).map(({ sha256 }) => sha256), [own.sha256]);
});
