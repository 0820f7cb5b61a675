/**
 * The command line: the table of commands, help, and exit codes. Commands are loaded when they are used, so that a shell
 * hook pays for nothing else.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 3 daemon not running, 4 checks found problems.
 *
 * @module
 */

import {
  type ApplicationText,
  buildApplication,
  buildCommand,
  buildRouteMap,
  type CommandContext,
  run,
  text_en,
} from "@stricli/core";
import { MeterError } from "../domain/errors.ts";
import { errorLabel } from "../log.ts";
import { foreseenFailure } from "./foreseen.ts";
import { type Output, standardError, standardOutput } from "./output.ts";
import { pricing } from "./pricing_commands.ts";
import type { ReportFlags } from "./report_command.ts";
import { bodies } from "./routes_bodies.ts";
import { cloud, sync } from "./routes_cloud.ts";
import { connections } from "./routes_connections.ts";
import { completeProjects, completions, open, upgrade } from "./routes_distribution.ts";
import { doctor, init, onboard, rescue, setup, start, stop, uninstall, userenv } from "./routes_install.ts";
import { audit, logs } from "./routes_logs.ts";
import { project } from "./routes_project.ts";
import { escapeRunCommand } from "./run_arguments.ts";
import { VERSION } from "./version.ts";

/** What a command gets. */
export interface MeterContext extends CommandContext {
  readonly process: { readonly stdout: Output; readonly stderr: Output; exitCode: number | null };
}

/** Exit code of a failure. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof MeterError)) return 1;
  if (error.code === "wrong_usage") return 2;
  return error.code === "daemon_not_running" ? 3 : 1;
}

/** What a person is told of a failure: one sentence and one thing to do next; of a bug, what it is called. */
export function describeFailure(error: unknown): string {
  if (error instanceof MeterError) {
    return `halton-meter: ${error.message}${error.hint === undefined ? "" : `\n  ${error.hint}`}`;
  }
  const foreseen = foreseenFailure(error);
  if (foreseen !== null) return `halton-meter: ${foreseen.message}\n  ${foreseen.hint}`;
  const stack = Deno.env.get("HALTON_METER_TRACE") === "1" && error instanceof Error ? `\n${error.stack}` : "";
  return `halton-meter: This should not have happened: ${errorLabel(error)}\n` +
    `  Run the command again with HALTON_METER_TRACE=1 to see where${stack}`;
}

const TEXT: ApplicationText = {
  ...text_en,
  exceptionWhileRunningCommand: describeFailure,
  exceptionWhileLoadingCommandFunction: describeFailure,
  commandErrorResult: describeFailure,
};

const json = { kind: "boolean", brief: "Print JSON for programs", default: false } as const;

const daemon = buildCommand<Record<never, never>, [], MeterContext>({
  loader: async () => (await import("./daemon_command.ts")).daemonCommand,
  parameters: {},
  docs: {
    brief: "Run the meter in the foreground until Ctrl-C",
    fullDescription:
      "Runs the meter in the foreground: intercepts, records, and serves the proxy port unless a separate " +
      "`halton-meter edge` already does. A second Ctrl-C ends it without waiting for calls in flight.",
  },
});

const edge = buildCommand<Record<never, never>, [], MeterContext>({
  loader: async () => (await import("./edge_command.ts")).edgeCommand,
  parameters: {},
  docs: {
    brief: "Run only the proxy port, which outlives the daemon",
    fullDescription:
      "Serves the proxy port in a process of its own. While no daemon runs it tunnels everything blind, " +
      "so that tools keep working; when a daemon appears, metering resumes by itself.",
  },
});

const runCommand = buildCommand<{ project?: string }, string[], MeterContext>({
  loader: async () => (await import("./run_command.ts")).runCommand,
  parameters: {
    flags: {
      project: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "slug",
        brief: "Project that owns the calls",
      },
    },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { parse: String, placeholder: "command", brief: "Command and its arguments" },
    },
  },
  docs: {
    brief: "Run a command with its LLM calls metered",
    customUsage: ["[--project SLUG] -- COMMAND [ARGUMENT...]"],
    fullDescription:
      "Sets the proxy and the certificate for this command only, passes standard input, signals and the " +
      "exit code through, and changes nothing else. When no meter runs, the command runs unmetered.",
  },
});

