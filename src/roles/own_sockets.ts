/**
 * Closes, in the worker that imports it first, two ways around the permission row that the runtime leaves open.
 *
 * All workers share one process, so a number can name a socket that another role opened, and Deno 2.9 lets `node:net` take
 * over any such number without asking for a permission. And the Cache interface writes responses below the runtime's own
 * folder, whatever the row says of files. Neither is of use to any role; both are taken away before other code runs.
 *
 * Imports: node:net.
 *
 * @module
 */

import { Socket } from "node:net";

/** A connection of `node:net` as the runtime sees it. */
interface Handle {
  open(fd: number): number;
}

/** Every kind of socket that `node:net` knows; neither address is ever reached, because both attempts are given up. */
const KINDS = [{ port: 1, host: "127.0.0.1" }, { path: "/" }];

for (const kind of KINDS) refuseToOpen(handlesOf(kind));
Reflect.deleteProperty(globalThis, "caches");

/** What the handles of one kind of socket have in common; null where the runtime makes none before it asks. */
function handlesOf(kind: { readonly port: number; readonly host: string } | { readonly path: string }): Handle | null {
  const socket = new Socket();
  socket.on("error", () => {});
  try {
    socket.connect(kind);
  } catch {
    // Refused, as it should be; the handle is there all the same.
  }
  const handle: unknown = Reflect.get(socket, "_handle");
  socket.destroy();
  return isHandle(handle) ? Object.getPrototypeOf(handle) : null;
}

function isHandle(value: unknown): value is Handle {
  return typeof value === "object" && value !== null && "open" in value;
}

function refuseToOpen(handles: Handle | null): void {
  if (handles === null) return;
  const open = (): never => {
    throw new Deno.errors.NotCapable("A role uses no socket but its own");
  };
  Object.defineProperty(handles, "open", { value: open, writable: false, configurable: false });
}
