import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { attribute, type AttributionFacts, registeredProject } from "../../src/meter/attribution.ts";

const ALL: AttributionFacts = {
  registered: "from-run",
  variable: "from-env",
  rcfile: "from-rc",
  gitFolder: "From Git",
  defaultProject: "misc",
};

Deno.test("attribute takes the layers in order", () => {
  const without: [keyof AttributionFacts, string, string][] = [
    ["registered", "from-run", "run"],
    ["variable", "from-env", "env"],
    ["rcfile", "from-rc", "rcfile"],
    ["gitFolder", "from-git", "git"],
    ["defaultProject", "misc", "smart_default"],
  ];
  let facts = ALL;
  for (const [name, slug, layer] of without) {
    deepEqual(attribute(facts), { slug, layer, malformed: [] });
    if (name !== "defaultProject") facts = { ...facts, [name]: null };
  }
});

Deno.test("attribute passes a malformed slug over and says which", () => {
  deepEqual(attribute({ ...ALL, registered: null, variable: "Billing Team", rcfile: "A" }), {
    slug: "from-git",
    layer: "git",
    malformed: ["env", "rcfile"],
  });
});

Deno.test("attribute takes an empty variable for none", () => {
  deepEqual(attribute({ ...ALL, registered: null, variable: "" }), { slug: "from-rc", layer: "rcfile", malformed: [] });
});

Deno.test("attribute falls through a folder name of which no slug can be made", () => {
  const facts = { registered: null, variable: null, rcfile: null, gitFolder: "日本", defaultProject: "other" };
  deepEqual(attribute(facts), { slug: "other", layer: "smart_default", malformed: [] });
});

Deno.test("registeredProject finds the nearest registered ancestor", () => {
  const registrations = new Map([[10, "outer"], [20, "inner"]]);
  equal(registeredProject(30, [25, 20, 15, 10, 1], registrations), "inner");
  equal(registeredProject(10, [1], registrations), "outer");
  equal(registeredProject(11, [9, 1], registrations), null);
});
