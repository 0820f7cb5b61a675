/**
 * What SECURITY.md promises, and whether the program keeps it: D1 to D6.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createAuthority, issueLeaf } from "../../src/ca/authority.ts";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";
import { mintAuthority, mintLeaves } from "../../src/roles/minter.ts";
import { freshAuthority, run, withFolder } from "../ca/tools.ts";
import { PROJECT_FOLDER } from "../e2e/support/program.ts";
import { say, withSession } from "./session.ts";

const SECURITY = await Deno.readTextFile(`${PROJECT_FOLDER}SECURITY.md`);
/** Without line breaks and marks of emphasis, so that a sentence is found however it is set. */
const PLAIN = SECURITY.replaceAll(/[*`]/g, "").replaceAll(/\s+/g, " ");

const PROVIDERS = [
  "api.anthropic.com",
  "api.openai.com",
  "api.x.ai",
  "chatgpt.com",
  "cloudcode-pa.googleapis.com",
  "generativelanguage.googleapis.com",
];

/** The text below a heading, up to the next one of its level. */
function section(heading: string): string {
  const [, text = ""] = new RegExp(`^#+ ${heading}\n([^]*?)(?=^#{1,3} |$(?![^]))`, "m").exec(SECURITY) ?? [];
  ok(text.trim() !== "", `SECURITY.md has no section ${heading}`);
  return text.replaceAll(/\s+/g, " ");
}

Deno.test("D1 SECURITY.md says where to report, what a report holds, and what we do by when", () => {
  match(PLAIN, /Write to operator@haltonlabs\.com\. Please do not open a public issue\./);
  for (
    const part of [
      "version",
      "system",
      "step by step",
      "what happened",
      "expected",
      "attacker gains",
      "proof of concept",
    ]
  ) {
    ok(section("Reporting a vulnerability").includes(part), part);
  }
  match(PLAIN, /acknowledge within 2 business days/);
  match(PLAIN, /assessment within 7 days/);
  match(PLAIN, /fix or mitigate problems of high severity within 30 days/);
  match(PLAIN, /credit you, unless you would rather not be named/);
});

Deno.test("D2 SECURITY.md says what is in scope and what is not", () => {
  const scope = section("In scope");
  match(scope, /interception, certificates, storage, the local API/);
  match(scope, /Leaks of keys, prompts or responses/);
  match(scope, /Privilege escalation through the step that trusts the certificate or through the service files/);
  const out = section("Out of scope");
  match(out, /dependencies/);
  match(out, /local access .* beyond the proxy/);
  match(out, /Denial of service against the daemon/);
});

Deno.test("D3 SECURITY.md gives the hardening guidance, and the command that it names tells what was captured", async () => {
  const guidance = section("Hardening");
  match(guidance, /Rotate keys before you share a machine/);
  match(guidance, /Treat `~\/\.halton-meter\/` as sensitive/);
  match(guidance, /not encrypted at rest/);
  match(guidance, /halton-meter bodies stats/);
  await withSession({}, async (meter) => {
    equal(await say(meter, "Hello"), 2);
    const { code, stdout } = await meter.command(["bodies", "stats"]);
    equal(code, 0);
    match(stdout, /capture {2,}on .*[^]*stored {2,}2 bodies/);
  });
});

Deno.test("D4 the documented command removes the CA: it is found by the name mitmproxy, and that name is its own", async () => {
  match(PLAIN, /sudo security delete-certificate -c mitmproxy \/Library\/Keychains\/System\.keychain/);
  await withSession({}, async (meter) => {
    const { subject, issuer, ca } = new X509Certificate(await Deno.readTextFile(meter.caFile));
    deepEqual(subject.split("\n"), ["CN=mitmproxy", "O=mitmproxy"]);
    equal(issuer, subject);
    equal(ca, true);
    // `security` matches a part of the common name; OpenSSL shows that there is one.
    match((await run("openssl", ["x509", "-in", meter.caFile, "-noout", "-subject"])).text, /CN ?= ?mitmproxy(?:,|$)/m);
  });
});

Deno.test("D5 the list of hosts that may be signed for is the list of providers", () => {
  deepEqual(INTERCEPTED_HOSTS.toSorted(), PROVIDERS);
});

const FOREIGN = [
  "example.com",
  "api.anthropic.com.example.com",
  "xapi.anthropic.com",
  "console.anthropic.com",
  "anthropic.com",
  "*.anthropic.com",
  "localhost",
  "127.0.0.1",
  "",
];

Deno.test("D5 the CA's own code refuses to sign for any other host, also with a CA without constraints", async () => {
  const authority = await freshAuthority(Date.now());
  for (const host of FOREIGN) await rejects(issueLeaf(authority, host, Date.now()), RangeError, host);
  await rejects(issueLeaf({ ...authority, constraints: null }, "example.com", Date.now()), RangeError);
  for (const hosts of [[], ["*"], ["*.com"], [""]]) {
    await rejects(createAuthority({ hosts, now: Date.now() }), RangeError, JSON.stringify(hosts));
  }
});

Deno.test("D5 the minter makes leaves for the providers, whatever else it is asked", async () => {
  const now = Date.now();
  const { certPem, keyPem } = await mintAuthority(now);
  const { leaves } = await mintLeaves(keyPem + certPem, now);
  for (const [host, leaf] of Object.entries(leaves)) {
    equal(new X509Certificate(leaf.certPem).subjectAltName, `DNS:${host}`);
  }
  deepEqual(Object.keys(leaves).toSorted(), PROVIDERS);
  // A message that names a host is no message of the minter.
  const entry = new URL("../../src/roles/minter_worker.ts", import.meta.url);
  const worker = new Worker(entry, { type: "module", deno: { permissions: "none" } });
  try {
    const answer = new Promise<unknown>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve("refused");
      };
    });
    worker.postMessage({ kind: "mint.leaf", host: "example.com", caPem: keyPem + certPem, now });
    match(JSON.stringify(await answer), /refused|mint\.failed|crashed/);
  } finally {
    worker.terminate();
  }
});

