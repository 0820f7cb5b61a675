/**
 * Entry of the api's worker: its message switch is all that it can be asked.
 *
 * @module
 */

import { errorLabel } from "../log.ts";
import { type ApiServer, startApi } from "./api.ts";
import type { FromWorker, ToApi } from "./messages.ts";
import { reportFaults } from "./worker_faults.ts";

reportFaults();

let api: ApiServer | null = null;

function tell(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = (event: MessageEvent<ToApi>) => {
  const message = event.data;
  switch (message.kind) {
    case "api.start":
      return start(message);
    case "stats":
      return tell({ kind: "stats", id: message.id, counters: api?.counters() ?? {} });
    case "drain":
      (api?.stop() ?? Promise.resolve()).then(() => tell({ kind: "drained" }));
      return;
    default:
      message satisfies never;
      throw new Error("Unknown message to the api");
  }
};

function start(message: Extract<ToApi, { kind: "api.start" }>): void {
  try {
    api = startApi(message);
    tell({ kind: "api.ready", port: api.port });
  } catch (error) {
    tell({
      kind: "failed",
      code: "port_in_use",
      message: `Cannot serve the local API on 127.0.0.1: ${errorLabel(error)}`,
      hint: "Set daemon.api_port in config.toml to a free port",
    });
  }
}
