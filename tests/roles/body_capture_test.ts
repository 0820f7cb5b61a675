import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { BodyCapture } from "../../src/roles/body_capture.ts";
import type { Owner } from "../../src/roles/messages.ts";

const NOBODY: Owner = { slug: "misc", layer: "smart_default", unknown: true };
const MISC: Owner = { slug: "misc", layer: "smart_default" };
const NOW = Date.UTC(2026, 10, 21);

/** @param choices What users chose for projects; it may be changed. */
function capture(choices: Map<string, boolean>, enabled = true): BodyCapture {
  return new BodyCapture({
    of: (slug) => choices.get(slug) ?? null,
    someOff: () => [...choices.values()].includes(false),
  }, enabled);
}

Deno.test("BodyCapture keeps nothing of a caller that was not found while some project is off, and counts it", () => {
  const choices = new Map<string, boolean>();
  const bodies = capture(choices);
  equal(bodies.keeps(NOBODY, NOW), true);
  choices.set("secret", false);
  deepEqual([bodies.keeps(NOBODY, NOW), bodies.keeps(MISC, NOW), bodies.withheld], [false, true, 1]);
  choices.set("misc", true);
  equal(bodies.keeps(NOBODY, NOW), false, "it need not be of that project");
  choices.delete("secret");
  deepEqual([bodies.keeps(NOBODY, NOW), bodies.withheld], [true, 2]);
});

Deno.test("BodyCapture keeps nothing of a caller that was not found once a folder has said off", () => {
  const bodies = capture(new Map());
  equal(bodies.keeps({ slug: "shop", layer: "git", bodyCapture: false }, NOW), false);
  deepEqual([bodies.keeps(NOBODY, NOW), bodies.keeps(MISC, NOW), bodies.withheld], [false, true, 1]);
});

Deno.test("BodyCapture lets off win over a daemon-wide setting that came back, and counts no doubt where it is off", () => {
  const bodies = capture(new Map([["blog", true]]), false);
  const begun = Date.now() - 1;
  bodies.look();
  bodies.configure(true);
  deepEqual([bodies.keeps(MISC, begun), bodies.keeps(MISC, Date.now() + 1_000)], [false, true]);
  bodies.configure(false);
  deepEqual([bodies.keeps(NOBODY, NOW), bodies.withheld], [false, 0]);
  equal(bodies.keeps({ slug: "blog", layer: "git" }, NOW), true);
});
