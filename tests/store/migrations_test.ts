import { deepStrictEqual as deepEqual, match, strictEqual as equal, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openForWriting } from "../../src/store/database.ts";
import { appliedMigration, migrate, type Migration, MIGRATIONS, NEWEST_MIGRATION } from "../../src/store/migrations.ts";
import { promptHashKey } from "../../src/store/settings.ts";
import { NOON, row, unpricedRow, withDatabase, withFolder, write } from "./sample.ts";

const NEXT: Migration = { id: NEWEST_MIGRATION + 1, name: "next", sql: "ALTER TABLE requests ADD COLUMN next TEXT" };

function columns(db: DatabaseSync, table: string): unknown[] {
  return db.prepare("SELECT name FROM pragma_table_info(?)").all(table).map((column) => column["name"]);
}

Deno.test("MIGRATIONS are numbered from one without gaps", () => {
  deepEqual(MIGRATIONS.map(({ id }) => id), MIGRATIONS.map((_, index) => index + 1));
});

Deno.test("migrate makes the documented tables, all of them strict", async () => {
  await withDatabase((db) => {
    const tables = db.prepare("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").all()
      .filter(({ name }) => !String(name).startsWith("sqlite_"));
    const found = new Set(tables.map(({ name }) => name));
    for (
      const name of [
        "_migrations",
        "audit_events",
        "installation",
        "policies",
        "policy_events",
        "pricing_rates",
        "project_settings",
        "projects",
        "reconciliation_records",
        "request_bodies",
        "requests",
      ]
    ) equal(found.has(name), true, name);
    deepEqual(tables.filter(({ strict }) => strict !== 1), []);
  });
});

Deno.test("migrate keeps the documented column names of requests", async () => {
  await withDatabase((db) => {
    const found = new Set(columns(db, "requests"));
    const documented = "id project_id provider model mode request_kind input_tokens output_tokens thinking_tokens " +
      "cache_read_tokens cache_write_tokens cost_usd_minor_units fx_rate rates_source latency_ms tokens_complete " +
      "requested_at status error_class provider_error_code http_status prompt_hash";
    deepEqual(documented.split(" ").filter((name) => !found.has(name)), []);
  });
});

Deno.test("migrate does nothing the second time, and keeps the rows and the key", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    const first = openForWriting(path, { now: NOON });
    write(first, [row()]);
    const key = promptHashKey(first);
    match(key, /^[0-9a-f]{64}$/);
    first.close();
    const second = openForWriting(path, { now: NOON + 1 });
    migrate(second, NOON + 2);
    const applied = second.prepare("SELECT applied_at FROM _migrations").all().map((each) => each["applied_at"]);
    deepEqual(applied, MIGRATIONS.map(() => NOON));
    equal(promptHashKey(second), key);
    equal(second.prepare("SELECT count(*) AS n FROM requests").get()?.["n"], 1);
    second.close();
  });
});

Deno.test("migrate gives every installation a key of its own", async () => {
  await withDatabase(async (one) => {
    await withDatabase((other) => equal(promptHashKey(one) === promptHashKey(other), false));
  });
});

Deno.test("migrate applies a later step to a database with rows", async () => {
  await withDatabase((db) => {
    write(db, [row()]);
    migrate(db, NOON, [...MIGRATIONS, NEXT]);
    equal(appliedMigration(db), NEXT.id);
    equal(db.prepare("PRAGMA user_version").get()?.["user_version"], NEXT.id);
    equal(columns(db, "requests").includes("next"), true);
  });
});

Deno.test("migrate undoes the whole step when a part of it fails", () => {
  const db = new DatabaseSync(":memory:");
  const broken = { ...NEXT, sql: "CREATE TABLE half (a TEXT); CREATE TABLE half (a TEXT)" };
  throws(() => migrate(db, NOON, [...MIGRATIONS, broken]));
  equal(appliedMigration(db), NEWEST_MIGRATION);
  deepEqual(columns(db, "half"), []);
  db.close();
});

Deno.test("migrate makes the roll-ups by client and of billed money from the rows of an older database", async () => {
  await withDatabase((db) => {
    const bases = ["metered", "subscription", "credits", "unknown"] as const;
    write(
      db,
      Array.from({ length: 200 }, (_, index) => {
        const requestedAt = NOON + index * 1_111_111;
        const billingBasis = bases[index % 4] ?? "unknown";
        const clientName = index % 3 === 0 ? null : `client-${index % 2}`;
        const requestKind = index % 6 === 0 ? "count_tokens" : "chat";
        const changes = { requestedAt, billingBasis, clientName, requestKind } as const;
        return index % 5 === 0 ? unpricedRow(changes) : row(changes);
      }),
    );
    const content = () =>
      ["usage_slots", "usage_clients"].flatMap((table) =>
        db.prepare(`SELECT * FROM ${table}`).all().map((each) => ({ ...each }))
      );
    const kept = content();
    // Back to what migration 3 left, with the rows in place.
    db.exec("DROP TABLE usage_clients");
    for (const column of ["not_billed_requests", "not_billed_unpriced", "not_billed_pico"]) {
      db.exec(`ALTER TABLE usage_slots DROP COLUMN ${column}`);
    }
    db.exec("DELETE FROM _migrations WHERE id > 3");
    migrate(db, NOON, MIGRATIONS.filter(({ id }) => id <= 5));
    deepEqual(content(), kept);
  });
});

Deno.test("migrate makes the roll-up by hour from the quarters of an older database", async () => {
  await withDatabase((db) => {
    const providers = ["anthropic", "openai"] as const;
    const calls = Array.from({ length: 120 }, (_, index) => {
      const changes = { requestedAt: NOON + index * 1_111_111, provider: providers[index % 2] ?? "xai" } as const;
      return index % 5 === 0 ? unpricedRow({ ...changes, billingBasis: "credits" }) : row(changes);
    });
    write(db, calls);
    const content = () => db.prepare("SELECT * FROM usage_hours").all().map((each) => ({ ...each }));
    const kept = content();
    equal(kept.length > 40, true);
    db.exec("DROP TABLE usage_hours; DELETE FROM _migrations WHERE id > 6");
    migrate(db, NOON);
    deepEqual(content(), kept);
  });
});
