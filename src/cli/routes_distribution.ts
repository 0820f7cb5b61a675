/**
 * The commands that have to do with the program itself and with the shell around it.
 *
 * @module
 */

import { buildChoiceParser, buildCommand } from "@stricli/core";
import type { MeterContext } from "./app.ts";
import type { UpgradeFlags } from "./upgrade_command.ts";

/** Shells that commands can be completed in. */
export type CompletedShell = "bash" | "zsh" | "fish";

/** `upgrade`. */
export const upgrade = buildCommand<UpgradeFlags, [], MeterContext>({
  loader: async () => (await import("./upgrade_command.ts")).upgradeCommand,
  parameters: {
    flags: {
      from: { kind: "parsed", parse: String, placeholder: "file", brief: "The program of a release, unpacked" },
      allowDowngrade: { kind: "boolean", default: false, brief: "Also to an older version" },
    },
  },
  docs: {
    brief: "Replace this program and restart its services, while calls go on",
    fullDescription:
      "Takes the program in a file, checks that it is this one for this machine, renames it into place, restarts the " +
      "daemon, sends a test call through it, and has the edge succeeded by a new one. Goes back to the earlier version when " +
      "one of these fails. Downloads nothing.",
  },
});

/** `completions`. */
export const completions = buildCommand<Record<never, never>, [CompletedShell], MeterContext>({
  loader: async () => (await import("./completions_command.ts")).completionsCommand,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{
        parse: buildChoiceParser<CompletedShell>(["bash", "zsh", "fish"]),
        placeholder: "shell",
        brief: "bash, zsh or fish",
      }],
    },
  },
  docs: {
    brief: "Print the completion script for a shell",
    fullDescription: "Prints a script that completes commands, flags, projects and files:\n\n" +
      '  bash  in ~/.bashrc:                 eval "$(halton-meter completions bash)"\n' +
      '  zsh   in ~/.zshrc, after compinit:  eval "$(halton-meter completions zsh)"\n' +
      "  fish  halton-meter completions fish > ~/.config/fish/completions/halton-meter.fish",
  },
});

/** `complete-projects`, for the completion scripts. */
export const completeProjects = buildCommand<Record<never, never>, [], MeterContext>({
  loader: async () => (await import("./completions_command.ts")).completeProjectsCommand,
  parameters: {},
  docs: { brief: "Print the slug of every project" },
});

/** `open`. */
export const open = buildCommand<{ print: boolean }, [], MeterContext>({
  loader: async () => (await import("./open_command.ts")).openCommand,
  parameters: { flags: { print: { kind: "boolean", default: false, brief: "Only print its address" } } },
  docs: { brief: "Open the dashboard in the browser" },
});
