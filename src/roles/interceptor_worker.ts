/**
 * Entry of the interceptor's worker: its message switch is all that it can be asked.
 *
 * @module
 */

// First: it closes what the permission row leaves open.
import "./own_sockets.ts";
import type { LogEvent } from "../log.ts";
import { type Interceptor, startInterceptor } from "./interceptor.ts";
import type { FromWorker, ToInterceptor } from "./messages.ts";
import { reportFaults } from "./worker_faults.ts";

reportFaults();

let interceptor: Interceptor | null = null;

function tell(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = (event: MessageEvent<ToInterceptor>) => {
  const message = event.data;
  switch (message.kind) {
    case "interceptor.start":
      start(message);
      return;
    case "interceptor.leaves":
      interceptor?.renew(message.leaves).then((ports) => tell({ kind: "interceptor.ready", ports }));
      return;
    case "interceptor.recorder":
      return interceptor?.attachRecorder(message.recorder);
    case "interceptor.selfTest":
      return interceptor?.selfTest(message.standIn);
    case "stats":
      return tell({ kind: "stats", id: message.id, counters: interceptor?.counters() ?? {} });
    case "destinations":
      return tell({ kind: "destinations", id: message.id, log: interceptor?.destinations() ?? null });
    case "drain":
      interceptor?.drain().then(() => tell({ kind: "drained" }));
      return;
    default:
      message satisfies never;
      throw new Error("Unknown message to the interceptor");
  }
};

async function start(
  { leaves, upstream, recorder }: Extract<ToInterceptor, { kind: "interceptor.start" }>,
): Promise<void> {
  const log = (event: LogEvent) => tell({ kind: "log", event });
  interceptor = await startInterceptor({ leaves, upstream, recorder, log });
  tell({ kind: "interceptor.ready", ports: interceptor.ports });
}
