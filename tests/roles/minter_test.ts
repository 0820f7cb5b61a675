import { rejects, strictEqual as equal } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";
import { mintAuthority, mintLeaves } from "../../src/roles/minter.ts";

Deno.test("mintLeaves issues a leaf per host under the root that mintAuthority made", async () => {
  const now = Date.now();
  const root = await mintAuthority(now);
  const issued = await mintLeaves(root.certPem + root.keyPem, now);
  equal(issued.constrained, true);
  const authority = new X509Certificate(root.certPem);
  for (const host of INTERCEPTED_HOSTS) {
    const leaf = new X509Certificate(issued.leaves[host].certPem);
    equal(leaf.checkHost(host), host);
    equal(leaf.verify(authority.publicKey), true);
  }
});

Deno.test("mintLeaves passes on what is wrong with a root, and nothing of it", async () => {
  await rejects(mintLeaves("-----BEGIN CERTIFICATE-----\nsecret\n-----END CERTIFICATE-----", Date.now()), (error) => {
    equal((error as { code?: string }).code, "ca_unusable");
    equal(String(error).includes("secret"), false);
    return true;
  });
});
