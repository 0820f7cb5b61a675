import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { createAuthority } from "../../src/ca/authority.ts";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";
import { clientEnvironment } from "../../src/os/client_env.ts";
import { type Paths, paths } from "../../src/os/paths.ts";

const NOW = Date.now();
const { certPem: OURS } = await createAuthority({ hosts: INTERCEPTED_HOSTS, now: NOW });
const { certPem: THEIRS } = await createAuthority({ hosts: INTERCEPTED_HOSTS, now: NOW });

const REPLACING = [
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "AWS_CA_BUNDLE",
  "CODEX_CA_CERTIFICATE",
];

interface Given {
  readonly found: Paths;
  readonly folder: string;
  environment(env: Record<string, string>, project?: string): ReturnType<typeof clientEnvironment>;
}

async function withHome(body: (given: Given) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const found = paths({ get: (name) => ({ HOME: folder })[name as "HOME"] });
    await body({
      found,
      folder,
      environment: (env, project) =>
        clientEnvironment({
          paths: found,
          caCertPem: OURS,
          edgePort: 8081,
          project: project ?? null,
          env: { get: (name) => env[name] },
        }),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The base64 of a certificate's middle, which does not depend on how it is laid out. */
function core(pem: string): string {
  return pem.replace(/-----[A-Z ]+-----/g, "").replaceAll(/\s/g, "").slice(20, 80);
}

async function holds(file: string | undefined, pem: string): Promise<boolean> {
  ok(file !== undefined);
  return (await Deno.readTextFile(file)).replaceAll(/\s/g, "").includes(core(pem));
}

Deno.test("clientEnvironment points a command at the proxy, in both spellings, and switches Node's proxy on", async () => {
  await withHome(async ({ environment }) => {
    const { variables, warnings } = await environment({});
    equal(variables["HTTPS_PROXY"], "http://127.0.0.1:8081");
    equal(variables["https_proxy"], "http://127.0.0.1:8081");
    equal(variables["NODE_USE_ENV_PROXY"], "1");
    equal(variables["HTTP_PROXY"], undefined, "clear text is not the meter's business");
    equal(variables["HALTON_PROJECT"], undefined);
    deepEqual(warnings, []);
  });
});

Deno.test("clientEnvironment names the project", async () => {
  await withHome(async ({ environment }) => {
    equal((await environment({}, "web:shop")).variables["HALTON_PROJECT"], "web:shop");
  });
});

Deno.test("clientEnvironment gives clients that replace their roots one file with the system's and ours", async () => {
  await withHome(async ({ environment, found }) => {
    const { variables } = await environment({});
    for (const name of REPLACING) equal(variables[name], found.caBundle, name);
    ok(await holds(variables["SSL_CERT_FILE"], OURS));
    match(await Deno.readTextFile(found.caBundle), /BEGIN CERTIFICATE[\s\S]*BEGIN CERTIFICATE/);
  });
});

Deno.test("clientEnvironment keeps what the user had set inside the bundle", async () => {
  await withHome(async ({ environment, folder }) => {
    await Deno.writeTextFile(`${folder}/corporate.pem`, THEIRS);
    const { variables, warnings } = await environment({ REQUESTS_CA_BUNDLE: `${folder}/corporate.pem` });
    ok(await holds(variables["SSL_CERT_FILE"], THEIRS));
    ok(await holds(variables["SSL_CERT_FILE"], OURS));
    deepEqual(warnings, []);
  });
});

Deno.test("clientEnvironment within its own environment changes nothing", async () => {
  await withHome(async ({ environment, folder }) => {
    await Deno.writeTextFile(`${folder}/corporate.pem`, THEIRS);
    const first = await environment({ SSL_CERT_FILE: `${folder}/corporate.pem` });
    const before = await Deno.readTextFile(first.variables["SSL_CERT_FILE"] ?? "");
    const second = await environment({ ...first.variables });
    deepEqual(second, first);
    equal(await Deno.readTextFile(second.variables["SSL_CERT_FILE"] ?? ""), before);
  });
});

Deno.test("clientEnvironment names a file without certificates, and leaves it out", async () => {
  await withHome(async ({ environment, folder }) => {
    await Deno.writeTextFile(`${folder}/empty.pem`, "nothing");
    const { variables, warnings } = await environment({ SSL_CERT_FILE: `${folder}/empty.pem`, CURL_CA_BUNDLE: "" });
    deepEqual(warnings, [`${folder}/empty.pem holds no readable certificate and was left out`]);
    ok(await holds(variables["SSL_CERT_FILE"], OURS));
  });
});

Deno.test("clientEnvironment adds to Node's extra certificates instead of replacing them", async () => {
  await withHome(async ({ environment, found, folder }) => {
    equal((await environment({})).variables["NODE_EXTRA_CA_CERTS"], found.caCertificate);
    equal(
      (await environment({ NODE_EXTRA_CA_CERTS: found.caCertificate })).variables["NODE_EXTRA_CA_CERTS"],
      found.caCertificate,
    );
    await Deno.writeTextFile(`${folder}/corporate.pem`, THEIRS);
    const { variables } = await environment({ NODE_EXTRA_CA_CERTS: `${folder}/corporate.pem` });
    ok(variables["NODE_EXTRA_CA_CERTS"] !== found.caCertificate);
    ok(await holds(variables["NODE_EXTRA_CA_CERTS"], THEIRS));
    ok(await holds(variables["NODE_EXTRA_CA_CERTS"], OURS));
  });
});
