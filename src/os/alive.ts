/**
 * Whether a process lives. Imports nothing.
 *
 * @module
 */

/** Whether there is a process of that number, whoever owns it. It may be another one than the number was noted for. */
export function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT"); // Harmless to a process that is not stopped.
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