Deno.test("D5 a leaf for another name that is forged with the CA's key by OpenSSL is refused by every client", async () => {
  await withFolder(async (folder) => {
    const { certPem, keyPem } = await mintAuthority(Date.now());
    await Deno.writeTextFile(`${folder}/ca.pem`, certPem);
    await Deno.writeTextFile(`${folder}/ca.key`, keyPem);
    const sound = await forge(folder, "api.anthropic.com");
    const forged = await forge(folder, "example.com");
    for (const [client, ask] of Object.entries(CLIENTS)) {
      match(await served(sound, (port) => ask(port, "api.anthropic.com", `${folder}/ca.pem`)), /accepted/, client);
      const said = await served(forged, (port) => ask(port, "example.com", `${folder}/ca.pem`));
      equal(said.includes("accepted"), false, client);
      match(said, /permitted subtree violation|NameConstraintViolation/, client);
    }
  });
});

/** A leaf that is sound in everything but its name, made by OpenSSL with the stolen key. */
async function forge(folder: string, name: string): Promise<{ readonly cert: string; readonly key: string }> {
  const [key, request, extensions, cert] = ["key", "csr", "ext", "pem"].map((end) => `${folder}/${name}.${end}`) as [
    string,
    string,
    string,
    string,
  ];
  const openssl = async (...args: string[]) => {
    const { ok: done, text } = await run("openssl", args);
    if (!done) throw new Error(text);
  };
  await Deno.writeTextFile(
    extensions,
    `subjectAltName=DNS:${name}\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n` +
      "keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
  );
  await openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", `${key}.ec`);
  await openssl("pkcs8", "-topk8", "-nocrypt", "-in", `${key}.ec`, "-out", key);
  await openssl("req", "-new", "-key", key, "-subj", "/O=thief", "-out", request);
  const authority = ["-CA", `${folder}/ca.pem`, "-CAkey", `${folder}/ca.key`, "-set_serial", "0x1234567890abcdef"];
  await openssl("x509", "-req", "-in", request, ...authority, "-days", "3", "-extfile", extensions, "-out", cert);
  return {
    cert: await Deno.readTextFile(cert) + await Deno.readTextFile(`${folder}/ca.pem`),
    key: await Deno.readTextFile(key),
  };
}

