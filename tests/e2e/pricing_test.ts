/**
 * Prices change while the daemon runs: by the command, by hand, and by mistake.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { ANTHROPIC_COST_PICO, ANTHROPIC_MODEL, anthropicEvents, eventStream } from "./support/answers.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { startProvider } from "./support/provider.ts";
import { oneCall } from "./support/raw_client.ts";

/** 1,200 × 1 + 3,000 × 1 + 20,000 × 0.1 + 850 × 2 = 7,900 millionths of a dollar. */
const OWN_PRICES = ["--input", "1", "--output", "2", "--cache-read", "0.1", "--cache-write-5m", "1"];
const OWN_PICO = 7_900_000_000n;

/** Makes a call. @returns its cost and the source of its price. */
async function callPriced(meter: Meter, calls: number): Promise<readonly [bigint | null, string | null]> {
  await oneCall(meter.edgePort, [await Deno.readTextFile(meter.caFile)]);
  const row = (await meter.waitForRows(calls)).at(-1);
  return [row?.costPico ?? null, row?.ratesSource ?? null];
}

/** Waits until the daemon's log holds a line. */
async function logged(meter: Meter, event: string, times = 1): Promise<void> {
  await until(`${times} × ${event} in the log`, async () => {
    const log = await Deno.readTextFile(`${meter.home}/daemon.err.log`);
    return log.split(`"event":"${event}"`).length > times;
  });
}

Deno.test("a running daemon takes up prices that change, and keeps its settings through a wrong file", async () => {
  const provider = await startProvider({
    host: "api.anthropic.com",
    answer: () => eventStream(anthropicEvents(crypto.randomUUID()), 0),
  });
  try {
    await withMeter({ providers: [provider] }, async (meter) => {
      const file = `${meter.home}/config.toml`;
      const before = await Deno.readTextFile(file);
      const [pico, source] = await callPriced(meter, 1);
      equal(pico, ANTHROPIC_COST_PICO);
      match(source ?? "", /^bundled-/);

      const set = await meter.command(["pricing", "set", "anthropic", ANTHROPIC_MODEL, ...OWN_PRICES]);
      deepEqual([set.code, set.stderr], [0, ""]);
      equal((await Deno.readTextFile(file)).startsWith(before), true);
      await logged(meter, "daemon.config.changed");
      deepEqual(await callPriced(meter, 2), [OWN_PICO, "override"]);

      const good = await Deno.readTextFile(file);
      await Deno.writeTextFile(file, `${good}\n[bodies]\nenabeld = true\n`);
      await logged(meter, "daemon.config.invalid");
      deepEqual(await callPriced(meter, 3), [OWN_PICO, "override"]);
      const { code, status } = await meter.status();
      equal(code, 4);
      match(status.problems.join("\n"), /The settings were changed and are not used: .*bodies\.enabeld/);

      await Deno.writeTextFile(file, good);
      const unset = await meter.command(["pricing", "unset", "anthropic", ANTHROPIC_MODEL]);
      equal(unset.code, 0);
      equal(await Deno.readTextFile(file), before);
      await logged(meter, "daemon.config.changed", 2);
      equal((await callPriced(meter, 4))[0], ANTHROPIC_COST_PICO);
      deepEqual((await meter.status()).status.problems, []);

      const done = await meter.command(["pricing", "reprice", "--json"]);
      const { changed, old_cost_usd, new_cost_usd } = JSON.parse(done.stdout);
      deepEqual([changed, old_cost_usd, new_cost_usd], [2, "0.1278", "0.224"]);
    });
  } finally {
    await provider.stop();
  }
});
