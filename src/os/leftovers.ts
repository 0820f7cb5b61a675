/**
 * Removes what a write that was killed has left beside its file: a new file is made under a name of its own and then renamed.
 *
 * Imports nothing.
 *
 * @module
 */

/** The ending that every such name has after the file's own. */
const ENDING = /^\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.tmp$/;

/** Removes them. What cannot be looked at or removed stays. */
export async function removeLeftovers(path: string): Promise<void> {
  const slash = path.lastIndexOf("/");
  const [folder, name] = [path.slice(0, slash) || "/", path.slice(slash + 1)];
  try {
    for await (const entry of Deno.readDir(folder)) {
      const ours = entry.isFile && entry.name.startsWith(name) && ENDING.test(entry.name.slice(name.length));
      if (ours) await Deno.remove(`${folder}/${entry.name}`);
    }
  } catch {
    // No such folder, or not ours to change.
  }
}
