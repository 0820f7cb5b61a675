import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";
import { type Address, DIRECT, type UpstreamSettings } from "../../src/domain/upstream.ts";
import { dialTargets, permissionsOf, type Role, type RowInputs } from "../../src/roles/permissions.ts";
import { openForWriting } from "../../src/store/database.ts";
import type { Attempt, Outcome } from "./probe_worker.ts";
import { closedPort, pki, receive, tcpServer, tlsServer, withFolder, within } from "./tools.ts";

const LOCAL = "127.0.0.1";
const PROBE = new URL("./probe_worker.ts", import.meta.url);

/** Tries one thing after another in a worker with these permissions. */
async function outcomes(
  permissions: Deno.PermissionOptionsObject,
  attempts: readonly Attempt[],
): Promise<Map<Attempt, Outcome>> {
  const found = new Map<Attempt, Outcome>();
  const worker = new Worker(PROBE, { type: "module", deno: { permissions } });
  try {
    for (const attempt of attempts) {
      const outcome = new Promise<Outcome>((resolve, reject) => {
        worker.onmessage = (event) => resolve(event.data);
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(event.message));
        };
      });
      worker.postMessage(attempt);
      found.set(attempt, await within(outcome, JSON.stringify(attempt)));
    }
    return found;
  } finally {
    worker.terminate();
  }
}

/** A machine with everything that a role might want. */
interface World {
  readonly inputs: RowInputs;
  /** A folder beside the home. */
  readonly outside: string;
  readonly provider: Address;
  readonly caCertPem: string;
  readonly apiPort: number;
  /** Of the paired server. */
  readonly cloudPort: number;
  /** Serves a module over HTTP. */
  readonly web: number;
  /** Listens and is nobody's business. */
  readonly stranger: number;
  check(role: Role, expected: Outcome, attempts: readonly Attempt[]): Promise<void>;
}

async function withWorld(upstream: Partial<UpstreamSettings>, body: (world: World) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const home = `${folder}/home`;
    const outside = `${folder}/outside`;
    for (const path of [home, outside]) await Deno.mkdir(path);
    await Deno.writeTextFile(`${outside}/secret.pem`, "secret");
    await Deno.writeTextFile(`${outside}/module.js`, "export default 1;");
    await Deno.writeTextFile(`${home}/ports.json`, "{}");
    await Deno.writeTextFile(`${home}/config.toml`, "");
    await Deno.writeTextFile(`${home}/edge.log`, "");
    openForWriting(`${home}/halton.db`, { now: 1 }).close();
    const { issued, caCertPem } = await pki("provider");
    const provider = tlsServer(
      issued.leaves["api.anthropic.com"],
      async (connection) => void await receive(connection),
    );
    const stranger = tcpServer(async (connection) => void await receive(connection));
    const control = Deno.listen({ transport: "unix", path: `${home}/control` });
    const other = Deno.listen({ transport: "unix", path: `${outside}/other` });
    const web = Deno.serve({ hostname: LOCAL, port: 0, onListen: () => {} }, () => {
      return new Response("export default 1;", { headers: { "content-type": "application/javascript" } });
    });
    const apiPort = closedPort();
    const cloud = tcpServer(async (connection) => void await receive(connection));
    const address = { host: LOCAL, port: provider.port };
    const map = Object.fromEntries(INTERCEPTED_HOSTS.map((host) => [host, address]));
    const inputs: RowInputs = {
      home,
      portsFile: `${home}/ports.json`,
      controlSocket: `${home}/control`,
      edgeLog: `${home}/edge.log`,
      apiPorts: [apiPort],
      upstream: { ...DIRECT, map, caCerts: [caCertPem], ...upstream },
      selfTestPort: 0,
      cloudServer: { host: LOCAL, port: cloud.port },
    };
    try {
      await body({
        inputs,
        outside,
        provider: address,
        caCertPem,
        apiPort,
        cloudPort: cloud.port,
        web: web.addr.port,
        stranger: stranger.port,
        async check(role, expected, attempts) {
          const found = await outcomes(permissionsOf(role, inputs), attempts);
          for (const [attempt, outcome] of found) equal(outcome, expected, `${role}: ${JSON.stringify(attempt)}`);
        },
      });
    } finally {
      provider.stop();
      stranger.stop();
      cloud.stop();
      control.close();
      other.close();
      await web.shutdown();
    }
  });
}

