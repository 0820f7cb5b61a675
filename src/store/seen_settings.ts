/**
 * Which settings were in force last, so that the audit trail tells of every change of config.toml, also of one that was made
 * while no daemon ran.
 *
 * Numbers and flags are kept as they are. Of anything else a fingerprint under this installation's key is kept, since a setting
 * may hold a password; the trail says only that it changed.
 *
 * Imports: node:crypto, node:sqlite (types), domain, ./settings.ts, ./transaction.ts.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { ConfigFacts } from "../domain/config_facts.ts";
import { audit, type AuditDetails, promptHashKey, readInstallation, writeInstallation } from "./settings.ts";
import { inTransaction } from "./transaction.ts";

const KEY = "settings_seen";

/**
 * Compares with what was in force before and notes what differs as one event.
 *
 * @param defaults What was in force before the first start of all.
 * @param now UTC epoch ms.
 */
export function noteSettings(db: DatabaseSync, facts: ConfigFacts, defaults: ConfigFacts, now: number): void {
  const key = promptHashKey(db);
  const seen = readInstallation(db, KEY);
  const before: Readonly<Record<string, unknown>> = seen === null ? kept(defaults, key) : JSON.parse(seen);
  const after = kept(facts, key);
  // A setting that an earlier version did not know is no change.
  const changed = Object.entries(after).filter(([name, value]) =>
    Object.hasOwn(before, name) && before[name] !== value
  );
  const text = JSON.stringify(after);
  if (text === seen) return;
  const details: AuditDetails = Object.fromEntries(
    changed.map(([name, value]) => [name, typeof value === "string" ? "changed" : value]),
  );
  inTransaction(db, () => {
    if (changed.length > 0) audit(db, "config.changed", details, now);
    writeInstallation(db, KEY, text);
  });
}

function kept(facts: ConfigFacts, key: string): Record<string, number | boolean | string> {
  return Object.fromEntries([...facts].map(([name, value]) => {
    if (typeof value !== "object") return [name, value];
    return [name, createHmac("sha256", key).update(value.json).digest("hex").slice(0, 16)];
  }));
}
