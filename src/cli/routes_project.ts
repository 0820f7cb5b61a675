/**
 * The table of `halton-meter project` commands, which are loaded when they are used.
 *
 * @module
 */

import { buildCommand, buildRouteMap } from "@stricli/core";
import type { MeterContext } from "./app.ts";
import type { SetFlags } from "./project_set.ts";

const json = { kind: "boolean", brief: "Print JSON for programs", default: false } as const;
const slug = { parse: String, placeholder: "slug", brief: "The project" } as const;

const list = buildCommand<{ json: boolean }, [], MeterContext>({
  loader: async () => (await import("./project_show.ts")).projectListCommand,
  parameters: { flags: { json } },
  docs: { brief: "List projects and their settings" },
});

const show = buildCommand<{ json: boolean }, [string], MeterContext>({
  loader: async () => (await import("./project_show.ts")).projectShowCommand,
  parameters: { flags: { json }, positional: { kind: "tuple", parameters: [slug] } },
  docs: { brief: "Show one project, its settings and where they come from" },
});

const set = buildCommand<SetFlags, [string, string, string], MeterContext>({
  loader: async () => (await import("./project_set.ts")).projectSetCommand,
  parameters: {
    flags: { create: { kind: "boolean", default: false, brief: "Also for a project without calls so far" } },
    positional: {
      kind: "tuple",
      parameters: [
        slug,
        { parse: String, placeholder: "setting", brief: "body-capture" },
        { parse: String, placeholder: "value", brief: "on, off or default" },
      ],
    },
  },
  docs: {
    brief: "Turn the storing of bodies on or off for one project",
    fullDescription: "Overrides bodies.enabled of config.toml for one project; `default` takes the choice back. " +
      "body_capture = off in a .haltonrc turns it off whatever is chosen here. A running daemon follows with the next call.",
  },
});

/** `halton-meter project …`. */
export const project = buildRouteMap<"list" | "show" | "set", MeterContext>({
  routes: { list, show, set },
  docs: { brief: "Projects and their settings" },
});
