/**
 * What a worker does with an error that nobody caught: it tells the supervisor the error's class and ends. The runtime
 * would print message and stack to a log file, and a message may quote what was being parsed.
 *
 * Imports: log.ts.
 *
 * @module
 */

import { errorLabel } from "../log.ts";
import type { FromWorker } from "./messages.ts";

/** To be called first thing in a worker's entry. */
export function reportFaults(): void {
  const end = (error: unknown) => {
    self.postMessage({ kind: "crashed", reason: errorLabel(error) } satisfies FromWorker);
    self.close();
  };
  self.addEventListener("error", (event) => {
    event.preventDefault();
    end(event.error);
  });
  self.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    end(event.reason);
  });
}
