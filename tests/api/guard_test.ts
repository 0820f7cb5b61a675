import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { isOddPath, isOwnHost } from "../../src/api/guard.ts";
import { row, write } from "../store/sample.ts";
import { ORIGIN, PORT, withApi } from "./harness.ts";

const HOST = `127.0.0.1:${PORT}`;

Deno.test("isOwnHost() takes loopback names with the API's port and nothing else", () => {
  for (const host of [HOST, `localhost:${PORT}`, `LocalHost:${PORT}`]) ok(isOwnHost(host, PORT), host);
  for (
    const host of [null, undefined, "", "localhost", "127.0.0.1", "127.0.0.1:80", `localhost.:${PORT}`, `[::1]:${PORT}`]
      .concat(
        [`evil@${HOST}`, `${HOST}.evil`, `127.1:${PORT}`, `0.0.0.0:${PORT}`, `127.0.0.1:0${PORT}`, ` ${HOST}`],
      )
  ) ok(!isOwnHost(host, PORT), String(host));
  ok(isOwnHost("127.0.0.1", 80));
});

Deno.test("isOddPath() sees dot segments, empty ones, backslashes, parameters and controls, plain or encoded", () => {
  for (const path of ["/", "/v1/stats", "/v1/projects/a%2Fb", "/v1/projects/a%3Ab", "/a.b/..c", "/%20"]) {
    ok(!isOddPath(path));
  }
  for (
    const path of ["", "v1", "//", "/a//b", "/..", "/a/./b", "/%2e%2E", "/a%5Cb", "/a;b", "/%00", "/%0a", "/%", "/%c3"]
  ) {
    ok(isOddPath(path), path);
  }
});

Deno.test("guard() answers 421 to every other Host on every path and method, errors included", async () => {
  await withApi(async (world) => {
    const hosts = ["evil.example", `evil.example:${PORT}`, "127.0.0.1", "127.0.0.1:80", `${HOST}.evil.example`, ""];
    for (const host of hosts) {
      for (
        const path of ["/", "/health", "/v1/stats", "/nothing", "/v1/events", "/metrics", "/proxy.pac", "//x", "/a%00"]
      ) {
        for (const method of ["GET", "HEAD", "OPTIONS", "POST", "PATCH"]) {
          const response = await world.ask(path, { method, headers: { host } });
          equal(response.status, 421, `${host} ${method} ${path}`);
          equal(response.headers.get("cache-control"), "no-store");
        }
      }
    }
    // After DNS rebinding a browser sends the name that it believes in.
    const rebound = await world.ask("/v1/requests", {
      headers: { host: `rebound.evil.example:${PORT}`, "sec-fetch-site": "same-origin" },
    });
    equal(rebound.status, 421);
  });
});

Deno.test("guard() lets pages of configured origins read sums and lists, and nothing else", async () => {
  await withApi(async (world) => {
    write(world.db, [row({ id: "11111111-1111-4111-8111-111111111111" })]);
    const shared = [
      "/health",
      "/v1/daemon/status",
      "/v1/stats",
      "/v1/projects",
      "/v1/projects/demo",
      "/v1/projects/demo/stats",
      "/v1/projects/demo/requests",
      "/v1/projects/demo/requests.csv",
    ];
    const own = [
      "/",
      "/v1/requests",
      "/v1/requests/11111111-1111-4111-8111-111111111111",
      "/v1/requests/11111111-1111-4111-8111-111111111111/body",
      "/v1/bodies/stats",
      "/v1/audit",
      "/v1/events",
      "/metrics",
      "/openapi.json",
    ];
    const granted = async (path: string, origin: string, method = "GET") => {
      const response = await world.ask(path, { method, headers: { origin } });
      await response.body?.cancel();
      equal(response.headers.get("vary"), "Origin", path);
      return response.headers.get("access-control-allow-origin");
    };
    for (const path of shared) {
      equal(await granted(path, ORIGIN), ORIGIN, path);
      equal(await granted(path, ORIGIN, "OPTIONS"), ORIGIN, path);
      for (const origin of ["null", "http://localhost:3001", "https://localhost:3000", "http://evil.example"]) {
        equal(await granted(path, origin), null, `${origin} ${path}`);
        equal((await world.ask(path, { method: "OPTIONS", headers: { origin } })).status, 403);
      }
    }
    for (const path of own) {
      equal(await granted(path, ORIGIN), null, path);
      equal((await world.ask(path, { method: "OPTIONS", headers: { origin: ORIGIN } })).status, 403, path);
    }
    const preflight = await world.ask("/v1/stats", { method: "OPTIONS", headers: { origin: ORIGIN } });
    deepEqual([preflight.status, preflight.headers.get("access-control-allow-methods")], [204, "GET, HEAD"]);
  });
});

