import { match, strictEqual as equal, throws } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { changePrice } from "../../src/roles/price_change.ts";

const PRICE = { provider: "openai", model: "gpt-9", prices: { input: "1.5", output: "6" }, from: null, until: null };

async function withConfig(test: (path: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hm-price-" });
  try {
    test(`${folder}/config.toml`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("changePrice writes a price once, and takes it out again", async () => {
  await withConfig((path) => {
    Deno.writeTextFileSync(path, "# mine\n[bodies]\nenabled = false\n");
    equal(changePrice(path, PRICE), 1);
    const written = Deno.readTextFileSync(path);
    match(written, /^# mine\n\[bodies\]\nenabled = false\n/);
    match(written, /model = "gpt-9"\ninput = "1.5"\noutput = "6"\n$/);
    equal(changePrice(path, PRICE), 0);
    equal(Deno.readTextFileSync(path), written);
    equal(changePrice(path, { ...PRICE, prices: { input: "2", output: "6" }, from: "2026-05-01" }), 1);
    equal(changePrice(path, { ...PRICE, prices: null }), 2);
    equal(Deno.readTextFileSync(path), "# mine\n[bodies]\nenabled = false\n");
  });
});

Deno.test("changePrice makes the file when there is none, and refuses what is no price", async () => {
  await withConfig((path) => {
    for (
      const bad of [
        { ...PRICE, provider: "nobody" },
        { ...PRICE, model: "two words" },
        { ...PRICE, prices: { input: "much", output: "1" } },
        { ...PRICE, from: "2026-05-02", until: "2026-05-01" },
      ]
    ) {
      throws(() => changePrice(path, bad), (error) => error instanceof MeterError && error.code === "bad_input");
    }
    throws(() => changePrice(path, { ...PRICE, prices: null }), MeterError);
    throws(() => Deno.statSync(path), Deno.errors.NotFound);
    equal(changePrice(path, PRICE), 1);
  });
});

Deno.test("changePrice leaves a price that was written by hand, and says where it is", async () => {
  await withConfig((path) => {
    const text = '[[pricing.overrides]]\nprovider = "openai"\nmodel = "gpt-9"\ninput = "1"\noutput = "2"\n';
    Deno.writeTextFileSync(path, text);
    throws(() => changePrice(path, { ...PRICE, prices: null }), (error) => {
      return error instanceof MeterError && /line 1 /.test(error.hint ?? "");
    });
    equal(Deno.readTextFileSync(path), text);
  });
});
