import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { defaultConfig, parseConfig } from "../../src/domain/config.ts";
import { allowedFor } from "../../src/sync/privacy.ts";

function upload(written: Record<string, unknown>) {
  const { config, problems } = parseConfig({ cloud: { upload: written } });
  if (config === null) throw new Error(JSON.stringify(problems));
  return config.cloud.upload;
}

const [NONE, STANDARD, ALL] = [
  { hostname: false, promptHash: false, sourceWorkdir: false },
  { hostname: true, promptHash: true, sourceWorkdir: false },
  { hostname: true, promptHash: true, sourceWorkdir: true },
];

Deno.test("allowedFor gives what each preset says, standard without one", () => {
  deepEqual(allowedFor(defaultConfig().cloud.upload, null), STANDARD);
  deepEqual(allowedFor(upload({ preset: "minimal" }), "shop"), NONE);
  deepEqual(allowedFor(upload({ preset: "standard" }), "shop"), STANDARD);
  deepEqual(allowedFor(upload({ preset: "full" }), "shop"), ALL);
});

Deno.test("allowedFor lets a field overrule the preset, in both directions", () => {
  deepEqual(allowedFor(upload({ preset: "minimal", fields: { source_workdir: true } }), null), {
    ...NONE,
    sourceWorkdir: true,
  });
  deepEqual(allowedFor(upload({ preset: "full", fields: { hostname: false } }), null), { ...ALL, hostname: false });
});

Deno.test("allowedFor lets the nearer word win for a project with a rule, and for no other", () => {
  const settings = upload({
    preset: "full",
    fields: { hostname: true },
    per_project: { secret: { preset: "minimal" }, shop: { fields: { prompt_hash: false } } },
  });
  deepEqual(allowedFor(settings, "secret"), NONE, "the project's preset beats the field for all");
  deepEqual(allowedFor(settings, "shop"), { ...ALL, promptHash: false });
  deepEqual(allowedFor(settings, "other"), ALL);
  deepEqual(allowedFor(settings, "constructor"), ALL, "what every object inherits is no rule");
});