Deno.test("guard() lets other sites link here and load nothing", async () => {
  await withApi(async (world) => {
    const asked = async (fields: Record<string, string>, path = "/") =>
      (await world.ask(path, { headers: fields })).status;
    const cross = { "sec-fetch-site": "cross-site" };
    equal(await asked({ ...cross, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }), 200);
    equal(await asked({ ...cross, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }), 403);
    for (const dest of ["script", "image", "style", "empty"]) {
      equal(await asked({ ...cross, "sec-fetch-mode": "no-cors", "sec-fetch-dest": dest }, "/v1/stats"), 403, dest);
    }
    equal(await asked({ "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" }, "/v1/events"), 403);
    equal(await asked({ ...cross, "sec-fetch-mode": "cors", origin: ORIGIN }, "/v1/stats"), 200);
    equal(await asked({ ...cross, "sec-fetch-mode": "cors", origin: "null" }, "/v1/stats"), 403);
    equal(await asked({ "sec-fetch-site": "same-origin" }, "/v1/stats"), 200);
    equal(await asked({ "sec-fetch-site": "none" }, "/v1/stats"), 200);
  });
});

Deno.test("guard() takes changes as JSON only, from its own pages or from no page", async () => {
  await withApi(async (world) => {
    write(world.db, [row()]);
    const patch = async (headers: Record<string, string>, body = '{"name":"new"}') =>
      (await world.ask("/v1/projects/demo", { method: "PATCH", headers, body })).status;
    const json = { "content-type": "application/json; charset=utf-8" };
    // What a form on another site, or a script in a sandboxed frame, can send.
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      equal(await patch({ "content-type": type }), 415, type);
      equal(await patch({ "content-type": type, origin: "http://evil.example", "sec-fetch-site": "cross-site" }), 403);
    }
    equal(await patch({}), 415);
    equal(await patch({ ...json, origin: "null" }), 403);
    equal(await patch({ ...json, origin: "http://evil.example" }), 403);
    equal(await patch({ ...json, origin: `http://${HOST}.evil.example` }), 403);
    equal(await patch({ ...json, "sec-fetch-site": "cross-site" }), 403);
    equal(await patch({ ...json, origin: ORIGIN, "sec-fetch-site": "cross-site" }), 403);
    equal((await world.json("/v1/projects/demo") as { name: string }).name, "demo");
    equal(await patch({ ...json, origin: `http://${HOST}`, "sec-fetch-site": "same-origin" }), 200);
    equal(await patch(json), 200);
  });
});

Deno.test("guard() forbids caching, framing, sniffing and referring, and inline script on pages", async () => {
  await withApi(async (world) => {
    for (const path of ["/", "/health", "/nothing", "/v1/stats?since=x", "/assets/app.js"]) {
      const { headers } = await world.ask(path);
      equal(headers.get("cache-control"), "no-store", path);
      equal(headers.get("x-content-type-options"), "nosniff");
      equal(headers.get("x-frame-options"), "DENY");
      equal(headers.get("referrer-policy"), "no-referrer");
      equal(headers.get("cross-origin-opener-policy"), "same-origin");
      equal(headers.get("cross-origin-resource-policy"), "same-origin");
      const policy = headers.get("content-security-policy") ?? "";
      ok(policy.includes("default-src 'none'") && policy.includes("frame-ancestors 'none'"), policy);
      ok(!policy.includes("unsafe"), policy);
    }
  });
});
