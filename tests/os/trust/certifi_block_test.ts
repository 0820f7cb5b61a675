import { notStrictEqual as notEqual, strictEqual as equal } from "node:assert/strict";
import { blockState, withCertificate, withoutCertificate } from "../../../src/os/trust/certifi_block.ts";
import { certificatesIn } from "../../../src/os/trust/fingerprint.ts";
import { trustMachine } from "./trust_machine.ts";

Deno.test("withCertificate and withoutCertificate give back every text that they were given", async () => {
  await using test = await trustMachine();
  const other = await test.makeCertificate("/CN=Root");
  const texts = [
    "",
    "\n",
    "no line end",
    other.pem,
    other.pem.trimEnd(),
    "\r\nline\r\n",
    "# \u00c3\u00a9\n\n\n",
    "a\n\n",
  ];
  for (const text of texts) {
    const put = withCertificate(text, test.own);
    equal(withCertificate(put ?? "", test.own), put);
    equal(blockState(put ?? "", test.own), "present");
    equal(blockState(put ?? "", other), "differs");
    equal(certificatesIn(put ?? "").at(-1)?.sha256, test.own.sha256);
    const renewed = withCertificate(put ?? "", other);
    notEqual(renewed, put);
    for (const patched of [put, renewed]) equal(withoutCertificate(patched ?? ""), text);
    equal(withoutCertificate(text), text);
    equal(blockState(text, test.own), "absent");
  }
});

Deno.test("withoutCertificate keeps what was added around the block since", async () => {
  await using test = await trustMachine();
  const put = withCertificate("first, unended", test.own) ?? "";
  equal(withoutCertificate(`${put}after\n`), "first, unended\nafter\n");
  equal(withoutCertificate(`before\n${withCertificate("", test.own)}`), "before\n");
  const twice = `${withCertificate("a\n", test.own)}b\n${withCertificate("", test.own)}`;
  equal(blockState(twice, test.own), "differs");
  equal(withoutCertificate(twice), "a\nb\n");
});

Deno.test("blockState calls marks broken that do not come in pairs, and nothing is cut then", async () => {
  await using test = await trustMachine();
  const begin = "# halton-meter begin\n";
  const end = "# halton-meter end\n";
  for (const text of [begin, end, `${begin}x\n`, `x\n${end}`, `${end}${begin}`, `${begin}${begin}x\n${end}`]) {
    equal(blockState(text, test.own), "broken");
    equal(withCertificate(text, test.own), null);
    equal(withoutCertificate(text), null);
  }
});
