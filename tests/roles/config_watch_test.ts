import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { type Config, defaultConfig } from "../../src/domain/config.ts";
import { ConfigWatch } from "../../src/roles/config_watch.ts";

interface Seen {
  readonly changed: Config[];
  readonly invalid: string[];
}

/** Runs a test with a watched file, looked at by hand. */
async function withWatch(test: (path: string, watch: ConfigWatch, seen: Seen) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "halton-watch-" });
  const seen: Seen = { changed: [], invalid: [] };
  const path = `${folder}/config.toml`;
  const watch = new ConfigWatch(path, defaultConfig(), {
    changed: (config) => seen.changed.push(config),
    invalid: (reason) => seen.invalid.push(reason),
  });
  try {
    await test(path, watch, seen);
  } finally {
    watch.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds() && waited < 10_000; waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const OVERRIDE = '[[pricing.overrides]]\nprovider = "openai"\nmodel = "m"\ninput = 1\noutput = 2\n';

Deno.test("ConfigWatch tells of a file that appears, changes and goes, once each", async () => {
  await withWatch(async (path, watch, seen) => {
    await watch.look();
    Deno.writeTextFileSync(path, OVERRIDE);
    await watch.look();
    await watch.look();
    Deno.writeTextFileSync(path, `# a comment\n${OVERRIDE}`);
    await watch.look();
    deepEqual(seen.changed.map(({ pricing }) => pricing.overrides.length), [1]);
    Deno.removeSync(path);
    await watch.look();
    equal(seen.changed.length, 1, "an editor may be about to write it");
    await until(() => seen.changed.length > 1);
    deepEqual(seen.changed.map(({ pricing }) => pricing.overrides.length), [1, 0]);
    deepEqual([seen.invalid, watch.problems], [[], []]);
  });
});

Deno.test("ConfigWatch keeps the settings through a wrong file, says what is wrong, and forgets it once it is right", async () => {
  await withWatch(async (path, watch, seen) => {
    Deno.writeTextFileSync(path, '[bodies]\nenabeld = "s3cret"\n');
    await watch.look();
    equal(seen.changed.length, 0);
    match(seen.invalid[0] ?? "", /config\.toml:2: bodies\.enabeld/);
    match(watch.problems[0] ?? "", /^The settings were changed and are not used: .*config\.toml:2/);
    equal(JSON.stringify([seen.invalid, watch.problems]).includes("s3cret"), false);
    Deno.writeTextFileSync(path, "[bodies]\nenabled = false\n");
    await watch.look();
    deepEqual([seen.changed[0]?.bodies.enabled, watch.problems], [false, []]);
  });
});

Deno.test("ConfigWatch says which settings need a start", async () => {
  await withWatch(async (path, watch) => {
    Deno.writeTextFileSync(path, "[daemon]\nedge_port = 9999\n");
    await watch.look();
    deepEqual(watch.problems, ["Start the daemon again to use the changed settings of [daemon]"]);
  });
});

Deno.test("ConfigWatch looks by itself", async () => {
  await withWatch(async (path, _watch, seen) => {
    Deno.writeTextFileSync(path, OVERRIDE);
    await until(() => seen.changed.length > 0);
    equal(seen.changed.length, 1);
  });
});

Deno.test("ConfigWatch that looks when asked gives every asker the settings of that moment, and keeps them through an empty file", async () => {
  await withWatch(async (path, _watch, seen) => {
    let used = defaultConfig();
    const changed = (config: Config) => used = config;
    const own = new ConfigWatch(path, used, { changed, invalid: () => {} }, "when asked");
    Deno.writeTextFileSync(path, "[bodies]\nenabled = false\n");
    const found = await Promise.all([1, 2, 3].map(() => own.look().then(() => used.bodies.enabled)));
    deepEqual(found, [false, false, false]);
    Deno.writeTextFileSync(path, "");
    await own.look();
    equal(used.bodies.enabled, false);
    own.close();
    equal(seen.invalid.length, 0);
  });
});
