import { match, notStrictEqual as notEqual, strictEqual as equal } from "node:assert/strict";
import { checkPassphrase, hashPassphrase } from "../../src/team/passphrase.ts";

Deno.test("checkPassphrase() knows the passphrase that a hash was made of, however its letters are composed", async () => {
  const stored = await hashPassphrase("caf\u00e9 au lait please");
  match(stored, /^scrypt\$15\$8\$[\w-]{22}\$[\w-]{43}$/);
  equal(await checkPassphrase("cafe\u0301 au lait please", stored), true);
  equal(await checkPassphrase("caf\u00e9 au lait pleas", stored), false);
});

Deno.test("hashPassphrase() salts", async () => {
  notEqual(await hashPassphrase("one and the same"), await hashPassphrase("one and the same"));
});

Deno.test("checkPassphrase() is false for a member that there is not, and for a hash that cannot be read", async () => {
  equal(await checkPassphrase("anything at all", null), false);
  equal(await checkPassphrase("anything at all", "plain"), false);
});

Deno.test("hashPassphrase() serves more callers than it hashes at once", async () => {
  const hashes = await Promise.all(Array.from({ length: 5 }, (_, i) => hashPassphrase(`passphrase number ${i}`)));
  equal(await checkPassphrase("passphrase number 4", hashes[4] ?? null), true);
});
