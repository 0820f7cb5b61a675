import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createAuthority } from "../../src/ca/authority.ts";
import { MeterError } from "../../src/domain/errors.ts";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";
import { issueLeaves, renewalDue } from "../../src/roles/leaves.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1, 12);

async function caPem(): Promise<string> {
  const { certPem, keyPem } = await createAuthority({ hosts: INTERCEPTED_HOSTS, now: NOW });
  return keyPem + certPem;
}

Deno.test("issueLeaves makes one leaf per intercepted host, valid for that host alone and for 7 days at most", async () => {
  const { leaves, notAfter, constrained } = await issueLeaves(await caPem(), NOW);
  deepEqual(Object.keys(leaves), [...INTERCEPTED_HOSTS]);
  equal(constrained, true);
  const serials = new Set<string>();
  for (const host of INTERCEPTED_HOSTS) {
    const certificate = new X509Certificate(leaves[host].certPem);
    equal(certificate.subjectAltName, `DNS:${host}`);
    equal(certificate.ca, false);
    const end = Date.parse(certificate.validTo);
    ok(end - NOW <= 7 * DAY_MS && end - NOW > 6 * DAY_MS, certificate.validTo);
    ok(Math.abs(end - notAfter) < 1000);
    serials.add(certificate.serialNumber);
    equal(leaves[host].certPem.split("BEGIN CERTIFICATE").length, 3, "the chain has the leaf and its root");
  }
  equal(serials.size, INTERCEPTED_HOSTS.length);
});

Deno.test("issueLeaves gives every leaf a key of its own, never the CA's", async () => {
  const pem = await caPem();
  const { leaves } = await issueLeaves(pem, NOW);
  const keys = INTERCEPTED_HOSTS.map((host) => leaves[host].keyPem);
  equal(new Set(keys).size, keys.length);
  for (const key of keys) ok(!pem.includes(key.trim().split("\n")[1] ?? "?"));
});

Deno.test("issueLeaves refuses a CA that it cannot read", async () => {
  await rejects(issueLeaves("no pem", NOW), (error) => error instanceof MeterError && error.code === "ca_unusable");
});

Deno.test("renewalDue says so with less than 4 days left, also after a long sleep", () => {
  const issued = { notAfter: NOW, constrained: true } as Awaited<ReturnType<typeof issueLeaves>>;
  equal(renewalDue(issued, NOW - 4 * DAY_MS - 1), false);
  equal(renewalDue(issued, NOW - 4 * DAY_MS), false);
  equal(renewalDue(issued, NOW - 4 * DAY_MS + 1), true);
  equal(renewalDue(issued, NOW + 30 * DAY_MS), true);
});
