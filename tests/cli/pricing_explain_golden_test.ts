/**
 * Every test of the reference vectors, of the golden figures and of the corpus again, under its own name: this time the raw
 * bytes go through the recorder role into a database, and the cost that a test sees is the one that `pricing explain` works
 * out from the stored row. Its lines must add up to the stored cost to the pico-dollar.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { isIntercepted } from "../../src/domain/hosts.ts";
import { explain } from "../../src/meter/explanation.ts";
import { renderExplanation, renderExplanationJson } from "../../src/cli/pricing_explain_text.ts";
import { loadPaint } from "../../src/cli/table.ts";
import { findCalls } from "../../src/store/stored_calls.ts";
import { type RawCall, recordWith } from "../golden/wire.ts";
import { recordWire } from "../roles/recorded_wire.ts";
import { withDatabase } from "../store/sample.ts";

recordWith(async ({ host, request, response, table, at }: RawCall, readings) => {
  const paint = await loadPaint(false);
  const costs: NonNullable<ReturnType<typeof explain>["cost"]>[] = [];
  if (!isIntercepted(host)) throw new Error(`${host} is not intercepted`);
  await withDatabase(async (db) => {
    await recordWire(db, { host, client: [request], provider: [response], at }, table);
    const ids = db.prepare("SELECT id FROM requests ORDER BY seq").all().map(({ id }) => String(id));
    for (const [index, id] of ids.entries()) {
      const [call, ...others] = findCalls(db, id, 2);
      if (call === undefined) throw new Error("The row cannot be found by its id");
      deepEqual([others, call.requestedAt, call.duplicateOf], [[], at, null]);
      const explanation = explain(call, table);
      const { cost } = explanation;
      if (cost === null) throw new Error("The row does not hold what its price depends on");
      equal(explanation.agrees, true);
      // What the row gives back is what was read from the wire, error texts aside.
      deepEqual(call.reading?.parts, readings[index]?.parts);
      if (cost.kind === "priced") {
        equal(call.cost.pico, cost.pico);
        equal(cost.explain.reduce((sum, { pico }) => sum + pico, 0n), call.cost.pico, "lines of the bill");
        const shown = JSON.parse(renderExplanationJson(explanation));
        equal(sumOfPico(shown.lines), call.cost.pico);
        equal(renderExplanation(explanation, 120, paint).includes("total   $"), true);
      } else equal(call.cost.pico, cost.kind === "free" ? 0n : null);
      costs.push(cost);
    }
  });
  return costs;
});

function sumOfPico(lines: readonly { readonly cost_pico: string }[]): bigint {
  return lines.reduce((sum, { cost_pico }) => sum + BigInt(cost_pico), 0n);
}

await import("../golden/vectors_test.ts");
await import("../golden/figures_test.ts");
await import("../golden/corpus_test.ts");