/** What no role may do. */
function forbiddenToAll({ outside, web, inputs }: World): Attempt[] {
  return [
    { kind: "read", path: `${outside}/secret.pem` },
    { kind: "read by node", path: `${outside}/secret.pem` },
    { kind: "read", path: `${inputs.home}/../outside/secret.pem` },
    { kind: "read", path: "/proc/self/environ" },
    { kind: "read", path: "/proc/self/mem" },
    { kind: "list", path: outside },
    { kind: "write", path: `${outside}/new` },
    { kind: "remove", path: `${outside}/secret.pem` },
    { kind: "symlink", from: `${outside}/secret.pem`, to: `${inputs.home}/link` },
    { kind: "connect unix", path: `${outside}/other` },
    { kind: "env", name: "HOME" },
    { kind: "env", name: "ANTHROPIC_API_KEY" },
    { kind: "all env" },
    { kind: "run", command: "true" },
    { kind: "sys" },
    { kind: "ffi", path: "libc.so.6" },
    { kind: "import", url: `http://${LOCAL}:${web}/module.js` },
    { kind: "import", url: "https://deno.land/x/module.js" },
    { kind: "import", url: `file://${outside}/module.js` },
    { kind: "worker" },
    { kind: "sqlite", path: `${outside}/new.db`, readOnly: false, sql: "SELECT 1" },
    { kind: "adopt" },
    { kind: "cache" },
    { kind: "inspect" },
    { kind: "kill" },
    { kind: "require", path: `${outside}/secret.pem` },
    { kind: "run by node", path: "/bin/true" },
    { kind: "import as text", path: `${outside}/secret.pem` },
    { kind: "sqlite", path: `file:${outside}/new.db`, readOnly: false, sql: "SELECT 1" },
    { kind: "ask", name: "ffi" },
    { kind: "ask", name: "run" },
    { kind: "ask", name: "env" },
  ];
}

/** What no role but the edge may do. */
function forbiddenBeyondEdge({ stranger, provider, web, inputs }: World): Attempt[] {
  return [
    { kind: "connect", hostname: LOCAL, port: stranger },
    { kind: "connect by node", hostname: LOCAL, port: stranger },
    { kind: "connect", hostname: "localhost", port: provider.port },
    { kind: "connect", hostname: "::1", port: provider.port },
    { kind: "connect", hostname: "192.0.2.1", port: 443 },
    { kind: "connect", hostname: "example.com", port: 443 },
    { kind: "connect", hostname: "api.anthropic.com", port: 80 },
    { kind: "connect unix", path: inputs.controlSocket },
    { kind: "listen", hostname: "0.0.0.0", port: 0 },
    { kind: "listen", hostname: "0.0.0.0", port: closedPort() },
    { kind: "listen", hostname: "::", port: 0 },
    { kind: "listen", hostname: LOCAL, port: closedPort() },
    { kind: "resolve", name: "example.com" },
    { kind: "fetch", url: `http://${LOCAL}:${web}/` },
    { kind: "request by node", port: web },
    { kind: "socket of the web", port: web },
    { kind: "look up" },
    { kind: "ask", name: "net" },
    { kind: "ask", name: "write" },
  ];
}

Deno.test("permissionsOf gives the edge the network, two files to read, and nothing else", async () => {
  await withWorld({}, async (world) => {
    const { inputs, stranger, check } = world;
    await check("edge", "refused", [
      ...forbiddenToAll(world),
      { kind: "read", path: `${inputs.home}/halton.db` },
      { kind: "read", path: `${inputs.home}/config.toml` },
      { kind: "read", path: inputs.edgeLog },
      { kind: "list", path: inputs.home },
      { kind: "write", path: inputs.portsFile },
      { kind: "write", path: `${inputs.home}/new` },
      { kind: "sqlite", path: `${inputs.home}/halton.db`, readOnly: true, sql: "SELECT 1" },
    ]);
    await check("edge", "done", [
      { kind: "connect", hostname: LOCAL, port: stranger },
      { kind: "connect unix", path: inputs.controlSocket },
      { kind: "listen", hostname: LOCAL, port: 0 },
      { kind: "read", path: inputs.portsFile },
      { kind: "write", path: inputs.edgeLog },
    ]);
  });
});

