/**
 * Entry of the api's worker: its message switch is all that it can be asked.
 *
 * @module
 */

// First: it closes what the permission row leaves open.
import "./own_sockets.ts";
import { MeterError } from "../domain/errors.ts";
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
    case "api.recorder":
      return api?.connectRecorder(message.recorder);
    case "api.config":
      return api?.configure(message.config);
    case "api.answer":
      return api?.answer(message.answer);
    case "stats":
      return tell({ kind: "stats", id: message.id, counters: api?.counters() ?? {} });
    case "drain":
      api?.stop();
      return tell({ kind: "drained" });
    default:
      message satisfies never;
      throw new Error("Unknown message to the api");
  }
};

function start(message: Extract<ToApi, { kind: "api.start" }>): void {
  try {
    api = startApi({ ...message, ask: (id, ask) => tell({ kind: "api.ask", id, ask }) });
    api.connectRecorder(message.recorder);
    tell({ kind: "api.ready", port: api.port });
  } catch (error) {
    const taken = error instanceof Deno.errors.AddrInUse;
    tell({
      kind: "failed",
      code: taken ? "port_in_use" : "failed",
      message: error instanceof MeterError
        ? error.message
        : `Cannot serve the local API on 127.0.0.1: ${errorLabel(error)}`,
      hint: taken ? "Set daemon.api_port in config.toml to a free port" : "Run halton-meter status",
    });
  }
}
