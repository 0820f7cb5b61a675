/**
 * Entry of sync's worker: its message switch is all that it can be asked.
 *
 * @module
 */

// First: it closes what the permission row leaves open.
import "./own_sockets.ts";
import type { FromWorker, ToSync } from "./messages.ts";
import { startSync, type SyncRole } from "./sync.ts";
import { SyncRecorderLink } from "./sync_link.ts";
import { reportFaults } from "./worker_faults.ts";

reportFaults();

const recorder = new SyncRecorderLink();
let role: SyncRole | null = null;

function tell(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = (event: MessageEvent<ToSync>) => {
  const message = event.data;
  switch (message.kind) {
    case "sync.start": {
      recorder.connect(message.recorder);
      role = startSync({
        ...message,
        keep: recorder.keep,
        log: (event) => tell({ kind: "log", event }),
        idle: (reason) => tell({ kind: "sync.idle", reason }),
      });
      return;
    }
    case "sync.recorder":
      return recorder.connect(message.recorder);
    case "destinations":
      return tell({ kind: "destinations", id: message.id, log: role?.destinations() ?? null });
    case "stats":
      return tell({
        kind: "stats",
        id: message.id,
        counters: role?.counters() ?? {},
        notes: role?.notes() ?? [],
      });
    case "drain":
      stop().then(() => tell({ kind: "drained" }));
      return;
    default:
      message satisfies never;
      throw new Error("Unknown message to sync");
  }
};

async function stop(): Promise<void> {
  await role?.stop();
  recorder.close();
}
