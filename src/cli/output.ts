/**
 * Writing to the terminal or to a pipe that may close early.
 *
 * @module
 */

/** Text out; never throws, since a reader such as `head` may have left. */
export interface Output {
  write(text: string): void;
  /** Columns of the terminal; null when it is a pipe or a file. */
  readonly columns: number | null;
  readonly colour: boolean;
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function outputTo(stream: typeof Deno.stdout | typeof Deno.stderr): Output {
  const terminal = stream.isTerminal();
  return {
    write: (text) => writeAll(stream, text),
    columns: terminal ? columnsOf() : null,
    colour: terminal && !Deno.noColor,
  };
}

function columnsOf(): number | null {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return null;
  }
}

/** Standard output. */
export function standardOutput(): Output {
  return outputTo(Deno.stdout);
}

/** Standard error. */
export function standardError(): Output {
  return outputTo(Deno.stderr);
}

/** Width of text that goes to a file or a pipe. */
export const PIPE_COLUMNS = 120;
