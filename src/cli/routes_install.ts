/**
 * The commands that install, repair and remove the meter.
 *
 * @module
 */

import { buildCommand } from "@stricli/core";
import type { MeterContext } from "./app.ts";
import type { InitFlags, ModeFlags, SetupFlags } from "./init_command.ts";
import type { UninstallFlags } from "./uninstall_command.ts";

// The opposite of most would say nothing: `--no-purge` is refused and not passed over.
const flag = (brief: string) => ({ kind: "boolean", default: false, withNegated: false, brief }) as const;
const json = { kind: "boolean", brief: "Print JSON for programs", default: false } as const;

const MODES = {
  apps: {
    kind: "boolean",
    optional: true,
    brief: "Point new terminals and programs at the meter; --no-apps is --env-only",
  },
  full: flag("Set the system's proxy as well (macOS)"),
  envOnly: flag("Meter only what is started with `halton-meter run`"),
} as const;

const nonInteractive = flag("Ask nothing, and answer yes");

const rest = {
  nonInteractive,
  shellRc: {
    kind: "boolean",
    optional: true,
    brief:
      "Set up shells in their start-up files; without either an installation stays as it is, a new one has them set up",
  },
  clean: flag("Write the services anew, and take out what this run put in if the test call fails"),
} as const;

/** `init`. */
export const init = buildCommand<InitFlags, [], MeterContext>({
  loader: async () => (await import("./init_command.ts")).initCommand,
  parameters: { flags: { ...MODES, ...rest } },
  docs: {
    brief: "Install the meter as a service and set this machine up for it",
    fullDescription:
      "Makes the certificate authority, has it trusted, installs the daemon and the edge as services of your own user, " +
      "and sends a test call through them to a stand-in on this machine.\n\n" +
      "It can be repeated at any time: what is in place stays, what differs is mended, and what another mode had set up is " +
      "taken back. Without a flag an installation keeps its mode; a new one is --env-only.",
  },
});

/** `onboard`. */
export const onboard = buildCommand<Omit<InitFlags, keyof ModeFlags>, [], MeterContext>({
  loader: async () => {
    const { initCommand } = await import("./init_command.ts");
    return function (flags) {
      return initCommand.call(this, { ...flags, apps: true, full: false, envOnly: false });
    };
  },
  parameters: { flags: rest },
  docs: { brief: "The same as `init --apps`" },
});

/** `setup`. */
export const setup = buildCommand<SetupFlags, [], MeterContext>({
  loader: async () => (await import("./init_command.ts")).setupCommand,
  parameters: {
    flags: {
      force: flag("Set up trust also where the meter is not installed"),
      python: {
        kind: "parsed",
        parse: String,
        optional: true,
        variadic: true,
        placeholder: "path",
        brief: "A Python interpreter whose certifi is to trust the meter",
      },
      nonInteractive,
    },
  },
  docs: {
    brief: "Have the certificate trusted again, e.g. by a new Python environment",
    fullDescription: "Run it from a new environment to patch its certifi; `uninstall` takes the patch out everywhere.",
  },
});

/** `start`. */
export const start = buildCommand<{ quiet: boolean }, [], MeterContext>({
  loader: async () => (await import("./service_commands.ts")).startCommand,
  parameters: { flags: { quiet: flag("Print one line only") } },
  docs: { brief: "Start the installed services" },
});

/** `stop`. */
export const stop = buildCommand<Record<never, never>, [], MeterContext>({
  loader: async () => (await import("./service_commands.ts")).stopCommand,
  parameters: {},
  docs: {
    brief: "Stop metering; tools go on working",
    fullDescription:
      "Stops the daemon until the next `start` or login. The edge stays and tunnels everything unmetered.",
  },
});

/** `rescue`. */
export const rescue = buildCommand<ModeFlags, [], MeterContext>({
  loader: async () => (await import("./service_commands.ts")).rescueCommand,
  parameters: { flags: MODES },
  docs: {
    brief: "Take a broken installation down and set it up again",
    fullDescription: "Ends every process of the meter and runs `init --clean` in the installed mode. " +
      "Recorded calls, settings and the certificate stay.",
  },
});

/** `uninstall`. */
export const uninstall = buildCommand<UninstallFlags, [], MeterContext>({
  loader: async () => (await import("./uninstall_command.ts")).uninstallCommand,
  parameters: {
    flags: {
      purge: flag("Delete settings, logs and everything else but the recorded calls"),
      includeLogs: flag("With --purge: delete the recorded calls and the certificate authority too"),
      yes: flag("Ask nothing"),
      graceful: flag("Keep the edge until the machine restarts, for programs that still point at it"),
    },
  },
  docs: { brief: "Take out everything that `init` put in; recorded calls stay unless told otherwise" },
});

/** `userenv`, for launchd. */
export const userenv = buildCommand<Record<never, never>, [], MeterContext>({
  loader: async () => (await import("./userenv_command.ts")).userenvCommand,
  parameters: {},
  docs: { brief: "Set the variables of this login session again (macOS; started at login)" },
});

/** `doctor`. */
export const doctor = buildCommand<{ json: boolean; fix: boolean; apply: boolean }, [], MeterContext>({
  loader: async () => (await import("./doctor_command.ts")).doctorCommand,
  parameters: {
    flags: {
      json,
      fix: flag("Show what would be repaired"),
      apply: flag("With --fix: repair it"),
    },
  },
  docs: {
    brief: "Check every layer, and whether the tools on this machine are metered",
    fullDescription:
      "Ends with HEALTHY, INCONSISTENT or BROKEN; exit code 0 or 4. Changes nothing without --fix --apply.",
  },
});
