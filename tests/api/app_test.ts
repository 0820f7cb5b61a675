import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { Problem } from "../../src/api/problem.ts";
import { RequestPage } from "../../src/api/schemas_calls.ts";
import { Stats } from "../../src/api/schemas_usage.ts";
import { MeterError } from "../../src/domain/errors.ts";
import { NOON, row, write } from "../store/sample.ts";
import { fillOdd, ORIGIN, PORT, withApi } from "./harness.ts";

const DAY = 86_400_000;
const JSON_TYPE = { "content-type": "application/json" };

Deno.test("createApi() answers errors as problem+json: a code, a sentence, a next step", async () => {
  await withApi(async (world) => {
    fillOdd(world.db);
    const bad: readonly (readonly [path: string, status: number, code: string, init?: RequestInit])[] = [
      ["/v1/nothing", 404, "not_found"],
      ["/v1/projects/nobody", 404, "no_such_project"],
      ["/v1/projects/nobody/requests", 404, "no_such_project"],
      ["/v1/projects/nobody/requests.csv", 404, "no_such_project"],
      ["/v1/requests?project=nobody", 404, "no_such_project"],
      [`/v1/requests/${crypto.randomUUID()}`, 404, "no_such_request"],
      [`/v1/requests/${crypto.randomUUID()}/body`, 404, "no_such_request"],
      ["/v1/requests/1", 400, "bad_input"],
      ["/v1/stats?since=2026-02-30", 400, "bad_input"],
      ["/v1/stats?since=yesterday", 400, "bad_input"],
      ["/v1/stats?since=", 400, "bad_input"],
      ["/v1/stats?tz=Mars/Olympus", 400, "bad_input"],
      ["/v1/stats?tz=%2B02:00", 400, "bad_input"],
      ["/v1/stats?since=2026-02-02&until=2026-02-01", 400, "bad_input"],
      ["/v1/requests?from=2026-02-02&to=2026-02-01", 400, "bad_input"],
      ["/v1/requests?limit=0", 400, "bad_input"],
      ["/v1/requests?limit=501", 400, "bad_input"],
      ["/v1/requests?limit=ten", 400, "bad_input"],
      ["/v1/requests?status=odd", 400, "bad_input"],
      ["/v1/requests?cursor=AAAA", 400, "bad_input"],
      [`/v1/requests?q=${"a".repeat(201)}`, 400, "bad_input"],
      ["/v1/audit?limit=9999999", 400, "bad_input"],
      ["/v1/stats", 405, "method_not_allowed", { method: "POST", headers: JSON_TYPE, body: "{}" }],
      ["/v1/projects/demo", 405, "method_not_allowed", { method: "DELETE", headers: JSON_TYPE }],
      ["/v1/projects/demo", 400, "bad_json", { method: "PATCH", headers: JSON_TYPE, body: "{" }],
      ["/v1/projects/demo", 400, "bad_input", { method: "PATCH", headers: JSON_TYPE, body: '{"slug":"x"}' }],
      ["/v1/projects/nobody", 404, "no_such_project", { method: "PATCH", headers: JSON_TYPE, body: "{}" }],
    ];
    for (const [path, status, code, init] of bad) {
      const response = await world.ask(path, init);
      const problem = Problem.parse(await response.json());
      deepEqual([response.status, problem.status, problem.code], [status, status, code], path);
      equal(response.headers.get("content-type"), "application/problem+json");
      match(problem.title, /^[A-Z].*[^.]$/);
    }
  });
});

Deno.test("createApi() answers for the last day of all, and lists a year ahead of the calls at most", async () => {
  await withApi(async ({ db, json }) => {
    write(db, [row(), row({ requestedAt: NOON + 1_000 * DAY })]);
    const paths = ["/v1/stats?since=9999-12-31&until=9999-12-31", "/v1/stats?until=9999-12-31&since=0001-01-01"];
    const [end, ever] = await Promise.all(paths.map(async (path) => Stats.parse(await json(path))));
    deepEqual([end?.summary.total_requests, end?.by_day], [0, []]);
    deepEqual([ever?.summary.total_requests, ever?.by_day.length], [2, 1 + 1_000 + 366]);
    equal(ever?.until, ever?.by_day.at(-1)?.date);
    equal(RequestPage.parse(await json("/v1/requests?from=0001-01-01&to=9999-12-31")).total, 2);
  });
});