Deno.test("permissionsOf gives the interceptor free loopback ports and its providers, and no file", async () => {
  await withWorld({}, async (world) => {
    const { inputs, provider, caCertPem, check } = world;
    await check("interceptor", "refused", [
      ...forbiddenToAll(world),
      ...forbiddenBeyondEdge(world),
      { kind: "connect", hostname: "api.anthropic.com", port: 443 }, // Mapped: the name itself is out of reach.
      { kind: "read", path: inputs.portsFile },
      { kind: "read", path: `${inputs.home}/halton.db` },
      { kind: "list", path: inputs.home },
      { kind: "write", path: inputs.edgeLog },
      { kind: "ask", name: "read" },
      { kind: "env", name: "WS_NO_BUFFER_UTIL" },
    ]);
    await check("interceptor", "done", [
      { kind: "listen", hostname: LOCAL, port: 0 },
      { kind: "connect", hostname: LOCAL, port: provider.port },
      { kind: "tls", hostname: LOCAL, port: provider.port, servername: "api.anthropic.com", ca: caCertPem },
    ]);
  });
});

Deno.test("permissionsOf lets the interceptor reach a proxy instead of the providers, where one is set", async () => {
  const proxy = tcpServer(async (connection) => void await receive(connection));
  const settings = { proxy: { host: LOCAL, port: proxy.port, authorization: null } };
  await withWorld(settings, async ({ provider, check }) => {
    await check("interceptor", "done", [{ kind: "connect", hostname: LOCAL, port: proxy.port }]);
    await check("interceptor", "refused", [
      { kind: "connect", hostname: LOCAL, port: provider.port },
      { kind: "connect", hostname: "api.anthropic.com", port: 443 },
    ]);
  });
  proxy.stop();
});

Deno.test("permissionsOf gives the recorder its folder, two names of the environment, and no socket at all", async () => {
  await withWorld({}, async (world) => {
    const { inputs, provider, outside, apiPort, check } = world;
    const database = `${inputs.home}/halton.db`;
    await check("recorder", "refused", [
      ...forbiddenToAll(world),
      ...forbiddenBeyondEdge(world),
      { kind: "connect", hostname: LOCAL, port: provider.port },
      { kind: "listen", hostname: LOCAL, port: 0 },
      { kind: "listen", hostname: LOCAL, port: apiPort },
    ]);
    await check("recorder", "done", [
      { kind: "sqlite", path: database, readOnly: false, sql: "CREATE TABLE probe (x); INSERT INTO probe VALUES (1)" },
      { kind: "write", path: `${inputs.home}/new` },
      { kind: "read", path: `${inputs.home}/new` },
      { kind: "env", name: "WS_NO_BUFFER_UTIL" },
      { kind: "env", name: "WS_NO_UTF_8_VALIDATE" },
    ]);
    const inDatabase: Attempt[] = [
      { kind: "sqlite", path: database, readOnly: false, sql: `ATTACH '${outside}/stolen.db' AS stolen` },
      { kind: "sqlite", path: database, readOnly: false, sql: `VACUUM INTO '${outside}/stolen.db'` },
      { kind: "sqlite", path: database, readOnly: false, sql: "SELECT load_extension('/tmp/x.so')" },
    ];
    for (const [attempt, outcome] of await outcomes(permissionsOf("recorder", inputs), inDatabase)) {
      equal(outcome === "done", false, JSON.stringify(attempt));
    }
    deepEqual([...Deno.readDirSync(outside)].map(({ name }) => name).toSorted(), ["module.js", "other", "secret.pem"]);
  });
});

Deno.test("permissionsOf gives the api its port and the folder to read, and lets it change nothing", async () => {
  await withWorld({}, async (world) => {
    const { inputs, provider, apiPort, check } = world;
    const database = `${inputs.home}/halton.db`;
    await check("api", "refused", [
      ...forbiddenToAll(world),
      ...forbiddenBeyondEdge(world),
      { kind: "connect", hostname: LOCAL, port: provider.port },
      { kind: "listen", hostname: LOCAL, port: 0 },
      { kind: "listen", hostname: "0.0.0.0", port: apiPort },
      { kind: "listen", hostname: "::1", port: apiPort },
      { kind: "write", path: `${inputs.home}/new` },
      { kind: "write", path: database },
      { kind: "remove", path: database },
      { kind: "env", name: "WS_NO_BUFFER_UTIL" },
    ]);
    await check("api", "done", [
      { kind: "listen", hostname: LOCAL, port: apiPort },
      { kind: "sqlite", path: database, readOnly: true, sql: "SELECT count(*) FROM requests" },
      { kind: "read", path: database },
    ]);
    const inDatabase: Attempt[] = [
      { kind: "sqlite", path: database, readOnly: true, sql: "DELETE FROM requests" },
      { kind: "sqlite", path: database, readOnly: false, sql: "CREATE TABLE probe (x)" },
    ];
    for (const [attempt, outcome] of await outcomes(permissionsOf("api", inputs), inDatabase)) {
      equal(outcome === "done", false, JSON.stringify(attempt));
    }
  });
});

