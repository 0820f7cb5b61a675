import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { paths } from "../../src/os/paths.ts";
import { Destinations } from "../../src/roles/destinations.ts";
import { outboundOf, PrivacyLook } from "../../src/roles/privacy_facts.ts";
import {
  answerConnections,
  type ProcessConnections,
  type RoleConnections,
} from "../../src/roles/process_connections.ts";
import { serveUnix } from "../../src/roles/unix_server.ts";

function logOf(fill: (seen: Destinations) => void) {
  const seen = new Destinations(() => 1_000);
  fill(seen);
  return seen.log();
}

function role(changes: Partial<RoleConnections>): RoleConnections {
  return { role: "interceptor", running: true, restarts: 0, mayConnect: true, log: null, ...changes };
}

Deno.test("outboundOf keeps what the program named, and of what clients named counts only", () => {
  const at = (host: string) => ({ host, port: 443 });
  const log = logOf((seen) => {
    seen.begin(at("api.openai.com"), at("api.openai.com"), "provider").ended(false);
    seen.begin(at("secret-hobby.example"), at("secret-hobby.example"), "client");
    seen.begin(at("other-hobby.example"), at("other-hobby.example"), "client").ended(true);
  });
  const found = outboundOf(role({ log }));
  const base = { connections: 1, failed: 0, open: 0, lastAt: 1_000 };
  deepEqual(found.places, [{ place: "api.openai.com:443", ...base, allowed: "provider" }]);
  deepEqual(found.asked, [{ allowed: "client", places: 2, connections: 2, failed: 1, open: 1, lastAt: 1_000 }]);
  equal(JSON.stringify(found).includes("hobby"), false);
});

Deno.test("outboundOf names no host that the edge was asked for behind a proxy, and none that was folded away", () => {
  const log = logOf((seen) => {
    for (let i = 0; i < 300; i++) {
      const asked = { host: `hobby-${i}.example`, port: 443 };
      seen.begin({ host: "proxy.example", port: 3128 }, asked, "proxy").ended(false);
    }
  });
  const found = outboundOf(role({ role: "edge", log }));
  deepEqual(found.places, []);
  deepEqual(found.asked.map(({ allowed, connections }) => [allowed, connections]), [["proxy", 300]]);
  equal(JSON.stringify(found).includes("hobby"), false);
  // The interceptor asks a proxy for providers only.
  equal(outboundOf(role({ log })).places.length > 0, true);
});

Deno.test("PrivacyLook asks the edge's own process when the daemon has no edge, and looks at the real port and modes", async () => {
  const home = Deno.makeTempDirSync();
  const files = paths({ get: (name) => name === "HOME" ? home : undefined });
  Deno.mkdirSync(files.home, { mode: 0o700 });
  Deno.mkdirSync(files.caFolder, { mode: 0o700 });
  Deno.writeTextFileSync(files.caKey, "", { mode: 0o640 });
  const process = { version: "1", pid: 1, startedAt: 0 };
  const edge: ProcessConnections = { ...process, process: "edge", roles: [role({ role: "edge" })] };
  const daemon: ProcessConnections = { ...process, process: "daemon", roles: [role({})] };
  const server = serveUnix(
    files.edgeSocket,
    (connection) => answerConnections(connection, () => Promise.resolve(edge)),
  );
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const look = new PrivacyLook(files);
    const { listening, keyModes, outbound } = await look.facts(daemon, listener.addr.port);
    deepEqual(listening, ["127.0.0.1"]);
    deepEqual([keyModes.folderMode, keyModes.keyMode], [0o700, 0o640]);
    deepEqual(outbound.map((each) => each.role), ["edge", "interceptor"]);
    const both = { ...daemon, roles: [...edge.roles, ...daemon.roles] };
    deepEqual((await look.facts(both, null)).outbound.map((each) => each.role), ["edge", "interceptor"]);
  } finally {
    listener.close();
    server.close();
    Deno.removeSync(home, { recursive: true });
  }
});
