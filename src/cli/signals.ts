/**
 * Waiting for the signals that end a process in the foreground.
 *
 * @module
 */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies Deno.Signal[];

/** Resolves with the name of the first of SIGINT, SIGTERM and SIGHUP. */
export function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    const handlers = SIGNALS.map((signal) => {
      const handler = () => {
        for (const [name, own] of handlers) Deno.removeSignalListener(name, own);
        resolve(signal);
      };
      Deno.addSignalListener(signal, handler);
      return [signal, handler] as const;
    });
  });
}
