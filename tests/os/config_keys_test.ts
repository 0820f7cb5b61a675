import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { readConfigSources } from "../../src/os/config_keys.ts";

Deno.test("readConfigSources tells what the file sets from what it leaves alone", () => {
  const path = Deno.makeTempFileSync();
  const sources = () => {
    const sourceOf = readConfigSources(path);
    return ["bodies.enabled", "bodies.retention_days", "bodies.toString", "cloud.enabled"].map(sourceOf);
  };
  deepEqual(sources(), ["default", "default", "default", "default"]);
  Deno.writeTextFileSync(path, "bodies.retention_days = 90\n[cloud]\nenabled = false\n");
  deepEqual(sources(), ["default", "config.toml", "default", "config.toml"]);
  Deno.writeTextFileSync(path, "[bodies\n");
  deepEqual(sources(), ["default", "default", "default", "default"]);
  Deno.removeSync(path);
  deepEqual(sources(), ["default", "default", "default", "default"]);
});
