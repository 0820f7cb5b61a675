/**
 * `halton-meter daemon`: the meter in the foreground.
 *
 * Imports: domain, log.ts, os, roles/supervisor.ts, cli.
 *
 * @module
 */

import { createLog, errorLabel, type LogEvent } from "../log.ts";
import { type Paths, paths } from "../os/paths.ts";
import { ensureBundle } from "../os/trust_bundle.ts";
import { type Daemon, startDaemon } from "../roles/supervisor.ts";
import type { MeterContext } from "./app.ts";
import { openLogFile } from "./log_file.ts";
import { openSession, upstreamOf } from "./session.ts";
import { untilStopped } from "./signals.ts";
import { notingFailure } from "./start_failure.ts";
import { VERSION } from "./version.ts";

/** Runs until a signal. */
export async function daemonCommand(this: MeterContext): Promise<void> {
  const { stderr } = this.process;
  const { daemonLog } = paths();
  const session = await notingFailure("daemon", daemonLog, openSession);
  const file = openLogFile(session.paths.daemonLog);
  const toFile = createLog((line) => file.write(line), () => new Date());
  const log = (event: LogEvent) => {
    toFile(event);
    const sentence = sentenceFor(event);
    if (sentence !== null) stderr.write(`${sentence}\n`);
  };
  const notes: string[] = [];
  const daemon = await notingFailure("daemon", daemonLog, async () =>
    await startDaemon({
      paths: session.paths,
      config: session.config,
      upstream: upstreamOf(session.config),
      version: VERSION,
      tightened: [...session.homeTightened ? [session.paths.home] : [], ...file.tightened ? [daemonLog] : []],
      log,
      notes: () => [
        ...notes,
        ...file.lost === 0 ? [] : [`${file.lost} lines of the log were lost because they could not be written`],
      ],
    }));
  stderr.write(welcome(daemon));
  await refreshBundle(session.paths, (note) => notes.push(note));
  const first = await untilStopped();
  stderr.write(`Stopping on ${first}; calls in flight may finish (again to stop at once)\n`);
  await Promise.race([daemon.stop(), untilStopped().then(() => daemon.stop(0))]);
  file.close();
}

/** Tools that were pointed at the bundle by `init` trust what the system trusted then, until it is built anew. */
async function refreshBundle({ home, caBundle, caCertificate }: Paths, failed: (note: string) => void): Promise<void> {
  try {
    if (!Deno.statSync(caBundle).isFile) return;
  } catch {
    return; // Nobody is pointed at it.
  }
  try {
    await ensureBundle({ home, caCertPem: Deno.readTextFileSync(caCertificate), base: [caBundle] });
  } catch (error) {
    failed(`Cannot bring ${caBundle} up to date (${errorLabel(error)}): tools trust what the system trusted before`);
  }
}

function welcome(daemon: Daemon): string {
  const { edge } = daemon;
  const who = edge.kind === "adopted" ? `, served by process ${edge.pid}` : "";
  return `halton-meter ${VERSION} is metering on 127.0.0.1:${edge.port}${who}\n` +
    `  In another terminal: halton-meter run -- claude\n  Ctrl-C stops it\n`;
}

/** Events that a person at the terminal should see. */
function sentenceFor(event: LogEvent): string | null {
  switch (event.event) {
    case "edge.port.taken":
      return `Port ${event.port} is held by another program: using ${event.fallback} instead. ` +
        `\`halton-meter run\` finds it by itself`;
    case "daemon.permissions.tightened":
      return `Tightened the permissions of ${event.path}`;
    case "role.crashed":
      return `The ${event.role} stopped (${event.reason}); starting it again`;
    case "daemon.config.changed":
      return "Took up the changed settings";
    case "daemon.config.invalid":
      return `The changed settings are not used: ${event.reason}`;
    case "recorder.write.failed":
      return `Cannot write to the database (${event.reason}): ${event.queued} rows wait in memory, calls go on`;
    case "intercept.upstream.failed":
      return event.reason;
    default:
      return null;
  }
}
