import { equal, match } from "node:assert/strict";
import { createApi } from "../../src/api/app.ts";
import type { Database } from "../../src/store/database.ts";
import { openForWriting } from "../../src/store/database.ts";

const PORT = 8765;

function api(database: Database | null = null) {
  return createApi({
    version: "9.9.9",
    allowOrigins: ["http://localhost:3000"],
    port: () => PORT,
    database: () => database,
    now: () => 1_800_000_000_000,
  });
}

function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  return api().request(`http://127.0.0.1:${PORT}${path}`, {
    method,
    headers: { host: `127.0.0.1:${PORT}`, ...headers },
  });
}

Deno.test("createApi() answers /health with the version", async () => {
  const response = await get("/health");
  equal(response.status, 200);
  equal(await response.text(), '{"status":"ok","version":"9.9.9"}');
});

Deno.test("createApi() says when the last call was, and how many there were in the last hour", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hm-api-" });
  const database = openForWriting(`${folder}/db.sqlite`, { now: 1 });
  try {
    const none = await api(database).request("/v1/daemon/status", { headers: { host: `localhost:${PORT}` } });
    equal(await none.text(), '{"last_seen_at":null,"request_count_last_hour":0}');
    const missing = await get("/v1/daemon/status");
    equal(await missing.text(), '{"last_seen_at":null,"request_count_last_hour":0}');
  } finally {
    database.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("createApi() refuses every Host but loopback names with its own port, on every path", async () => {
  const hosts = ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:8765", ""];
  for (const host of hosts) {
    for (const path of ["/health", "/v1/daemon/status", "/nothing", "/x/../health", "//health", "/%2e%2e/health"]) {
      const response = await get(path, { host });
      equal(response.status, 421, `${host} ${path}`);
      match(await response.text(), /"code":"wrong_host"/);
    }
  }
  equal((await get("/health", { host: `LOCALHOST:${PORT}` })).status, 200);
});

Deno.test("createApi() lets pages of the configured origins read, and no others", async () => {
  const allowed = await get("/health", { origin: "http://localhost:3000" });
  equal(allowed.headers.get("access-control-allow-origin"), "http://localhost:3000");
  for (const origin of ["null", "http://localhost:3001", "https://localhost:3000", "http://evil.example"]) {
    const response = await get("/health", { origin });
    equal(response.headers.get("access-control-allow-origin"), null, origin);
    equal(response.headers.get("vary"), "Origin");
    equal((await get("/health", { origin }, "OPTIONS")).status, 403, origin);
  }
  const preflight = await get("/health", { origin: "http://localhost:3000" }, "OPTIONS");
  equal(preflight.status, 204);
  equal(preflight.headers.get("access-control-allow-methods"), "GET, HEAD");
});

Deno.test("createApi() forbids caches to keep an answer, errors included", async () => {
  for (const path of ["/health", "/nothing"]) {
    equal((await get(path)).headers.get("cache-control"), "no-store");
    equal((await get(path)).headers.get("x-content-type-options"), "nosniff");
  }
  equal((await get("/health", { host: "evil.example" })).headers.get("cache-control"), "no-store");
});

Deno.test("createApi() explains what is not there and a database that cannot be read", async () => {
  const missing = await get("/v1/nothing");
  equal(missing.status, 404);
  equal(missing.headers.get("content-type"), "application/problem+json");
  const broken = createApi({
    version: "1",
    allowOrigins: [],
    port: () => PORT,
    database: () => {
      throw new Error("secret path");
    },
    now: () => 0,
  });
  const response = await broken.request("/v1/daemon/status", { headers: { host: `127.0.0.1:${PORT}` } });
  equal(response.status, 503);
  equal((await response.text()).includes("secret"), false);
});
