/**
 * Words for a shell and texts for AppleScript, quoted so that nothing in a path is taken for anything but itself.
 * Imports nothing.
 *
 * @module
 */

/** `words` as one command line of a POSIX shell, for a script or for a person to type. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** `text` as a string literal of AppleScript. */
export function appleScriptString(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
