import { strictEqual as equal, throws } from "node:assert/strict";
import { changeCloud } from "../../src/os/config_cloud.ts";
import { readConfig } from "../../src/os/config_file.ts";

const ON = [{ key: ["enabled"], value: true }] as const;

Deno.test("changeCloud changes a value where it stands, and no other byte", () => {
  const text =
    "# mine\r\n[bodies]\r\nenabled = false # keep\r\n[cloud]\r\n  enabled   = false  # later\r\n[tagging]\r\n";
  equal(changeCloud("c", text, ON), text.replace("= false  # later", "= true  # later"));
});

Deno.test("changeCloud adds a key below its table, and a table at the end", () => {
  equal(changeCloud("c", "", ON), "[cloud]\nenabled = true\n");
  equal(changeCloud("c", "[cloud]", ON), "[cloud]\nenabled = true\n");
  equal(changeCloud("c", "[bodies]\nenabled = true", ON), "[bodies]\nenabled = true\n\n[cloud]\nenabled = true\n");
  equal(changeCloud("c", "[cloud]\n# a\n[bodies]\n", ON), "[cloud]\nenabled = true\n# a\n[bodies]\n");
});

Deno.test("changeCloud writes rules for projects whose slugs need quotes", () => {
  const text = changeCloud("c", "", [
    { key: ["upload", "per_project", "a/b:c", "preset"], value: "minimal" },
    { key: ["upload", "per_project", "a/b:c", "fields", "hostname"], value: false },
    { key: ["upload", "preset"], value: "full" },
  ]);
  const { upload } = readConfig("c", text).cloud;
  equal(upload.preset, "full");
  equal(upload.perProject["a/b:c"]?.preset, "minimal");
  equal(upload.perProject["a/b:c"]?.fields.hostname, false);
  const less = changeCloud("c", text, [{ key: ["upload", "per_project", "a/b:c", "preset"], value: null }]);
  equal(readConfig("c", less).cloud.upload.perProject["a/b:c"]?.preset, null);
});

Deno.test("changeCloud takes a key out, also one that is not there", () => {
  const gone = [{ key: ["enabled"], value: null }];
  equal(changeCloud("c", "[cloud]\nenabled = true\n# end\n", gone), "[cloud]\n# end\n");
  equal(changeCloud("c", "[cloud]\n", gone), "[cloud]\n");
  equal(changeCloud("c", "", gone), "");
});

Deno.test("changeCloud refuses a text that it cannot change line by line, and leaves it", () => {
  for (
    const text of [
      "cloud = { enabled = false }\n",
      "[cloud]\nupload = { preset = 'full' }\n",
      '[bodies]\n[tagging]\ndefault_project = """\n[cloud]\n"""\n',
    ]
  ) throws(() => changeCloud("c", text, [...ON, { key: ["upload", "preset"], value: "minimal" }]), /line|found/, text);
  throws(() => changeCloud("c", "", [{ key: ["base_url"], value: "http://example.com" }]), /its own check/);
  throws(() => changeCloud("c", "[cloud]\nenabled = 1\n", ON), /wanted true or false/);
});
