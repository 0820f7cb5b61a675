import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { defaultConfig } from "../../src/domain/config.ts";
import { MeterError } from "../../src/domain/errors.ts";
import { loadConfig, readConfig } from "../../src/os/config_file.ts";

function file(content: string | Uint8Array): string {
  const path = `${Deno.makeTempDirSync()}/config.toml`;
  Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  return path;
}

/** The lines of the error, without the path. */
async function problemsOf(content: string): Promise<string[]> {
  const path = file(content);
  let lines: string[] = [];
  await rejects(loadConfig(path), (error) => {
    ok(error instanceof MeterError && error.code === "bad_config", String(error));
    lines = error.message.split("\n").map((line) => {
      ok(line.startsWith(`${path}:`), line);
      return line.slice(path.length + 1);
    });
    return true;
  });
  return lines;
}

Deno.test("loadConfig gives the defaults without a file, and for an empty one", async () => {
  deepEqual(await loadConfig(`${Deno.makeTempDirSync()}/config.toml`), defaultConfig());
  deepEqual(await loadConfig(file("")), defaultConfig());
});

Deno.test("loadConfig reads what a person writes", async () => {
  const config = await loadConfig(file(`
[bodies]
enabled = false
max_body_bytes = 1_024

[cors]
allow_origins = ["http://localhost:3000", "http://localhost:5173"]

[upstream]
map = { "api.anthropic.com" = "127.0.0.1:9443" }

[[pricing.overrides]]
provider = "anthropic"
model = "claude-x"
input = 2.5
output = "12.5"
from = 2026-01-01
until = 2026-07-01T00:00:00+02:00

[cloud.upload.per_project.billing]
preset = "minimal"
`));
  equal(config.bodies.enabled, false);
  equal(config.bodies.maxBodyBytes, 1024);
  deepEqual(config.cors.allowOrigins, ["http://localhost:3000", "http://localhost:5173"]);
  deepEqual(config.upstream.map, { "api.anthropic.com": { host: "127.0.0.1", port: 9443 } });
  equal(config.pricing.overrides[0]?.prices.input, "2.5");
  equal(config.pricing.overrides[0]?.validFrom, Date.UTC(2026, 0, 1));
  equal(config.pricing.overrides[0]?.validUntil, Date.UTC(2026, 5, 30, 22));
  equal(config.cloud.upload.perProject["billing"]?.preset, "minimal");
});

Deno.test("loadConfig names file, line and key of every problem, in the order of the file", async () => {
  const source = `
[tagging]
default_project = "Not A Slug"

# a comment
[bodies]
max_body_bytes = "512K"
enabeld = true

[[pricing.overrides]]
provider = "openai"
model = "m"
input = 1
[[pricing.overrides]]
provider = "openai"
model = "m"
input = 1
output = -2

[upstream]
map = { "api.openai.com" = "nowhere" }
`;
  deepEqual(await problemsOf(source), [
    "3: tagging.default_project: found another string, wanted lower-case letters, digits and - _ : / only",
    "7: bodies.max_body_bytes: found a string, wanted a whole number of bytes from 0 to 67108864",
    '8: bodies.enabeld: found an unknown key; did you mean "enabled"?',
    "10: pricing.overrides[0].output: found nothing, wanted USD per million tokens, 0 or more, with at most 6 decimals",
    "18: pricing.overrides[1].output: found -2, wanted USD per million tokens, 0 or more, with at most 6 decimals",
    '21: upstream.map."api.openai.com": found another string, wanted host:port',
  ]);
});

Deno.test("loadConfig gives the line of a syntax error and none of the text", async () => {
  const [line = "", ...more] = await problemsOf(`[upstream]\nproxy = "http://u:s3cret@proxy" s3cret\n`);
  ok(/^2: [A-Z]/.test(line), line);
  equal(line.includes("s3cret"), false);
  equal(more.length, 0);
});

Deno.test("loadConfig refuses repeated keys and numbers that do not fit", async () => {
  ok((await problemsOf("[bodies]\nenabled = true\nenabled = false\n"))[0]?.startsWith("3: "));
  ok((await problemsOf("[bodies]\nenabled = true\n[bodies]\n"))[0]?.startsWith("3: "));
  ok((await problemsOf("[bodies]\n\nmax_total_bytes = 99999999999999999999\n"))[0]?.startsWith("3: "));
});

Deno.test("loadConfig says why a file cannot be read", async () => {
  await rejects(loadConfig(Deno.makeTempDirSync()), /it is not a file/);
  await rejects(loadConfig(file(new Uint8Array([0x61, 0xff, 0xfe]))), /it is not UTF-8 text/);
  await rejects(loadConfig(file("#".repeat(1_048_577))), /larger than 1 MiB/);
});

Deno.test("readConfig names the file that it was told", () => {
  throws(() => readConfig("/p/config.toml", "bodies = 1"), {
    message: "/p/config.toml:1: bodies: found 1, wanted a table",
  });
});
