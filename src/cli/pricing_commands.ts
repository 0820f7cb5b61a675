/**
 * The table of `halton-meter pricing` commands, which are loaded when they are used.
 *
 * @module
 */

import { buildCommand, buildRouteMap } from "@stricli/core";
import type { MeterContext } from "./app.ts";
import type { RepriceFlags } from "./pricing_reprice.ts";
import type { ListFlags } from "./pricing_list.ts";
import type { SetFlags } from "./pricing_set.ts";

const json = { kind: "boolean", brief: "Print JSON for programs", default: false } as const;

function text<const Placeholder extends string>(placeholder: Placeholder, brief: string) {
  return { kind: "parsed", parse: String, placeholder, brief } as const;
}

function optional<const Placeholder extends string>(placeholder: Placeholder, brief: string) {
  return { kind: "parsed", parse: String, optional: true, placeholder, brief } as const;
}

const PROVIDER_AND_MODEL = {
  kind: "tuple",
  parameters: [
    { parse: String, placeholder: "provider", brief: "anthropic, openai, gemini or xai" },
    { parse: String, placeholder: "model", brief: "Model as calls name it" },
  ],
} as const;

const list = buildCommand<ListFlags, [], MeterContext>({
  loader: async () => (await import("./pricing_list.ts")).pricingListCommand,
  parameters: {
    flags: {
      provider: {
        kind: "enum",
        values: ["anthropic", "openai", "gemini", "xai"],
        optional: true,
        brief: "One provider only",
      },
      model: optional("text", "Models whose name holds this"),
      json,
    },
  },
  docs: { brief: "Show the prices that calls are priced with" },
});

const explain = buildCommand<{ json: boolean }, [string], MeterContext>({
  loader: async () => (await import("./pricing_explain.ts")).pricingExplainCommand,
  parameters: {
    flags: { json },
    positional: {
      kind: "tuple",
      parameters: [{ parse: String, placeholder: "id", brief: "A call's id, or its first 8 characters or more" }],
    },
  },
  docs: { brief: "Show how the cost of one call came about" },
});

const set = buildCommand<SetFlags, [string, string], MeterContext>({
  loader: async () => (await import("./pricing_set.ts")).pricingSetCommand,
  parameters: {
    flags: {
      input: text("usd", "USD per million input tokens"),
      output: text("usd", "USD per million output tokens"),
      "cache-read": optional("usd", "USD per million tokens read from a cache"),
      "cache-write-5m": optional("usd", "USD per million tokens written to a cache, the short or only kind"),
      "cache-write-1h": optional("usd", "USD per million tokens written to a cache for long: an hour, at OpenAI 12"),
      from: optional("date", "First day on which it holds, UTC"),
      until: optional("date", "First day on which it no longer holds, UTC"),
    },
    positional: PROVIDER_AND_MODEL,
  },
  docs: {
    brief: "Set a price of your own for a model",
    fullDescription: "Adds a price to config.toml. It replaces the bundled price of that model as a whole for its " +
      "period: what it leaves out has no price. A running daemon uses it within a second.",
  },
});

const unset = buildCommand<Record<never, never>, [string, string], MeterContext>({
  loader: async () => (await import("./pricing_set.ts")).pricingUnsetCommand,
  parameters: { positional: PROVIDER_AND_MODEL },
  docs: { brief: "Take the prices out that `pricing set` added for a model" },
});

const reprice = buildCommand<RepriceFlags, [], MeterContext>({
  loader: async () => (await import("./pricing_reprice.ts")).pricingRepriceCommand,
  parameters: {
    flags: {
      since: optional("7d", "How far back: 30m, 24h, 7d; a bare number is days (default 30d)"),
      project: optional("slug", "One project only"),
      dryRun: { kind: "boolean", default: false, brief: "Write nothing, only say what would change" },
      json,
    },
  },
  docs: {
    brief: "Price recorded calls again with the current prices (last 30 days)",
    fullDescription: "Prices recorded calls again, each at the prices in force when it was made. Ctrl-C stops after " +
      "the hour of calls at hand; running it again goes on, and changes nothing where nothing is to change.",
  },
});

/** `halton-meter pricing …`. */
export const pricing = buildRouteMap<"list" | "explain" | "set" | "unset" | "reprice", MeterContext>({
  routes: { list, explain, set, unset, reprice },
  docs: { brief: "Prices: list, explain, override, and price again" },
});
