/**
 * A worker that answers, falls silent or fails, as it is told.
 *
 * @module
 */

import type { FromWorker, ToApi } from "../../src/roles/messages.ts";
import { reportFaults } from "../../src/roles/worker_faults.ts";

reportFaults();

let mode = "";
let asked = 0;

function tell(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = (event: MessageEvent<ToApi>) => {
  const message = event.data;
  if (message.kind === "api.start") {
    mode = message.version;
    if (mode === "speak") tell({ kind: "api.ready", port: 77 });
    if (mode === "throw") throw new Error("Failed on purpose");
    if (mode === "reject") Promise.reject(new Error("Rejected on purpose"));
  } else if (mode === "deaf") {
    return;
  } else if (message.kind === "stats") {
    tell({ kind: "stats", id: message.id, counters: { asked: ++asked } });
  } else if (mode === "throw at drain") throw new Error("Failed on purpose");
  else tell({ kind: "drained" });
};

tell({ kind: "recorder.ready" });
