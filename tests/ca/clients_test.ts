/**
 * What real TLS clients make of the root and its leaves, over a real listener.
 *
 * Each client must accept an issued leaf, and refuse leaves for other names
 * signed with the same key, for the reason of the name constraints alone.
 *
 * @module
 */

import { match, strictEqual as equal } from "node:assert/strict";
import { type Authority, issueLeaf } from "../../src/ca/authority.ts";
import { freshAuthority, type Ran, run, signAnything, withFolder } from "./tools.ts";

const NOW = Date.now();
const HOST = "api.anthropic.com";

/** Where a client connects, the name it expects there, and the root it trusts. */
interface Target {
  readonly port: number;
  readonly name: string;
  readonly rootFile: string;
}

type Client = (target: Target) => Promise<Ran>;

const NODE_SCRIPT = `
  const [port, name, rootFile] = process.argv.slice(1);
  const ca = rootFile ? require("node:fs").readFileSync(rootFile) : undefined;
  const servername = require("node:net").isIP(name) ? "" : name;
  const checkServerIdentity = (_host, cert) => require("node:tls").checkServerIdentity(name, cert);
  require("node:https").get({ host: "127.0.0.1", port, servername, ca, checkServerIdentity }, (response) => {
    response.on("data", (data) => process.stdout.write(data));
  }).on("error", (error) => { console.error(error.message); process.exitCode = 1; });
`;

/** Strict checks are the default from Python 3.13 on; here they are asked for by name. */
const PYTHON_CONTEXT = `
import socket, ssl, sys, urllib.request
port, name, root = sys.argv[1:]
context = ssl.create_default_context(cafile=root)
context.verify_flags |= ssl.VERIFY_X509_STRICT
`;

const PYTHON_SSL = `${PYTHON_CONTEXT}
with socket.create_connection(("127.0.0.1", int(port))) as plain:
    with context.wrap_socket(plain, server_hostname=name) as secure:
        secure.sendall(b"GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n")
        while data := secure.recv(4096):
            print(data.decode())
`;

const PYTHON_URLLIB = `${PYTHON_CONTEXT}
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
print(opener.open(f"https://{name}:{port}/").read().decode())
`;

const CLIENTS: Record<string, Client> = {
  "curl": ({ port, name, rootFile }) =>
    run("curl", [
      "-sS",
      "--noproxy",
      "*",
      "--connect-to",
      `::127.0.0.1:${port}`,
      "--cacert",
      rootFile,
      `https://${name}/`,
    ]),
  "Node with a ca option": ({ port, name, rootFile }) =>
    run("node", ["-e", NODE_SCRIPT, "--", `${port}`, name, rootFile]),
  "Node with NODE_EXTRA_CA_CERTS": ({ port, name, rootFile }) =>
    run("node", ["-e", NODE_SCRIPT, "--", `${port}`, name, ""], { NODE_EXTRA_CA_CERTS: rootFile }),
  "Python's ssl": ({ port, name, rootFile }) => run("python3", ["-c", PYTHON_SSL, `${port}`, name, rootFile]),
  "Python's urllib": ({ port, name, rootFile }) => run("python3", ["-c", PYTHON_URLLIB, `${port}`, name, rootFile]),
  "Deno": denoClient,
};

async function denoClient({ port, name, rootFile }: Target): Promise<Ran> {
  const plain = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    const caCerts = [await Deno.readTextFile(rootFile)];
    using secure = await Deno.startTls(plain, { hostname: name, caCerts });
    await secure.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    const buffer = new Uint8Array(4096);
    const length = await secure.read(buffer) ?? 0;
    return { ok: true, text: new TextDecoder().decode(buffer.subarray(0, length)) };
  } catch (error) {
    return { ok: false, text: String(error) };
  }
}

/** Serves one word over TLS on a free port while `body` runs. */
async function withServer(leaf: { certPem: string; keyPem: string }, body: (port: number) => Promise<void>) {
  const tls = { cert: leaf.certPem, key: leaf.keyPem, alpnProtocols: ["http/1.1"] };
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...tls });
  const serving = serve(listener);
  try {
    await body(listener.addr.port);
  } finally {
    listener.close();
    await serving;
  }
}

async function serve(listener: Deno.TlsListener): Promise<void> {
  const response = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\naccepted";
  for await (const connection of listener) {
    try {
      await connection.read(new Uint8Array(4096));
      await connection.write(new TextEncoder().encode(response));
    } catch {
      // The client refused the certificate, as most of these tests want.
    } finally {
      connection.close();
    }
  }
}

async function ask(client: Client, authority: Authority, leaf: { certPem: string; keyPem: string }, name: string) {
  let answer: Ran = { ok: false, text: "not asked" };
  await withFolder(async (folder) => {
    const rootFile = `${folder}/root.pem`;
    // Bundles begin with such a line.
    await Deno.writeTextFile(rootFile, `# comment {"base":["/a/b.pem"]}\n${authority.certPem}`);
    await withServer(leaf, async (port) => {
      answer = await client({ port, name, rootFile });
    });
  });
  return answer;
}

for (const [title, client] of Object.entries(CLIENTS)) {
  Deno.test(`issueLeaf() makes a certificate that clients accept: ${title}`, async () => {
    const authority = await freshAuthority(NOW);
    const { ok, text } = await ask(client, authority, await issueLeaf(authority, HOST, NOW), HOST);
    equal(ok, true, text);
    match(text, /accepted/);
  });

  Deno.test(`A stolen key signs for no other name: ${title}`, async () => {
    const authority = await freshAuthority(NOW);
    const permitted = await signAnything(authority, { type: "dns", value: HOST }, NOW);
    match((await ask(client, authority, permitted, HOST)).text, /accepted/, "the thief's leaf is otherwise sound");
    const leaf = await signAnything(authority, { type: "dns", value: "example.com" }, NOW);
    const { ok, text } = await ask(client, authority, leaf, "example.com");
    equal(ok, false, text);
    match(text, /permitted subtree violation|NameConstraintViolation/);
  });

  Deno.test(`A stolen key signs for no IP address: ${title}`, async () => {
    const authority = await freshAuthority(NOW);
    const leaf = await signAnything(authority, { type: "ip", value: "127.0.0.1" }, NOW);
    const { ok, text } = await ask(client, authority, leaf, "127.0.0.1");
    equal(ok, false, text);
    match(text, /excluded subtree violation|NameConstraintViolation/);
  });
}
