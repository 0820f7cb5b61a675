/**
 * The meter under measurement: real `edge` and `daemon` processes with a folder of their own, recording on.
 *
 * @module
 */

import { askSupervisor } from "../../src/roles/control_client.ts";
import type { DaemonStatus } from "../../src/roles/daemon_status.ts";
import { readPorts } from "../../src/roles/ports_file.ts";
import { type Children, freePort, until } from "./children.ts";
import { residentBytes } from "./machine.ts";
import { HOST } from "./wire.ts";

/** A running meter. */
export interface Meter {
  readonly port: number;
  readonly caCertPem: string;
  /** Resident bytes of both processes. */
  resident(): number;
  /** Resolves with how many exchanges were recorded so far, once nothing is on its way any more. */
  settled(): Promise<Recorded>;
}

/** What the recorder has done. */
export interface Recorded {
  readonly rows: number;
  readonly dropped: number;
  readonly failed: number;
  readonly waitedMs: number;
}

const SETTLE_MS = 60_000;

/**
 * Starts both processes in a folder called `name`.
 * @param program The command and its first arguments, such as a compiled binary.
 */
export async function startMeter(
  children: Children,
  name: string,
  program: readonly string[],
  providerPort: number,
  caCertPem: string,
): Promise<Meter> {
  const folder = `${children.folder}/${name}`;
  const home = `${folder}/home`;
  const port = freePort();
  Deno.mkdirSync(home, { recursive: true, mode: 0o700 });
  Deno.writeTextFileSync(`${folder}/provider-ca.pem`, caCertPem);
  Deno.writeTextFileSync(
    `${home}/config.toml`,
    `[daemon]\nedge_port = ${port}\ninternal_port = 0\napi_port = 0\n\n` +
      `[upstream]\nca_file = "${folder}/provider-ca.pem"\nmap = { "${HOST}" = "127.0.0.1:${providerPort}" }\n`,
  );
  const env = { HOME: folder, HALTON_METER_HOME: home, HALTON_METER_CA_DIR: `${folder}/ca` };
  const [command = "", ...first] = program;
  const ports = () => readPorts(`${home}/effective-ports.json`);
  const edge = children.run(command, [...first, "edge"], env);
  await until("the edge", () => ports().edge?.port === port || null);
  const daemon = children.run(command, [...first, "daemon"], env);
  await until("the daemon", () => ports().daemon);
  return {
    port,
    caCertPem: Deno.readTextFileSync(`${folder}/ca/mitmproxy-ca-cert.pem`),
    resident: () => residentBytes(edge.pid) + residentBytes(daemon.pid),
    settled: () => settled(`${home}/daemon.sock`),
  };
}

async function settled(socket: string): Promise<Recorded> {
  const begun = performance.now();
  let last = -1;
  return await until("the recorder", async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const status = await askSupervisor(socket, { t: "status" }, 1_000) as DaemonStatus | null;
    const recorder = status?.roles["recorder"]?.counters ?? {};
    const interceptor = status?.roles["interceptor"]?.counters ?? {};
    const rows = recorder["rows_written"] ?? -1;
    const quiet = rows === last && recorder["rows_queued"] === 0 && interceptor["unacknowledged_bytes"] === 0;
    last = rows;
    if (!quiet) return null;
    const dropped = (interceptor["dropped_request_bytes"] ?? 0) + (interceptor["dropped_response_bytes"] ?? 0) +
      (recorder["rows_dropped"] ?? 0);
    return { rows, dropped, failed: recorder["failed"] ?? 0, waitedMs: performance.now() - begun };
  }, SETTLE_MS);
}
