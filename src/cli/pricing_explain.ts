/**
 * `halton-meter pricing explain ID`: how the cost of one recorded call came about, recomputed from its row with the prices
 * in force when it was made; and how the stored cost compares.
 *
 * Imports: domain, meter, os, store, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { explain } from "../meter/explanation.ts";
import { createRateTable } from "../meter/rates.ts";
import { loadConfig } from "../os/config_file.ts";
import { paths } from "../os/paths.ts";
import { openReadOnly } from "../store/database.ts";
import { findCalls, MIN_ID_PREFIX, type StoredCall } from "../store/stored_calls.ts";
import type { MeterContext } from "./app.ts";
import { PIPE_COLUMNS } from "./output.ts";
import { renderExplanation, renderExplanationJson } from "./pricing_explain_text.ts";
import { loadPaint } from "./table.ts";

/** Ids shown when a prefix fits several calls. */
const MAX_CANDIDATES = 3;

/** Prints the explanation. */
export async function pricingExplainCommand(
  this: MeterContext,
  flags: { readonly json: boolean },
  id: string,
): Promise<void> {
  const files = paths();
  const table = createRateTable((await loadConfig(files.config)).pricing.overrides);
  const explanation = explain(findCall(files.database, id), table);
  const { stdout } = this.process;
  if (flags.json) return stdout.write(renderExplanationJson(explanation));
  const paint = await loadPaint(stdout.colour);
  stdout.write(renderExplanation(explanation, stdout.columns ?? PIPE_COLUMNS, paint));
}

function findCall(database: string, id: string): StoredCall {
  const prefix = id.trim().toLowerCase();
  if (!/^[0-9a-f-]{1,36}$/.test(prefix) || prefix.length < MIN_ID_PREFIX) {
    throw new MeterError("wrong_usage", "Cannot look for a call: this is not the beginning of an id", {
      hint: `Give at least ${MIN_ID_PREFIX} characters of an id, as in the log's intercept.complete lines`,
    });
  }
  const db = openReadOnly(database);
  try {
    const found = db === null ? [] : findCalls(db, prefix, MAX_CANDIDATES + 1);
    const [call] = found;
    if (call === undefined) {
      throw new MeterError("bad_input", `Cannot explain ${prefix}: no recorded call has an id that begins like this`, {
        hint: "Take the id from the log's intercept.complete lines",
      });
    }
    if (found.length > 1) {
      const ids = found.slice(0, MAX_CANDIDATES).map((each) => each.id).join(", ");
      const more = found.length > MAX_CANDIDATES ? " and more" : "";
      throw new MeterError("bad_input", `Cannot explain ${prefix}: several ids begin like this: ${ids}${more}`, {
        hint: "Give more characters of the id",
      });
    }
    return call;
  } finally {
    db?.close();
  }
}
