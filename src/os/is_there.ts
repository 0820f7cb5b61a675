/**
 * Whether something is at a path.
 *
 * @module
 */

/** Whether anything is there, a link included that leads nowhere. */
export function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
