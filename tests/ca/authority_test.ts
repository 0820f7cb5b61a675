import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  ok,
  rejects,
  strictEqual as equal,
} from "node:assert/strict";
import { createAuthority, issueLeaf, readAuthority } from "../../src/ca/authority.ts";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";
import { freshAuthority, run, signAnything, withFolder } from "./tools.ts";

const NOW = Date.now();
const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const HOST = "api.anthropic.com";

/** A root made by openssl, as mitmproxy's own would be: no name constraints. Returns key and certificate as PEM. */
async function foreignRoot(
  folder: string,
  kind: string[],
  extensions: string[],
): Promise<{ key: string; cert: string }> {
  const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`];
  const subject = ["-subj", "/CN=mitmproxy/O=mitmproxy", "-days", "30"];
  const added = extensions.flatMap((extension) => ["-addext", extension]);
  for (
    const args of [["genpkey", ...kind, "-out", key], ["req", "-x509", "-key", key, "-out", cert, ...subject, ...added]]
  ) {
    const { ok: done, text } = await run("openssl", args);
    if (!done) throw new Error(text);
  }
  return { key: await Deno.readTextFile(key), cert: await Deno.readTextFile(cert) };
}

const P256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
const RSA = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const CA = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];

/** What openssl prints of the first certificate in `pem`. */
async function printed(pem: string): Promise<string> {
  let text = "";
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/cert.pem`, pem);
    text = (await run("openssl", ["x509", "-in", `${folder}/cert.pem`, "-noout", "-text"])).text;
  });
  return text;
}

/** Serial number as openssl prints it, in octets. */
function serialOf(text: string): number[] {
  const digits = /Serial Number:\s+((?:[0-9a-f]{2}:)+[0-9a-f]{2})/.exec(text)?.[1];
  ok(digits, "serial number is positive and longer than a machine word");
  return digits.split(":").map((octet) => parseInt(octet, 16));
}

function daysOf(text: string): { before: number; after: number } {
  const [before, after] = ["Not Before", "Not After "].map((field) => {
    const date = new RegExp(`${field}: (.+)`).exec(text)?.[1];
    ok(date, field);
    return Date.parse(date);
  });
  ok(before && after);
  return { before: (NOW - before) / DAY_MS, after: (after - NOW) / DAY_MS };
}

