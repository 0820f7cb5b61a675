import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { CLIENT_VARIABLES, REPLACING_VARIABLES } from "../../../src/os/client_variables.ts";
import { fishFile, shellFile } from "../../../src/os/environment/shell_file.ts";
import { CERTIFICATE, hasShell, type Home, makeHome, seenBy } from "./shells.ts";

const FISH = ["fish", "-i"];

async function installed(env: Readonly<Record<string, string>> = {}): Promise<Home> {
  const home = makeHome({ env: { SHELL: "/usr/bin/fish", ...env } });
  await shellFile(home.machine, {}).apply();
  equal((await fishFile(home.machine, {}).apply()).state, "present");
  return home;
}

function ours(variables: ReadonlyMap<string, string>): string[] {
  return CLIENT_VARIABLES.filter((name) => variables.has(name));
}

Deno.test("fishCode is tried in a real fish", () => ok(hasShell("fish")));

for (const flags of [["fish", "-i"], ["fish", "-l"]]) {
  Deno.test(`fishCode sets every variable in ${flags.join(" ")} while the port accepts`, async () => {
    using home = await installed();
    const { variables, stderr, before } = await seenBy(home, flags);
    equal(stderr, "");
    equal(before, "-----");
    equal(variables.get("HTTPS_PROXY"), `http://127.0.0.1:${home.port}`);
    equal(variables.get("https_proxy"), `http://127.0.0.1:${home.port}`);
    equal(variables.get("NO_PROXY"), "localhost,127.0.0.1,::1");
    equal(variables.get("no_proxy"), "localhost,127.0.0.1,::1");
    equal(variables.get("NODE_USE_ENV_PROXY"), "1");
    equal(variables.get("NODE_EXTRA_CA_CERTS"), home.machine.paths.caCertificate);
    for (const variable of REPLACING_VARIABLES) equal(variables.get(variable), home.machine.paths.caBundle);
  });
}

Deno.test("fishCode sets nothing when the port is closed or a file is missing", async () => {
  for (const missing of ["port", "caBundle", "caCertificate", "effectivePorts"] as const) {
    using home = await installed();
    if (missing === "port") home.close();
    else Deno.removeSync(home.machine.paths[missing]);
    const { variables, stderr, before } = await seenBy(home, FISH);
    deepEqual([ours(variables), stderr, before], [[], "", "-----"], missing);
  }
});

Deno.test("fishCode leaves a shell alone that goes through another proxy or has an unknown certificate file", async () => {
  using home = await installed();
  home.write("corp.pem", CERTIFICATE);
  const foreign = {
    HTTPS_PROXY: "http://a:1",
    https_proxy: "http://a:1",
    ALL_PROXY: "socks5://a:1",
    AWS_CA_BUNDLE: "/corp.pem",
  };
  for (const [name, value] of Object.entries(foreign)) {
    const { variables, stderr } = await seenBy(home, FISH, { [name]: value });
    equal(stderr, "");
    equal(variables.get(name), value);
    deepEqual(ours(variables), CLIENT_VARIABLES.filter((ours) => ours === name));
  }
});

Deno.test("fishCode stands in front of the proxy that the meter itself uses, and goes back to it", async () => {
  using home = await installed();
  await fishFile(home.machine, { upstreamProxy: { host: "proxy.corp.example", port: 3128 } }).apply();
  const behind = await seenBy(home, FISH, { HTTPS_PROXY: "http://me:pw@proxy.corp.example:3128/" });
  equal(behind.variables.get("HTTPS_PROXY"), `http://127.0.0.1:${home.port}`);
  home.close();
  const { variables } = await seenBy(home, FISH, { HTTPS_PROXY: `http://127.0.0.1:${home.port}` });
  equal(variables.get("HTTPS_PROXY"), "http://proxy.corp.example:3128");
});

Deno.test("fishCode takes back what was inherited when the meter is gone", async () => {
  using home = await installed();
  const { variables } = await seenBy(home, FISH);
  home.close();
  Deno.removeSync(home.machine.paths.caBundle);
  const inherited = Object.fromEntries(CLIENT_VARIABLES.map((name) => [name, variables.get(name) ?? ""]));
  const left = ours((await seenBy(home, FISH, inherited)).variables);
  deepEqual(left.sort(), ["NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY", "NO_PROXY", "no_proxy"].sort());
});

Deno.test("fishCode keeps the user's NO_PROXY and certificate files that the bundles were made from", async () => {
  const outer = Deno.makeTempDirSync();
  try {
    const corp = `${outer}/corp.pem`;
    Deno.writeTextFileSync(corp, CERTIFICATE.replace("QUJD", "Q09SUA=="));
    using home = await installed({ SSL_CERT_FILE: corp, NODE_EXTRA_CA_CERTS: corp });
    const env = { SSL_CERT_FILE: corp, NODE_EXTRA_CA_CERTS: corp, NO_PROXY: "corp.example,127.0.0.1" };
    const { variables } = await seenBy(home, FISH, env);
    equal(variables.get("SSL_CERT_FILE"), home.machine.paths.caBundle);
    equal(variables.get("NODE_EXTRA_CA_CERTS"), home.machine.paths.nodeExtraCa);
    equal(variables.get("NO_PROXY"), "corp.example,127.0.0.1,localhost,::1");
    equal(variables.get("no_proxy"), "corp.example,127.0.0.1,localhost,::1");
    equal((await seenBy(home, FISH, { NO_PROXY: "*" })).variables.get("NO_PROXY"), "*");
  } finally {
    Deno.removeSync(outer, { recursive: true });
  }
});

Deno.test("fishCode leaves no function behind, and is silent in a script", async () => {
  using home = await installed();
  const { stdout, stderr } = await home.machine.run("fish", [
    "-i",
    "-c",
    "functions -a | string match '*halton*'; set -n | string match '*halton*'; echo end",
  ], {
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: home.folder, TERM: "dumb" },
  });
  deepEqual([stdout, stderr], ["end\n", ""]);
});
