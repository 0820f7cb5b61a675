import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { defaultConfig, SETTINGS } from "../../src/domain/config.ts";
import { configFacts } from "../../src/domain/config_facts.ts";

Deno.test("configFacts names settings as the file does", () => {
  const facts = configFacts(defaultConfig());
  equal(facts.get("bodies.enabled"), true);
  equal(facts.get("bodies.max_body_bytes"), 524_288);
  deepEqual(facts.get("cors.allow_origins"), { json: '["http://localhost:3000"]' });
  deepEqual(facts.get("upstream.proxy"), { json: "null" });
  const sections = (keys: Iterable<string>) => [...new Set(Array.from(keys, (key) => key.split(".")[0]))].toSorted();
  deepEqual(sections(facts.keys()), sections(Object.values(SETTINGS).map(({ key }) => key)));
});
