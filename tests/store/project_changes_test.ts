import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { changeProject, isProjectName } from "../../src/store/project_changes.ts";
import { findProject } from "../../src/store/project_rows.ts";
import { auditTrail, getBodyCapture } from "../../src/store/settings.ts";
import { NOON, row, withDatabase, write } from "./sample.ts";

Deno.test("changeProject makes all changes, notes each, and notes nothing that is so already", async () => {
  await withDatabase((db) => {
    write(db, [row()]);
    const change = { slug: "demo", name: "Demo", archived: true, bodyCapture: "off" } as const;
    changeProject(db, change, NOON);
    changeProject(db, change, NOON + 1);
    const project = findProject(db, "demo");
    deepEqual([project?.name, project?.archivedAt, getBodyCapture(db, "demo")], ["Demo", NOON, "off"]);
    deepEqual(auditTrail(db, 10).map(({ event }) => event), [
      "project.body_capture_set",
      "project.archived",
      "project.renamed",
    ]);
    changeProject(db, { slug: "demo", archived: false, bodyCapture: null }, NOON);
    deepEqual([findProject(db, "demo")?.archivedAt, getBodyCapture(db, "demo")], [null, null]);
  });
});

Deno.test("changeProject makes none when one cannot be made", async () => {
  await withDatabase((db) => {
    write(db, [row()]);
    throws(() => changeProject(db, { slug: "demo", archived: true, name: "a\nb" }, NOON), MeterError);
    throws(() => changeProject(db, { slug: "nobody", archived: true }, NOON), MeterError);
    equal(findProject(db, "demo")?.archivedAt, null);
    equal(db.isTransaction ?? false, false);
  });
});

Deno.test("isProjectName takes one line that is not empty", () => {
  for (const good of ["a", "Zürich / Büro 1", "日本", "x".repeat(100)]) equal(isProjectName(good), true, good);
  for (const bad of ["", " ", " a", "a ", "a\nb", "a\u0000", "a\u2028b", "x".repeat(101)]) {
    equal(isProjectName(bad), false);
  }
});
