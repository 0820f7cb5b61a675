import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { ConfigFacts } from "../../src/domain/config_facts.ts";
import { noteSettings } from "../../src/store/seen_settings.ts";
import { auditTrail, readInstallation } from "../../src/store/settings.ts";
import { NOON, withDatabase } from "./sample.ts";

function facts(changes: Record<string, number | boolean | { readonly json: string }> = {}): ConfigFacts {
  return new Map(Object.entries({
    "bodies.enabled": true,
    "bodies.retention_days": 90,
    "upstream.proxy": { json: "null" },
    ...changes,
  }));
}

Deno.test("noteSettings tells of what differs from the defaults and then from the last time, and of nothing else", async () => {
  await withDatabase((db) => {
    const note = (changes: Parameters<typeof facts>[0]) => noteSettings(db, facts(changes), facts(), NOON);
    note({});
    deepEqual(auditTrail(db, 9), []);
    note({ "bodies.enabled": false });
    note({ "bodies.enabled": false });
    note({ "bodies.retention_days": 30 });
    deepEqual(auditTrail(db, 9).map(({ event, details }) => [event, details]), [
      ["config.changed", { "bodies.enabled": true, "bodies.retention_days": 30 }],
      ["config.changed", { "bodies.enabled": false }],
    ]);
  });
});

Deno.test("noteSettings keeps nothing of a setting that may be a password", async () => {
  await withDatabase((db) => {
    const json = '{"host":"proxy","authorization":"Basic aHVudGVyMg=="}';
    noteSettings(db, facts({ "upstream.proxy": { json } }), facts(), NOON);
    deepEqual(auditTrail(db, 9)[0]?.details, { "upstream.proxy": "changed" });
    equal(readInstallation(db, "settings_seen")?.includes("aHVudGVyMg"), false);
  });
});

Deno.test("noteSettings takes a setting of a newer version for no change", async () => {
  await withDatabase((db) => {
    noteSettings(db, facts(), facts(), NOON);
    noteSettings(db, facts({ "bodies.new": 1 }), facts(), NOON);
    deepEqual(auditTrail(db, 9), []);
    noteSettings(db, facts({ "bodies.new": 2 }), facts(), NOON);
    deepEqual(auditTrail(db, 9)[0]?.details, { "bodies.new": 2 });
  });
});