Deno.test("createAuthority() makes a root that openssl reads as limited to the hosts", async () => {
  const { certPem } = await createAuthority({ hosts: INTERCEPTED_HOSTS, now: NOW });
  const text = await printed(certPem);
  match(text, /Version: 3/);
  match(text, /Subject: CN ?= ?mitmproxy, O ?= ?mitmproxy/);
  match(text, /Signature Algorithm: ecdsa-with-SHA256/);
  match(text, /NIST CURVE: P-256/);
  match(text, /Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
  match(text, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
  match(text, /Subject Key Identifier: *\n\s+[0-9A-F:]{59}\n/);
  const constraints = /Name Constraints: critical\n\s+Permitted:\n([\s\S]*?)\s+Excluded:\n([\s\S]*?)\n {4}\S/.exec(
    text,
  );
  const lines = (block: string | undefined) => (block ?? "").split("\n").map((line) => line.trim());
  deepEqual(lines(constraints?.[1]), INTERCEPTED_HOSTS.map((host) => `DNS:${host}`));
  deepEqual(lines(constraints?.[2]), ["IP:0.0.0.0/0.0.0.0", "IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0"]);
  const { before, after } = daysOf(text);
  ok(Math.abs(before - 2) < 0.01 && Math.abs(after - 3652) < 0.01, `${before} ${after}`);
});

Deno.test("createAuthority() takes another common name and refuses an empty list of hosts", async () => {
  const { certPem } = await createAuthority({ hosts: [HOST], now: NOW, commonName: "other" });
  match(await printed(certPem), /Subject: CN ?= ?other, O ?= ?mitmproxy/);
  await rejects(createAuthority({ hosts: [], now: NOW }), RangeError);
});

Deno.test("createAuthority() makes a new key and a new positive serial each time", async () => {
  const [a, b] = [
    await createAuthority({ hosts: [HOST], now: NOW }),
    await createAuthority({ hosts: [HOST], now: NOW }),
  ];
  notEqual(a.keyPem, b.keyPem);
  const serials = [serialOf(await printed(a.certPem)), serialOf(await printed(b.certPem))];
  notEqual(String(serials[0]), String(serials[1]));
  for (const serial of serials) ok(serial.length <= 20 && (serial[0] ?? 0x80) < 0x80, String(serial));
});

Deno.test("issueLeaf() makes a short-lived server certificate for the one host", async () => {
  const authority = await freshAuthority(NOW);
  const leaf = await issueLeaf(authority, HOST, NOW);
  const [text, root] = [await printed(leaf.certPem), await printed(authority.certPem)];
  match(text, /Version: 3/);
  match(text, /Issuer: CN ?= ?mitmproxy, O ?= ?mitmproxy/);
  match(text, /Subject: CN ?= ?api\.anthropic\.com\n/);
  match(text, /NIST CURVE: P-256/);
  match(text, /Basic Constraints: critical\s+CA:FALSE\n/);
  match(text, /Key Usage: critical\s+Digital Signature\n/);
  match(text, /Extended Key Usage: *\n\s+TLS Web Server Authentication\n/);
  match(text, /Subject Alternative Name: *\n\s+DNS:api\.anthropic\.com\n/);
  const id = (of: string, kind: string) =>
    new RegExp(`${kind} Key Identifier: *\\n\\s+(?:keyid:)?([0-9A-F:]{59})`).exec(of)?.[1];
  ok(id(root, "Subject"));
  equal(id(text, "Authority"), id(root, "Subject"));
  ok(id(text, "Subject"));
  notEqual(id(text, "Subject"), id(root, "Subject"));
  const serial = serialOf(text);
  ok(serial.length <= 20 && (serial[0] ?? 0x80) < 0x80, String(serial));
  const { before, after } = daysOf(text);
  ok(Math.abs(before - 1) < 0.01 && Math.abs(after - 7) < 0.01, `${before} ${after}`);
  ok(Math.abs(leaf.notAfter - (NOW + 7 * DAY_MS)) <= SECOND_MS);
  equal(leaf.certPem.match(/BEGIN CERTIFICATE/g)?.length, 2);
  ok(leaf.certPem.endsWith(authority.certPem));
});

Deno.test("issueLeaf() refuses hosts that may not be decrypted, and lifetimes beyond a week", async () => {
  const authority = await freshAuthority(NOW);
  for (
    const host of ["example.com", "x.api.anthropic.com", "API.anthropic.com", "api.anthropic.com.", "", "127.0.0.1"]
  ) {
    await rejects(issueLeaf(authority, host, NOW), RangeError, host);
  }
  for (const days of [0, -1, 7.01, 365, NaN]) await rejects(issueLeaf(authority, HOST, NOW, days), RangeError);
});

Deno.test("issueLeaf() never outlives the root", async () => {
  const authority = await freshAuthority(NOW);
  const leaf = await issueLeaf(authority, HOST, authority.notAfter - DAY_MS);
  equal(leaf.notAfter, authority.notAfter);
});

Deno.test("issueLeaf() passes openssl's strict checks under roots of every supported kind", async () => {
  await withFolder(async (folder) => {
    for (const kind of [P256, P384, RSA]) {
      const { key, cert } = await foreignRoot(folder, kind, CA);
      const authority = await readAuthority(key + cert, { hosts: INTERCEPTED_HOSTS, now: Date.now() + SECOND_MS });
      await verifyStrictly(folder, authority.certPem, (await issueLeaf(authority, HOST, NOW)).certPem);
    }
    const own = await freshAuthority(NOW);
    await verifyStrictly(folder, own.certPem, (await issueLeaf(own, HOST, NOW)).certPem);
  });
});

async function verifyStrictly(folder: string, rootPem: string, leafPem: string): Promise<void> {
  const { ok: passed, text } = await verify(folder, rootPem, leafPem, ["-verify_hostname", HOST]);
  equal(passed, true, text);
}

async function verify(folder: string, rootPem: string, leafPem: string, more: string[] = []) {
  const [root, leaf] = [`${folder}/root.pem`, `${folder}/leaf.pem`];
  await Deno.writeTextFile(root, rootPem);
  await Deno.writeTextFile(leaf, leafPem);
  const trust = ["-no-CApath", "-no-CAstore", "-CAfile", root];
  return await run("openssl", ["verify", "-x509_strict", "-purpose", "sslserver", ...trust, ...more, leaf]);
}

Deno.test("A stolen key signs for nothing outside the list: openssl", async () => {
  await withFolder(async (folder) => {
    const authority = await freshAuthority(NOW);
    const permitted = await signAnything(authority, { type: "dns", value: "api.openai.com" }, NOW);
    equal((await verify(folder, authority.certPem, permitted.certPem)).ok, true, "the thief's leaf is otherwise sound");
    for (
      const value of ["example.com", "api.anthropic.com.example.com", "xapi.anthropic.com", "anthropic.com", "*.com"]
    ) {
      const { certPem } = await signAnything(authority, { type: "dns", value }, NOW);
      const { ok: passed, text } = await verify(folder, authority.certPem, certPem);
      equal(passed, false, value);
      match(text, /permitted subtree violation/, value);
    }
    for (const value of ["127.0.0.1", "2001:db8::1"]) {
      const { certPem } = await signAnything(authority, { type: "ip", value }, NOW);
      match((await verify(folder, authority.certPem, certPem)).text, /excluded subtree violation/, value);
    }
  });
});

Deno.test("readAuthority() reads key and certificate in either order and names hosts it may not sign for", async () => {
  const { certPem, keyPem } = await createAuthority({ hosts: [HOST, "api.x.ai"], now: NOW });
  for (const pem of [keyPem + certPem, certPem + keyPem, `note\r\n${keyPem.replaceAll("\n", "\r\n")}${certPem}`]) {
    const authority = await readAuthority(pem, { hosts: INTERCEPTED_HOSTS, now: NOW });
    equal(authority.constrained, true);
    deepEqual(authority.refusedHosts, INTERCEPTED_HOSTS.filter((host) => host !== HOST && host !== "api.x.ai"));
    equal(authority.certPem, certPem);
    await rejects(issueLeaf(authority, "api.openai.com", NOW), { code: "ca_unusable" });
    equal((await issueLeaf(authority, HOST, NOW)).notAfter > NOW, true);
  }
});

Deno.test("readAuthority() says when a root is not constrained", async () => {
  await withFolder(async (folder) => {
    const cases: [string[], boolean, boolean][] = [
      [[], false, false],
      [["nameConstraints=critical,permitted;DNS:anthropic.com"], true, true],
      [["nameConstraints=critical,permitted;email:example.com"], false, false],
      [["nameConstraints=critical,excluded;DNS:openai.com"], false, true],
    ];
    for (const [extensions, constrained, refuses] of cases) {
      const { key, cert } = await foreignRoot(folder, P256, [...CA, ...extensions]);
      const authority = await readAuthority(key + cert, { hosts: INTERCEPTED_HOSTS, now: Date.now() + SECOND_MS });
      equal(authority.constrained, constrained, String(extensions));
      equal(authority.refusedHosts.includes("api.openai.com"), refuses, String(extensions));
      equal(authority.refusedHosts.includes(HOST), false, String(extensions));
    }
  });
});

Deno.test("readAuthority() refuses what cannot serve as a CA, and says why", async () => {
  const own = await createAuthority({ hosts: [HOST], now: NOW });
  const other = await createAuthority({ hosts: [HOST], now: NOW });
  const authority = await readAuthority(own.keyPem + own.certPem, { hosts: [HOST], now: NOW });
  const leaf = await issueLeaf(authority, HOST, NOW);
  const broken = own.certPem.replace(/\n[^\n]+\n/, "\n");
  const cases: [string, number, RegExp][] = [
    [own.keyPem, NOW, /no certificate/],
    [own.certPem, NOW, /no private key/],
    [own.keyPem + broken, NOW, /certificate cannot be read/],
    [other.keyPem + own.certPem, NOW, /key does not belong/],
    [leaf.keyPem + leaf.certPem, NOW, /not one of a CA/],
    [own.keyPem + own.certPem, authority.notAfter + 1, /expired at 20/],
    [own.keyPem + own.certPem, NOW - 3 * DAY_MS, /not valid before 20/],
    ["", NOW, /no certificate/],
  ];
  for (const [pem, now, message] of cases) {
    await rejects(readAuthority(pem, { hosts: [HOST], now }), { name: "MeterError", code: "ca_unusable", message });
  }
});

Deno.test("readAuthority() refuses a key of another kind than the certificate's", async () => {
  await withFolder(async (folder) => {
    const rsa = await foreignRoot(folder, RSA, CA);
    const ec = await foreignRoot(folder, P384, CA);
    for (const pem of [rsa.key + ec.cert, ec.key + rsa.cert]) {
      const message = /key does not belong/;
      await rejects(readAuthority(pem, { hosts: [HOST], now: Date.now() + SECOND_MS }), {
        code: "ca_unusable",
        message,
      });
    }
  });
});
