/**
 * Entry of the edge's worker, in the process `edge` and in the daemon alike.
 *
 * @module
 */

import { errorLabel } from "../log.ts";
import { type Edge, startEdge } from "./edge.ts";
import type { FromWorker, ToEdge } from "./messages.ts";
import { reportFaults } from "./worker_faults.ts";

reportFaults();

let edge: Edge | null = null;

function tell(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = (event: MessageEvent<ToEdge>) => {
  const message = event.data;
  switch (message.kind) {
    case "edge.start":
      start(message);
      return;
    case "edge.release":
      edge?.release();
      return tell({ kind: "edge.released" });
    case "stats":
      return tell({ kind: "stats", id: message.id, counters: edge?.counters() ?? {} });
    case "drain":
      edge?.release();
      return tell({ kind: "drained" });
    default:
      message satisfies never;
      throw new Error("Unknown message to the edge");
  }
};

async function start(message: Extract<ToEdge, { kind: "edge.start" }>): Promise<void> {
  try {
    edge = await startEdge(message);
    tell({ kind: "edge.ready", outcome: edge.outcome });
  } catch (error) {
    tell({
      kind: "failed",
      code: "port_in_use",
      message: `Cannot serve the proxy on 127.0.0.1:${message.port}: ${errorLabel(error)}`,
      hint: "Set daemon.edge_port in config.toml to a free port",
    });
  }
}
