/**
 * `halton-meter run`: one command with its calls metered.
 *
 * Imports: domain, os, roles, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { isSlug } from "../domain/slug.ts";
import { loadCa } from "../os/ca_files.ts";
import { runInForeground } from "../os/child.ts";
import { clientEnvironment } from "../os/client_env.ts";
import { installationId, type Paths } from "../os/paths.ts";
import { holdRun } from "../roles/control_client.ts";
import { edgeAt } from "../roles/edge_probe.ts";
import { readPorts } from "../roles/ports_file.ts";
import type { MeterContext } from "./app.ts";
import { openSession, type Session } from "./session.ts";

/** Runs the command; its exit code becomes ours. */
export async function runCommand(
  this: MeterContext,
  flags: { readonly project?: string },
  ...command: string[]
): Promise<void> {
  const [program, ...args] = command;
  if (program === undefined) throw new MeterError("wrong_usage", "Cannot run: no command was given");
  const project = flags.project ?? null;
  if (project !== null && !isSlug(project)) {
    throw new MeterError(
      "wrong_usage",
      "Cannot use that project: a slug has lower-case letters, digits and - _ : / only",
      {
        hint: `Try --project ${suggested(project)}`,
      },
    );
  }
  const session = await openSession();
  const port = await liveEdge(session);
  const ca = port === null ? null : await loadCa(session.paths.caFolder);
  if (port === null || ca === null) {
    this.process.stderr.write(
      "halton-meter: no meter is running, so this command is not metered (start one with `halton-meter daemon`)\n",
    );
    this.process.exitCode = await runInForeground(program, args, project === null ? {} : { HALTON_PROJECT: project });
    return;
  }
  const { variables, warnings } = await clientEnvironment({
    paths: session.paths,
    caCertPem: ca.certPem,
    edgePort: port,
    project,
    env: Deno.env,
  });
  for (const warning of warnings) this.process.stderr.write(`halton-meter: ${warning}\n`);
  const release = project === null ? () => {} : await holdRun(session.paths.socket, Deno.pid, project);
  try {
    this.process.exitCode = await runInForeground(program, args, variables);
  } finally {
    release();
  }
}

/** The port of an edge that answers, or null: pointing a tool at a dead port would break it. */
async function liveEdge({ paths, config }: { paths: Paths; config: Session["config"] }): Promise<number | null> {
  const known = readPorts(paths.effectivePorts).edge?.port;
  for (const port of new Set([known, config.daemon.edgePort])) {
    if (port !== undefined && port !== 0 && await edgeAt(port, installationId(paths)) !== null) return port;
  }
  return null;
}

function suggested(project: string): string {
  return project.toLowerCase().replace(/[^a-z0-9_:/-]+/g, "-").replace(/^-+|-+$/g, "") || "my-project";
}
