import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { CaptureChoices } from "../../src/roles/capture_choices.ts";
import { openForWriting } from "../../src/store/database.ts";
import { setBodyCapture } from "../../src/store/settings.ts";
import { NOON, withDatabase } from "../store/sample.ts";

Deno.test("CaptureChoices follows another process at once, and its own connection when it is told to", async () => {
  await withDatabase((db, path) => {
    const choices = new CaptureChoices(db, () => NOON);
    const options = { now: NOON, newId: () => crypto.randomUUID() };
    equal(choices.of("shop", NOON), null);
    const other = openForWriting(path, { now: NOON });
    setBodyCapture(other, "shop", "off", options);
    equal(choices.of("shop", NOON), false);
    equal(choices.of("blog", NOON), null);
    setBodyCapture(db, "blog", "on", options);
    choices.forget();
    equal(choices.of("blog", NOON), true);
    other.close();
  });
});

Deno.test("CaptureChoices takes a call that began while its project was off for one to leave alone, not the next one", async () => {
  await withDatabase((db) => {
    let now = NOON;
    const choices = new CaptureChoices(db, () => now);
    const set = (choice: "on" | "off" | null) => {
      setBodyCapture(db, "shop", choice, { now, newId: () => crypto.randomUUID() });
      choices.forget();
    };
    for (const choice of ["on", null] as const) {
      set("off");
      const begun = now += 1_000;
      choices.refresh(); // As the call begins.
      now += 1_000;
      set(choice);
      const later = now += 1_000; // It is seen only with the next call.
      deepEqual([choices.of("shop", begun), choices.of("shop", later)], [false, choice === "on" ? true : null]);
    }
  });
});
