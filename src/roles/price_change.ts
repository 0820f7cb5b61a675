/**
 * Writes a price of the user's own into config.toml for the api, which may write nothing itself.
 *
 * Imports: domain, os, ./api_messages.ts (types).
 *
 * @module
 */

import { parseConfig } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import {
  appendOverride,
  readConfigText,
  removeOverrides,
  replaceConfigText,
  type WrittenOverride,
} from "../os/config_edit.ts";
import { readConfig } from "../os/config_file.ts";
import type { PriceAsk } from "./api_messages.ts";

/**
 * Adds the price, unless the file says exactly this already, or takes out those that this program has written.
 *
 * @returns How many were added or taken out.
 * @throws {MeterError} `bad_input` for a price that cannot be read or is not there to be taken out; `bad_config`; `failed`.
 */
export function changePrice(path: string, ask: PriceAsk): number {
  const text = readConfigText(path);
  if (ask.prices === null) {
    const edited = removeOverrides(path, text, ask.provider, ask.model);
    if (edited.changed === 0) throw nothingToRemove(ask, edited.foreignLines);
    replaceConfigText(path, text, edited.text);
    return edited.changed;
  }
  const written = { ...ask, prices: ask.prices };
  if (isThere(path, text, written)) return 0;
  const edited = appendOverride(path, text, written);
  replaceConfigText(path, text, edited.text);
  return edited.changed;
}

/** Whether the last override of the model is this one. Also checks it by the rules of the configuration. */
function isThere(path: string, text: string, override: WrittenOverride): boolean {
  const { provider, model, prices, from, until } = override;
  const raw = { provider, model, ...prices, ...(from !== null && { from }), ...(until !== null && { until }) };
  const { config, problems } = parseConfig({ pricing: { overrides: [raw] } });
  const [problem] = problems ?? [];
  if (problem !== undefined || config === null) {
    throw new MeterError("bad_input", `Cannot set the price: ${String(problem?.path.at(-1))} is not what is wanted`, {
      hint: `Give ${problem?.wanted ?? "a price"}`,
    });
  }
  const [wanted] = config.pricing.overrides;
  const last = readConfig(path, text).pricing.overrides.findLast((each) => {
    return each.provider === provider && each.model === model;
  });
  return last !== undefined && JSON.stringify(last) === JSON.stringify(wanted);
}

function nothingToRemove({ provider, model }: PriceAsk, foreign: readonly number[]): MeterError {
  return foreign.length === 0
    ? new MeterError("bad_input", `Cannot take out the price of ${provider} ${model}: there is none`, {
      hint: "See /v1/pricing-rates for the overrides",
    })
    : new MeterError("bad_input", `Cannot take out the price of ${provider} ${model}: it was written by hand`, {
      hint: `Delete the [[pricing.overrides]] table in line ${foreign.join(", ")} of config.toml`,
    });
}