Deno.test("permissionsOf gives sync the paired server and the folder to read, and lets it change nothing", async () => {
  await withWorld({}, async (world) => {
    const { inputs, provider, apiPort, cloudPort, check } = world;
    const database = `${inputs.home}/halton.db`;
    await check("sync", "refused", [
      ...forbiddenToAll(world),
      ...forbiddenBeyondEdge(world),
      { kind: "connect", hostname: LOCAL, port: provider.port },
      { kind: "connect", hostname: "localhost", port: cloudPort },
      { kind: "listen", hostname: LOCAL, port: 0 },
      { kind: "listen", hostname: LOCAL, port: apiPort },
      { kind: "write", path: `${inputs.home}/new` },
      { kind: "write", path: database },
      { kind: "remove", path: database },
      { kind: "env", name: "WS_NO_BUFFER_UTIL" },
    ]);
    await check("sync", "done", [
      { kind: "connect", hostname: LOCAL, port: cloudPort },
      { kind: "sqlite", path: database, readOnly: true, sql: "SELECT count(*) FROM requests" },
    ]);
    const inDatabase: Attempt[] = [
      { kind: "sqlite", path: database, readOnly: true, sql: "DELETE FROM requests" },
      { kind: "sqlite", path: database, readOnly: false, sql: "CREATE TABLE probe (x)" },
    ];
    for (const [attempt, outcome] of await outcomes(permissionsOf("sync", inputs), inDatabase)) {
      equal(outcome === "done", false, JSON.stringify(attempt));
    }
    const unpaired = permissionsOf("sync", { ...inputs, cloudServer: null });
    for (
      const [attempt, outcome] of await outcomes(unpaired, [{ kind: "connect", hostname: LOCAL, port: cloudPort }])
    ) {
      equal(outcome, "refused", JSON.stringify(attempt));
    }
  });
});

Deno.test("permissionsOf lets sync reach a proxy in the server's place, but for a server on this machine", () => {
  const inputs = { home: "/h", portsFile: "", controlSocket: "", edgeLog: "", apiPorts: [], selfTestPort: 0 };
  const upstream = { ...DIRECT, proxy: { host: "fd00::1", port: 3128, authorization: null } };
  const netOf = (host: string, row: Partial<RowInputs> = {}) =>
    permissionsOf("sync", { ...inputs, upstream: DIRECT, cloudServer: { host, port: 443 }, ...row }).net;
  deepEqual(netOf("meter.example.com"), ["meter.example.com:443"]);
  deepEqual(netOf("::1"), ["[::1]:443"]);
  deepEqual(netOf("meter.example.com", { upstream }), ["[fd00::1]:3128"]);
  deepEqual(netOf("localhost", { upstream }), ["localhost:443"]);
  deepEqual(netOf("x", { cloudServer: null }), false);
});

Deno.test("permissionsOf names no permission but those of this table, and ffi for nobody", () => {
  const inputs: RowInputs = {
    home: "/h",
    portsFile: "/h/p",
    controlSocket: "/h/c",
    edgeLog: "/h/l",
    apiPorts: [8765],
    upstream: DIRECT,
    selfTestPort: 8090,
  };
  const names = ["env", "ffi", "import", "net", "read", "run", "sys", "write"];
  for (const role of ["edge", "interceptor", "recorder", "api", "sync"] as const) {
    const row = permissionsOf(role, inputs);
    deepEqual(Object.keys(row).toSorted(), names, role);
    deepEqual([row.ffi, row.run, row.sys, row.import], [false, false, false, false], role);
  }
  equal(permissionsOf("recorder", inputs).net, false);
});

Deno.test("dialTargets names each provider on port 443, or what stands in its place", () => {
  deepEqual(dialTargets(DIRECT), INTERCEPTED_HOSTS.map((host) => `${host}:443`));
  const map = { "api.openai.com": { host: "::1", port: 9443 }, "not.intercepted.test": { host: LOCAL, port: 1 } };
  const targets = dialTargets({ ...DIRECT, map });
  equal(targets.length, INTERCEPTED_HOSTS.length);
  equal(targets[1], "[::1]:9443");
  deepEqual(dialTargets({ ...DIRECT, map, proxy: { host: "fd00::1", port: 3128, authorization: null } }), [
    "[fd00::1]:3128",
  ]);
});