const report = buildCommand<
  ReportFlags,
  [],
  MeterContext
>({
  loader: async () => (await import("./report_command.ts")).reportCommand,
  parameters: {
    flags: {
      since: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "7d",
        brief: "How far back: 30m, 24h, 7d; a bare number is days",
      },
      from: { kind: "parsed", parse: String, optional: true, placeholder: "date", brief: "First day, YYYY-MM-DD" },
      to: { kind: "parsed", parse: String, optional: true, placeholder: "date", brief: "Last day, YYYY-MM-DD" },
      today: { kind: "boolean", default: false, brief: "Since midnight" },
      project: { kind: "parsed", parse: String, optional: true, placeholder: "slug", brief: "One project only" },
      by: {
        kind: "enum",
        values: ["project", "model", "provider", "day", "client"],
        optional: true,
        brief: "One table, with a line for each of these",
      },
      vsPrevious: { kind: "boolean", default: false, brief: "Compare with the period of equal length before" },
      json,
      csv: { kind: "boolean", default: false, brief: "Print CSV" },
    },
  },
  docs: { brief: "Show what calls cost, by project and by model (last 30 days)" },
});

const status = buildCommand<{ json: boolean }, [], MeterContext>({
  loader: async () => (await import("./status_command.ts")).statusCommand,
  parameters: { flags: { json } },
  docs: { brief: "Show what runs, and every problem that was swallowed" },
});

const demo = buildCommand<{ json: boolean }, [], MeterContext>({
  loader: async () => (await import("./demo_command.ts")).demoCommand,
  parameters: { flags: { json } },
  docs: {
    brief: "Meter a few calls to a built-in stand-in provider; leaves nothing behind",
    fullDescription: "Starts a meter of its own in a temporary folder, sends real calls over real TLS to a stand-in " +
      "provider on this machine, shows the report and removes everything. Needs no key and contacts nobody.",
  },
});

const ca = buildRouteMap<"show" | "path", MeterContext>({
  routes: {
    show: buildCommand<{ json: boolean }, [], MeterContext>({
      loader: async () => (await import("./ca_command.ts")).caShowCommand,
      parameters: { flags: { json } },
      docs: { brief: "Show the meter's certificate authority" },
    }),
    path: buildCommand<Record<never, never>, [], MeterContext>({
      loader: async () => (await import("./ca_command.ts")).caPathCommand,
      parameters: {},
      docs: { brief: "Print the path of the public certificate" },
    }),
  },
  docs: { brief: "The local certificate authority" },
});

const ROUTES = {
  init,
  onboard,
  start,
  stop,
  doctor,
  daemon,
  edge,
  run: runCommand,
  report,
  status,
  connections,
  pricing,
  bodies,
  project,
  logs,
  audit,
  cloud,
  sync,
  ca,
  demo,
  setup,
  rescue,
  uninstall,
  userenv,
  open,
  upgrade,
  completions,
  completeProjects,
};

/** Every command. */
export const commands = buildRouteMap<keyof typeof ROUTES, MeterContext>({
  routes: ROUTES,
  docs: {
    hideRoute: { userenv: true, completeProjects: true },
    brief: "Meters what LLM calls cost, on this machine only",
    fullDescription: "Meters what LLM calls cost, on this machine only.\n\n" +
      "`halton-meter init --apps` sets this machine up; from the next terminal on, every call is metered.\n" +
      "`halton-meter report` shows the cost, `halton-meter demo` how it works.",
  },
});

const application = buildApplication<MeterContext>(
  commands,
  {
    name: "halton-meter",
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab" },
    localization: { loadText: () => TEXT },
    determineExitCode: exitCodeOf,
  },
);

/** Runs one command line. @returns the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  if (args[0] === "--version" || args[0] === "-V") {
    const { os, arch } = Deno.build;
    standardOutput().write(`halton-meter ${VERSION} (Deno ${Deno.version.deno}, ${os}-${arch})\n`);
    return 0;
  }
  const context: MeterContext = {
    process: { stdout: standardOutput(), stderr: standardError(), exitCode: null },
  };
  await run(application, escapeRunCommand(args.length === 0 ? ["--help"] : args), context);
  const { exitCode } = context.process;
  if (exitCode === null) return 0;
  return exitCode < 0 ? 2 : exitCode; // The library's own codes are negative; all of them mean wrong usage.
}
