/**
 * `halton-meter open`: the dashboard, in the browser.
 *
 * Imports: domain, os, roles, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { openInBrowser } from "../os/browser.ts";
import { paths } from "../os/paths.ts";
import { runForOutput } from "../os/run.ts";
import { askSupervisor } from "../roles/control_client.ts";
import type { DaemonStatus } from "../roles/daemon_status.ts";
import type { MeterContext } from "./app.ts";

const ANSWER_MS = 2_000;

/** Opens the dashboard, or prints where it is when there is no browser to open it in. */
export async function openCommand(this: MeterContext, flags: { readonly print: boolean }): Promise<void> {
  const status = await askSupervisor(paths().socket, { t: "status" }, ANSWER_MS) as DaemonStatus | null;
  if (status === null) {
    throw new MeterError("daemon_not_running", "Cannot open the dashboard: no daemon runs", {
      hint: "Run: halton-meter start",
    });
  }
  if (status.apiPort === null) {
    throw new MeterError("failed", `Cannot open the dashboard: ${status.apiProblem ?? "the local API does not run"}`);
  }
  const url = `http://127.0.0.1:${status.apiPort}/`;
  const platform = Deno.build.os === "darwin" ? "darwin" : "linux";
  const opened = !flags.print && await openInBrowser(url, platform, Deno.env, runForOutput);
  this.process.stdout.write(opened ? `Opened ${url}\n` : `${url}\n`);
}
