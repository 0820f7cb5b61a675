/**
 * Appends log lines to a file of mode 0600.
 *
 * @module
 */

/** A sink for log lines. */
export interface LogFile {
  write(line: string): void;
  close(): void;
}

/** Opens `path` for appending. @throws when it cannot be opened. */
export function openLogFile(path: string): LogFile {
  const file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  Deno.chmodSync(path, 0o600);
  return {
    write: (line) => {
      file.writeSync(new TextEncoder().encode(`${line}\n`));
    },
    close: () => file.close(),
  };
}
