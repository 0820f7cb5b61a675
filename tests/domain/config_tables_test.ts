import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import type { Problem } from "../../src/domain/config_checks.ts";
import { checkKnownKeys, hostMap, priceOverride, uploadRules } from "../../src/domain/config_tables.ts";
import { createRateTable } from "../../src/meter/rates.ts";

Deno.test("checkKnownKeys suggests only what is near", () => {
  const problems: Problem[] = [];
  const known = ["source_workdir", "prompt_hash", "hostname"];
  checkKnownKeys({ hostnam: 1, prompthash: 1, hst: 1, port: 1 }, known, { path: [], problems }, ["daemon.port"]);
  deepEqual(problems.map(({ suggestion }) => suggestion), ["hostname", "prompt_hash", null, "daemon.port"]);
});

Deno.test("hostMap takes intercepted hosts only", () => {
  const problems: Problem[] = [];
  const map = hostMap({ "api.x.ai": "127.0.0.1:9443", "example.com": "127.0.0.1:1" }, { path: [], problems });
  deepEqual(map, { "api.x.ai": { host: "127.0.0.1", port: 9443 } });
  deepEqual(problems.map(({ keyPath }) => keyPath), ['"example.com"']);
});

Deno.test("priceOverride gives what the price table takes", () => {
  const raw = { provider: "openai", model: "gpt-negotiated", input: 1.5, output: "6" };
  const override = priceOverride(raw, { path: [], problems: [] });
  ok(override !== undefined);
  const found = createRateTable([override]).find("openai", "gpt-negotiated", 0);
  equal(found?.source, "override");
});

Deno.test("uploadRules refuses keys that are no slugs", () => {
  const problems: Problem[] = [];
  uploadRules({ "Not A Slug": {}, ok: { preset: "full", feilds: {} } }, { path: [], problems });
  deepEqual(problems.map(({ keyPath, suggestion }) => [keyPath, suggestion]), [
    ['"Not A Slug"', null],
    ["ok.feilds", "fields"],
  ]);
});
