/**
 * `halton-meter edge`: the proxy port in a process of its own.
 *
 * Imports: domain, log.ts, os, roles, cli.
 *
 * @module
 */

import { createLog } from "../log.ts";
import { paths } from "../os/paths.ts";
import { startEdgeProcess } from "../roles/edge_process.ts";
import type { MeterContext } from "./app.ts";
import { openLogFile } from "./log_file.ts";
import { openSession, upstreamOf } from "./session.ts";
import { untilStopped } from "./signals.ts";
import { notingFailure } from "./start_failure.ts";
import { VERSION } from "./version.ts";

/** Runs until a signal. Ends at once, with success, when a live edge already serves the port. */
export async function edgeCommand(this: MeterContext): Promise<void> {
  const { stderr } = this.process;
  const { edgeLog } = paths();
  const session = await notingFailure("edge", edgeLog, openSession);
  const file = openLogFile(session.paths.edgeLog);
  const log = createLog((line) => file.write(line), () => new Date());
  const crashed = Promise.withResolvers<"crash">();
  const edge = await notingFailure("edge", edgeLog, async () =>
    await startEdgeProcess({
      paths: session.paths,
      config: session.config,
      upstream: upstreamOf(session.config),
      version: VERSION,
      log,
      onCrash: () => crashed.resolve("crash"),
    }));
  if (edge.outcome.kind === "adopted") {
    stderr.write(`Process ${edge.outcome.pid} already serves the proxy on 127.0.0.1:${edge.outcome.port}\n`);
    return file.close();
  }
  if (edge.outcome.foreign !== null) {
    stderr.write(`Port ${edge.outcome.foreign} is held by another program: using ${edge.outcome.port} instead\n`);
  }
  stderr.write(`halton-meter ${VERSION} edge on 127.0.0.1:${edge.outcome.port}; Ctrl-C stops it\n`);
  const reason = await Promise.race([untilStopped(), crashed.promise]);
  if (reason !== "crash") {
    const left = edge.leave((open) => {
      stderr.write(`The daemon serves the port now; waiting for ${open} open connections (again to stop at once)\n`);
    });
    await Promise.race([left, untilStopped(), crashed.promise]);
  }
  edge.stop();
  log({ event: "edge.exit", reason });
  file.close();
  if (reason === "crash") this.process.exitCode = 1;
}
