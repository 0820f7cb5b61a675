/**
 * Entry of the edge's worker, in the process `edge` and in the daemon alike.
 *
 * @module
 */

// First: it closes what the permission row leaves open.
import "./own_sockets.ts";
import { errorLabel } from "../log.ts";
import { type Edge, startEdge } from "./edge.ts";
import type { FromWorker, LetGo, ToEdge } from "./messages.ts";
import { reportFaults } from "./worker_faults.ts";

reportFaults();

let edge: Edge | null = null;
let letGo: ((answer: LetGo) => void) | null = null;

function tell(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = (event: MessageEvent<ToEdge>) => {
  const message = event.data;
  switch (message.kind) {
    case "edge.start":
      start(message);
      return;
    case "edge.bind":
      letGo?.(message.answer);
      return;
    case "edge.hold":
      hold();
      return;
    case "edge.release":
      edge?.release();
      return;
    case "stats":
      return tell({ kind: "stats", id: message.id, counters: edge?.counters() ?? {} });
    case "destinations":
      return tell({ kind: "destinations", id: message.id, log: edge?.destinations() ?? null });
    case "drain":
      drain();
      return;
    default:
      message satisfies never;
      throw new Error("Unknown message to the edge");
  }
};

async function start(message: Extract<ToEdge, { kind: "edge.start" }>): Promise<void> {
  try {
    edge = await startEdge({
      ...message,
      letGo: (pid) =>
        new Promise((resolve) => {
          letGo = resolve;
          tell({ kind: "edge.waiting", pid });
        }),
    });
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

async function hold(): Promise<void> {
  tell({ kind: "edge.held", held: await edge?.hold() ?? false });
}

/** Ends with the last connection that is open. */
async function drain(): Promise<void> {
  edge?.release();
  await edge?.idle();
  tell({ kind: "drained" });
}
