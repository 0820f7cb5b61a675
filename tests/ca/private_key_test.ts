import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { readSigningKey, type SigningAlgorithm } from "../../src/ca/private_key.ts";
import { run, withFolder } from "./tools.ts";

const RSA: SigningAlgorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const P256: SigningAlgorithm = { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" };
const P384: SigningAlgorithm = { name: "ECDSA", hash: "SHA-384", namedCurve: "P-384" };

/** What to hand to `openssl genpkey`, and what the key must be recognised as. */
const KINDS: [string[], SigningAlgorithm][] = [
  [["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], RSA],
  [["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], P256],
  [["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], P384],
];

async function openssl(...args: string[]): Promise<void> {
  const { ok, text } = await run("openssl", args);
  if (!ok) throw new Error(`openssl ${args[0]} failed: ${text}`);
}

Deno.test("readSigningKey() reads RSA, P-256 and P-384 in PKCS#8 and in their older forms", async () => {
  await withFolder(async (folder) => {
    const [modern, older] = [`${folder}/modern.pem`, `${folder}/older.pem`];
    for (const [kind, algorithm] of KINDS) {
      await openssl("genpkey", ...kind, "-out", modern);
      await openssl("pkey", "-in", modern, "-traditional", "-out", older);
      for (const file of [modern, older]) {
        const { key, algorithm: found } = await readSigningKey(await Deno.readTextFile(file));
        deepEqual(found, algorithm);
        equal(key.extractable, false);
        equal((await crypto.subtle.sign(found, key, new Uint8Array(4))).byteLength > 0, true);
      }
      equal(/BEGIN (RSA|EC) PRIVATE KEY/.test(await Deno.readTextFile(older)), true, "the older form was tried");
    }
  });
});

Deno.test("readSigningKey() skips the parameter block that openssl writes before an EC key", async () => {
  await withFolder(async (folder) => {
    await openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", `${folder}/key.pem`);
    const pem = await Deno.readTextFile(`${folder}/key.pem`);
    equal(pem.startsWith("-----BEGIN EC PARAMETERS-----"), true);
    deepEqual((await readSigningKey(pem)).algorithm, P256);
  });
});

Deno.test("readSigningKey() refuses an encrypted key in either form, and says so", async () => {
  await withFolder(async (folder) => {
    const [plain, modern, older] = [`${folder}/plain.pem`, `${folder}/modern.pem`, `${folder}/older.pem`];
    await openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", plain);
    await openssl("pkcs8", "-topk8", "-in", plain, "-passout", "pass:test", "-out", modern);
    await openssl("ec", "-in", plain, "-aes128", "-passout", "pass:test", "-out", older);
    for (const file of [modern, older]) {
      const refused = { code: "ca_unusable", message: "Cannot use the CA: its private key is encrypted" };
      await rejects(readSigningKey(await Deno.readTextFile(file)), refused);
    }
  });
});

Deno.test("readSigningKey() refuses other kinds of key", async () => {
  await withFolder(async (folder) => {
    await openssl("genpkey", "-algorithm", "ed25519", "-out", `${folder}/key.pem`);
    const message = "Cannot use the CA: its private key is neither RSA nor on curve P-256 or P-384";
    await rejects(readSigningKey(await Deno.readTextFile(`${folder}/key.pem`)), { code: "ca_unusable", message });
  });
});

Deno.test("readSigningKey() refuses text without a readable key, and quotes nothing of it", async () => {
  const message = "Cannot use the CA: there is no private key beside the certificate";
  await rejects(readSigningKey(""), { code: "ca_unusable", message });
  const broken = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----";
  const unreadable = { code: "ca_unusable", message: "Cannot use the CA: its private key cannot be read" };
  await rejects(readSigningKey(broken), { ...unreadable, cause: undefined });
});
