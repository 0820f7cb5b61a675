/**
 * The command line of the team server. Exit codes: 0 done, 1 failed, 2 wrong usage.
 *
 * Imports: @stricli/core, domain, ./commands.ts (loaded when used), ./log.ts, ./version.ts.
 *
 * @module
 */

import {
  type ApplicationText,
  buildApplication,
  buildCommand,
  buildRouteMap,
  type CommandContext,
  numberParser,
  run,
  text_en,
} from "@stricli/core";
import { MeterError } from "../domain/errors.ts";
import { reasonOf } from "./log.ts";
import { VERSION } from "./version.ts";

/** What a command gets. */
export interface TeamContext extends CommandContext {
  readonly process: {
    readonly stdout: { write(text: string): void };
    readonly stderr: { write(text: string): void };
    exitCode: number | null;
  };
}

/** Which database: the folder of the embedded one, or none for `DATABASE_URL`. */
export interface DatabaseFlags {
  readonly dataDir?: string;
}

/** `serve`. */
export interface ServeCommandFlags extends DatabaseFlags {
  readonly port: number;
  readonly listen: string;
}

const dataDir = {
  kind: "parsed",
  parse: String,
  optional: true,
  placeholder: "dir",
  brief: "Trial: keep everything in this folder instead of PostgreSQL",
} as const;

const serve = buildCommand<ServeCommandFlags, [], TeamContext>({
  loader: async () => (await import("./commands.ts")).serveCommand,
  parameters: {
    flags: {
      port: { kind: "parsed", parse: portParser, default: "8790", placeholder: "port", brief: "Port to listen on" },
      listen: {
        kind: "parsed",
        parse: String,
        default: "127.0.0.1",
        placeholder: "address",
        brief: "Address to listen on; a reverse proxy with TLS belongs before it",
      },
      dataDir,
    },
  },
  docs: {
    brief: "Serve until Ctrl-C or SIGTERM",
    fullDescription:
      "Serves machines and people. With DATABASE_URL on PostgreSQL, prepared by `migrate`; with --data-dir on " +
      "an embedded database, for a trial.\n\nHALTON_METER_PUBLIC_URL is the address by which machines and people reach it " +
      "(https, unless it is this machine); HALTON_METER_BEHIND_PROXY=1 trusts the last entry of X-Forwarded-For.",
  },
});

const migrate = buildCommand<DatabaseFlags, [], TeamContext>({
  loader: async () => (await import("./commands.ts")).migrateCommand,
  parameters: { flags: { dataDir } },
  docs: {
    brief: "Prepare the database, or bring it up to date",
    fullDescription: "Runs what is missing as DATABASE_OWNER_URL, who owns the tables, and prepares the login of " +
      "DATABASE_URL, which owns nothing and is what the server connects as.",
  },
});

const create = buildCommand<DatabaseFlags & { readonly name?: string }, [string], TeamContext>({
  loader: async () => (await import("./commands.ts")).createCommand,
  parameters: {
    flags: {
      name: { kind: "parsed", parse: String, optional: true, placeholder: "name", brief: "Name that people see" },
      dataDir,
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: String, placeholder: "short-name", brief: "Lower-case letters, digits, hyphens" }],
    },
  },
  docs: { brief: "Make a workspace and print the one-time link for its first owner" },
});

const invite = buildCommand<
  DatabaseFlags & { readonly role: "owner" | "admin" | "member"; readonly reset?: string },
  [string],
  TeamContext
>({
  loader: async () => (await import("./commands.ts")).inviteCommand,
  parameters: {
    flags: {
      role: {
        kind: "enum",
        values: ["owner", "admin", "member"],
        default: "member",
        brief: "What the newcomer may do",
      },
      reset: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "member",
        brief: "Instead: let this member choose a new passphrase",
      },
      dataDir,
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: String, placeholder: "short-name", brief: "Short name of the workspace" }],
    },
  },
  docs: { brief: "Print a one-time link into a workspace" },
});

const workspace = buildRouteMap<"create", TeamContext>({
  routes: { create },
  docs: { brief: "Workspaces" },
});

/** What a person is told of a failure. */
function describeFailure(error: unknown): string {
  if (error instanceof MeterError) {
    return `halton-meter-team: ${error.message}${error.hint === undefined ? "" : `\n  ${error.hint}`}`;
  }
  return `halton-meter-team: This could not be done: ${reasonOf(error)}\n  Check that the database can be reached`;
}

const TEXT: ApplicationText = {
  ...text_en,
  exceptionWhileRunningCommand: describeFailure,
  exceptionWhileLoadingCommandFunction: describeFailure,
  commandErrorResult: describeFailure,
};

const application = buildApplication<TeamContext>(
  buildRouteMap<"serve" | "migrate" | "workspace" | "invite", TeamContext>({
    routes: { serve, migrate, workspace, invite },
    docs: {
      brief: "The team server of halton-meter",
      fullDescription: "Gathers what a team's meters counted, on a machine of the team's own.\n\n" +
        "A trial: halton-meter-team workspace create acme --data-dir ./team, then halton-meter-team serve --data-dir ./team",
    },
  }),
  {
    name: "halton-meter-team",
    scanner: { caseStyle: "allow-kebab-for-camel" },
    documentation: { caseStyle: "convert-camel-to-kebab" },
    localization: { loadText: () => TEXT },
    determineExitCode: (error) => error instanceof MeterError && error.code === "wrong_usage" ? 2 : 1,
  },
);

function portParser(text: string): number {
  const port = numberParser(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new SyntaxError("A port is a whole number from 0 to 65535");
}

function writer(stream: { writeSync(bytes: Uint8Array): number }): { write(text: string): void } {
  return {
    write(text) {
      let bytes = new TextEncoder().encode(text);
      try {
        while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      }
    },
  };
}

/** Runs one command line. @returns the exit code. */
export async function runTeamCommandLine(args: readonly string[]): Promise<number> {
  const context: TeamContext = {
    process: { stdout: writer(Deno.stdout), stderr: writer(Deno.stderr), exitCode: null },
  };
  if (args[0] === "--version" || args[0] === "-V") {
    context.process.stdout.write(`halton-meter-team ${VERSION}\n`);
    return 0;
  }
  await run(application, args.length === 0 ? ["--help"] : args, context);
  const { exitCode } = context.process;
  if (exitCode === null) return 0;
  return exitCode < 0 ? 2 : exitCode; // The library's own codes are negative; all of them mean wrong usage.
}