/** Serves a word over TLS to one client. @returns what the client said. */
async function served(leaf: { cert: string; key: string }, ask: (port: number) => Promise<string>): Promise<string> {
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: leaf.cert, key: leaf.key });
  const serving = (async () => {
    for await (const connection of listener) {
      try {
        await connection.read(new Uint8Array(4096));
        const head = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n";
        await connection.write(new TextEncoder().encode(`${head}accepted`));
      } catch {
        // The client refused the certificate.
      } finally {
        connection.close();
      }
    }
  })();
  try {
    return await ask(listener.addr.port);
  } finally {
    listener.close();
    await serving;
  }
}

const NODE = `const [port, name, ca] = process.argv.slice(1);
require("node:https").get({ host: "127.0.0.1", port, servername: name, ca: require("node:fs").readFileSync(ca),
  checkServerIdentity: (_, cert) => require("node:tls").checkServerIdentity(name, cert) },
  (answer) => answer.pipe(process.stdout)).on("error", (error) => console.log(error.message));`;

const PYTHON = `import socket, ssl, sys
port, name, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
with socket.create_connection(("127.0.0.1", int(port))) as plain:
    with context.wrap_socket(plain, server_hostname=name) as secure:
        secure.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
        print(secure.recv(4096), secure.recv(4096))`;

/** Clients in four families of TLS: each says what came of a call. */
const CLIENTS: Readonly<Record<string, (port: number, name: string, ca: string) => Promise<string>>> = {
  curl: async (port, name, ca) => {
    const to = ["--noproxy", "*", "--connect-to", `::127.0.0.1:${port}`];
    return (await run("curl", ["-sS", "--cacert", ca, ...to, `https://${name}/`])).text;
  },
  Node: async (port, name, ca) => (await run("node", ["-e", NODE, "--", String(port), name, ca])).text,
  Python: async (port, name, ca) => (await run("python3", ["-c", PYTHON, String(port), name, ca])).text,
  Deno: async (port, name, ca) => {
    const plain = await Deno.connect({ hostname: "127.0.0.1", port });
    try {
      using secure = await Deno.startTls(plain, { hostname: name, caCerts: [await Deno.readTextFile(ca)] });
      await secure.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
      const buffer = new Uint8Array(4096);
      return new TextDecoder().decode(buffer.subarray(0, await secure.read(buffer) ?? 0));
    } catch (error) {
      return String(error);
    }
  },
};

Deno.test("D6 the CA is trusted per program by variables and per interpreter by its own bundle, which is named and made anew", async () => {
  await withSession({}, async (meter) => {
    const script =
      "import ssl; print(ssl.create_default_context().cert_store_stats()['x509_ca'], ssl.get_default_verify_paths().cafile)";
    const { code, stdout, stderr } = await meter.command(["run", "--", "python3", "-c", script]);
    equal(code, 0, stderr);
    match(stdout, /^\d+ .*ca-bundle\.pem$/m);
    const bundle = await Deno.readTextFile(`${meter.home}/ca-bundle.pem`);
    const own = (await Deno.readTextFile(meter.caFile)).trim();
    ok(bundle.includes(own), "the bundle holds the meter's certificate");
    // A bundle that lost it is made whole by the next run.
    await Deno.writeTextFile(`${meter.home}/ca-bundle.pem`, bundle.replace(own, ""));
    equal((await meter.command(["run", "--", "true"])).code, 0);
    ok((await Deno.readTextFile(`${meter.home}/ca-bundle.pem`)).includes(own), "repaired");
  });
});

throws(() => section("No such heading"), "the search for sections can fail");
