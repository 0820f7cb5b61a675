import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import {
  audit,
  auditTrail,
  bodyCaptureBySlug,
  getBodyCapture,
  promptHashKey,
  readInstallation,
  setBodyCapture,
  writeInstallation,
} from "../../src/store/settings.ts";
import { NOON, row, withDatabase, write } from "./sample.ts";

const OPTIONS = { now: NOON, newId: () => crypto.randomUUID() };

Deno.test("setBodyCapture sets, changes and removes a project's choice, and notes it", async () => {
  await withDatabase((db) => {
    write(db, [row()]);
    equal(getBodyCapture(db, "demo"), null);
    setBodyCapture(db, "demo", "off", OPTIONS);
    equal(getBodyCapture(db, "demo"), "off");
    setBodyCapture(db, "demo", "on", OPTIONS);
    setBodyCapture(db, "not-called-yet", "off", OPTIONS);
    deepEqual([...bodyCaptureBySlug(db)].sort(), [["demo", "on"], ["not-called-yet", "off"]]);
    setBodyCapture(db, "demo", null, OPTIONS);
    equal(getBodyCapture(db, "demo"), null);
    write(db, [row({ attribution: { slug: "not-called-yet", layer: "env" } })]);
    equal(db.prepare("SELECT count(*) AS n FROM projects").get()?.["n"], 2);
    deepEqual(auditTrail(db, 2), [
      { occurredAt: NOON, event: "project.body_capture_set", details: { project: "demo", choice: "default" } },
      { occurredAt: NOON, event: "project.body_capture_set", details: { project: "not-called-yet", choice: "off" } },
    ]);
  });
});

Deno.test("audit keeps events in order, newest first", async () => {
  await withDatabase((db) => {
    audit(db, "bodies.purged", { bodies: 3, vacuum: true }, NOON);
    audit(db, "daemon.started", {}, NOON - 1);
    deepEqual(auditTrail(db, 10).map(({ event }) => event), ["daemon.started", "bodies.purged"]);
  });
});

Deno.test("installation values can be written and replaced", async () => {
  await withDatabase((db) => {
    equal(readInstallation(db, "sync_position"), null);
    writeInstallation(db, "sync_position", "1");
    writeInstallation(db, "sync_position", "2");
    equal(readInstallation(db, "sync_position"), "2");
  });
});

Deno.test("promptHashKey does not make a new key when the old one is lost", async () => {
  await withDatabase((db) => {
    db.exec("DELETE FROM installation");
    throws(() => promptHashKey(db), (error) => error instanceof MeterError && error.code === "database_unusable");
  });
});
