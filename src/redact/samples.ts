/**
 * Bodies of the rules' examples. Examples are put together from these when the program runs, so that no file of the project
 * holds a string of a real key's shape: code hosts refuse such files. Imports nothing.
 *
 * @module
 */

/** `length` letters and digits. */
export function sample(length: number): string {
  let text = "";
  for (let word = 0; text.length < length; word++) {
    text += word % 2 === 0 ? `EXAMPLE${word % 10}` : `example${word % 10}`;
  }
  return text.slice(0, length);
}

/** `length` small hexadecimal digits. */
export function hex(length: number): string {
  return "0a001b112c223d334e445f5566778899".repeat(Math.ceil(length / 32)).slice(0, length);
}