Deno.test("createApi() names the methods that a path takes", async () => {
  await withApi(async (world) => {
    const response = await world.ask("/v1/projects/demo", { method: "DELETE", headers: JSON_TYPE });
    equal(response.headers.get("allow"), "GET, PATCH, HEAD, OPTIONS");
    const options = await world.ask("/v1/stats", { method: "OPTIONS" });
    deepEqual([options.status, options.headers.get("allow")], [204, "GET, HEAD, OPTIONS"]);
  });
});

Deno.test("createApi() says 503 and why when the database is missing, newer, busy or broken, and quotes nothing", async () => {
  await withApi(async (world) => {
    const failures: readonly (readonly [Error, number, string])[] = [
      [new MeterError("database_unusable", "Cannot read the database: there is none"), 503, "database_unusable"],
      [new MeterError("database_newer", "Cannot use it: a newer halton-meter wrote it"), 503, "database_newer"],
      [Object.assign(new Error("database is locked /secret"), { errcode: 5 }), 503, "database_busy"],
      [Object.assign(new Error("disk I/O error /secret"), { errcode: 10 }), 503, "database_unusable"],
      [new Error("/secret"), 500, "failed"],
    ];
    for (const [failure, status, code] of failures) {
      world.failure = failure;
      for (const path of ["/v1/daemon/status", "/v1/stats", "/v1/projects", "/v1/requests", "/metrics", "/v1/events"]) {
        const response = await world.ask(path);
        const text = await response.text();
        deepEqual([response.status, JSON.parse(text).code], [status, code], path);
        ok(!text.includes("secret"));
      }
    }
    equal((await world.ask("/health")).status, 200);
    world.failure = null;
    equal((await world.ask("/v1/stats")).status, 200);
  });
});

Deno.test("createApi() changes a project through the recorder, and shows it changed", async () => {
  await withApi(async (world) => {
    write(world.db, [row()]);
    const patch = async (body: unknown) =>
      await world.ask("/v1/projects/demo", { method: "PATCH", headers: JSON_TYPE, body: JSON.stringify(body) });
    const renamed = await (await patch({ name: " Billing ", body_capture: "off" })).json();
    deepEqual([renamed.name, renamed.body_capture, renamed.archived_at], ["Billing", "off", null]);
    const archived = await (await patch({ archived: true, body_capture: null })).json();
    deepEqual([archived.body_capture, archived.archived_at], [null, "2026-04-15T12:00:00.000Z"]);
    equal((await patch({ name: "two\nlines" })).status, 400);
    const audit = await world.json("/v1/audit") as { items: { event: string }[] };
    deepEqual(audit.items.map(({ event }) => event), [
      "project.body_capture_set",
      "project.archived",
      "project.body_capture_set",
      "project.renamed",
    ]);
  });
});

Deno.test("createApi() lists prices, and hands a change of one on", async () => {
  await withApi(async (world) => {
    const listed = await world.json("/v1/pricing-rates?provider=anthropic&model=sonnet-4-6") as {
      rates: { model: string; prices: Record<string, string> }[];
    };
    equal(listed.rates.find(({ model }) => model === "claude-sonnet-4-6")?.prices["cache_write_5m"], "3.75");
    const put = async (body: unknown) =>
      (await world.ask("/v1/pricing-rates", { method: "PUT", headers: JSON_TYPE, body: JSON.stringify(body) })).status;
    equal(await put({ provider: "openai", model: "m", prices: { input: "1.5", output: "6" } }), 200);
    equal(await put({ provider: "openai", model: "m", prices: null }), 200);
    for (
      const prices of [{ input: "1" }, { input: "-1", output: "1" }, { input: 1, output: 1 }, {
        input: "1",
        output: "1",
        odd: "1",
      }]
    ) equal(await put({ provider: "openai", model: "m", prices }), 400, JSON.stringify(prices));
    deepEqual(world.prices.map(({ prices }) => prices), [{ input: "1.5", output: "6" }, null]);
    equal((await world.ask("/v1/stats", { headers: { host: `localhost:${PORT}`, origin: ORIGIN } })).status, 200);
  });
});
