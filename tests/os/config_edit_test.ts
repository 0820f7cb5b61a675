import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import {
  appendOverride,
  readConfigText,
  removeOverrides,
  replaceConfigText,
  type WrittenOverride,
} from "../../src/os/config_edit.ts";

const PATH = "/p/config.toml";
const OVERRIDE: WrittenOverride = {
  provider: "anthropic",
  model: "foo-1",
  prices: { input: "1.50", output: "10", cache_read: "0" },
  from: "2026-03-01",
  until: null,
};

/** What people write: comments, odd spacing, strings that look like tables, other line ends, no line end. */
const TEXTS: Readonly<Record<string, string>> = {
  empty: "",
  "a comment alone": "# nothing yet",
  "no line end": "[bodies]\nenabled   =  false # off",
  "carriage returns": "[bodies]\r\nenabled = false\r\n",
  "tables of prices, not the last":
    '[[pricing.overrides]]\nprovider="openai"\nmodel = "m"\ninput=1\noutput = 2\n\n\n[tagging]\n' +
    "default_project = 'x'\n\n\n",
  "a byte order mark": "\ufeff[bodies]\nenabled = true\n",
};

function throwsBadConfig(act: () => unknown, message: RegExp): void {
  throws(act, (error) => error instanceof MeterError && error.code === "bad_config" && message.test(error.message));
}

for (const [name, text] of Object.entries(TEXTS)) {
  Deno.test(`appendOverride keeps every byte, and removeOverrides gives them back (${name})`, () => {
    const added = appendOverride(PATH, text, OVERRIDE);
    ok(added.text.startsWith(text));
    const price = added.config.pricing.overrides.at(-1);
    deepEqual(price, {
      provider: "anthropic",
      model: "foo-1",
      prices: { input: "1.50", output: "10", cacheRead: "0" },
      validFrom: Date.UTC(2026, 2, 1),
      validUntil: null,
    });
    equal(/\r\n/.test(text), /\r\n/.test(added.text.slice(text.length)));
    const twice = appendOverride(PATH, added.text, { ...OVERRIDE, model: "bar", from: null });
    const removed = removeOverrides(PATH, twice.text, "anthropic", "foo-1");
    deepEqual([removed.changed, removed.foreignLines], [1, []]);
    const all = removeOverrides(PATH, removed.text, "anthropic", "bar");
    equal(all.text.trimEnd(), text.trimEnd());
    if (text === "" || text.endsWith("\n")) equal(all.text, text);
  });
}

Deno.test("appendOverride refuses a list that cannot be added to, and says in which line it is", () => {
  const text =
    '[bodies]\nenabled = true\n\n[pricing]\noverrides = [{ provider = "xai", model = "m", input = 1, output = 2 }]\n';
  throwsBadConfig(() => appendOverride(PATH, text, OVERRIDE), /in line 5 is not written as \[\[pricing\.overrides\]\]/);
});

Deno.test("appendOverride refuses to touch a file that is wrong already", () => {
  throwsBadConfig(() => appendOverride(PATH, "[bodies]\nenabeld = 1\n", OVERRIDE), /config\.toml:2: bodies\.enabeld/);
  throwsBadConfig(() => appendOverride(PATH, "[bodies", OVERRIDE), /config\.toml:1: /);
});

Deno.test("removeOverrides leaves what a person wrote, and names its line", () => {
  const byHand = '[[pricing.overrides]]\nprovider = "anthropic"\nmodel = "foo-1"\ninput = "1"\noutput = "2"\n';
  const { text } = appendOverride(PATH, byHand, OVERRIDE);
  const removed = removeOverrides(PATH, text, "anthropic", "foo-1");
  deepEqual([removed.text, removed.changed, removed.foreignLines], [byHand, 1, [1]]);
  const again = removeOverrides(PATH, byHand, "anthropic", "foo-1");
  deepEqual([again.text, again.changed, again.foreignLines], [byHand, 0, [1]]);
});

Deno.test("removeOverrides takes out every price of that model and of no other", () => {
  let { text } = appendOverride(PATH, "# mine\n", OVERRIDE);
  ({ text } = appendOverride(PATH, text, { ...OVERRIDE, provider: "openai" }));
  ({ text } = appendOverride(PATH, text, { ...OVERRIDE, from: null, until: "2026-03-01" }));
  const removed = removeOverrides(PATH, text, "anthropic", "foo-1");
  equal(removed.changed, 2);
  deepEqual(removed.config.pricing.overrides.map(({ provider }) => provider), ["openai"]);
});

Deno.test("removeOverrides is not fooled by a block of ours inside a string", () => {
  const block = appendOverride(PATH, "", OVERRIDE).text;
  const text = `[upstream]\nca_file = '''/x\n${block}'''\n`;
  deepEqual(removeOverrides(PATH, text, "anthropic", "foo-1").changed, 0);
  const removed = removeOverrides(PATH, appendOverride(PATH, text, OVERRIDE).text, "anthropic", "foo-1");
  deepEqual([removed.text, removed.changed], [text, 1]);
});

Deno.test("removeOverrides refuses a block of ours that a person went on with", () => {
  const { text } = appendOverride(PATH, "", { ...OVERRIDE, prices: { input: "1", output: "2" }, from: null });
  throwsBadConfig(() => removeOverrides(PATH, `${text}cache_read = 0.1\n`, "anthropic", "foo-1"), /would not say/);
});

Deno.test("replaceConfigText makes a private file, keeps the mode of one that is there, and leaves nothing beside it", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/config.toml`;
  replaceConfigText(path, "", "# a\n");
  equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  Deno.chmodSync(path, 0o640);
  replaceConfigText(path, "# a\n", "# b\n");
  deepEqual([readConfigText(path), (Deno.statSync(path).mode ?? 0) & 0o777], ["# b\n", 0o640]);
  deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["config.toml"]);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("replaceConfigText writes through a link", () => {
  const folder = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${folder}/real.toml`, "# a\n");
  Deno.symlinkSync(`${folder}/real.toml`, `${folder}/config.toml`);
  replaceConfigText(`${folder}/config.toml`, "# a\n", "# b\n");
  equal(Deno.readTextFileSync(`${folder}/real.toml`), "# b\n");
  equal(Deno.lstatSync(`${folder}/config.toml`).isSymlink, true);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("replaceConfigText leaves a file alone that was changed in between, or that cannot be replaced", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/config.toml`;
  Deno.writeTextFileSync(path, "# newer\n");
  throwsBadConfig(() => replaceConfigText(path, "# older\n", "# mine\n"), /another program changed it/);
  equal(readConfigText(path), "# newer\n");
  throws(() => replaceConfigText(`${folder}/absent/config.toml`, "", "# mine\n"), /Cannot write/);
  Deno.writeFileSync(path, new Uint8Array([0x23, 0xff]));
  throwsBadConfig(() => readConfigText(path), /not UTF-8/);
  Deno.removeSync(folder, { recursive: true });
});
