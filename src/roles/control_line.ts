/**
 * A lasting connection to the supervisor: several questions in order, and word of its end. What a question asked for may
 * hold for as long as the line is open.
 *
 * Imports: roles/control_messages.ts, roles/splice.ts.
 *
 * @module
 */

import { controlLines, type ControlMessage } from "./control_messages.ts";
import { closeQuietly, writeAll } from "./splice.ts";

/** An open line. */
export interface ControlLine {
  /** The answer; null when none comes in time, or the line has ended. */
  ask(message: ControlMessage, withinMs: number): Promise<unknown>;
  /** Resolves when either side has closed. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Connects to the supervisor at `path`; null when none is there. */
export async function openControlLine(path: string): Promise<ControlLine | null> {
  let connection: Deno.UnixConn;
  try {
    connection = await Deno.connect({ transport: "unix", path });
  } catch {
    return null;
  }
  let answered: ((answer: unknown) => void) | null = null;
  const read = async () => {
    try {
      for await (const line of controlLines(connection)) answered?.(JSON.parse(line));
    } catch {
      // The supervisor left in the middle of a line.
    }
    answered?.(null);
    closeQuietly(connection);
  };
  const ended = read();
  return {
    ended,
    async ask(message, withinMs) {
      const answer = new Promise<unknown>((resolve) => answered = resolve);
      const timer = setTimeout(() => answered?.(null), withinMs);
      try {
        await writeAll(connection, new TextEncoder().encode(JSON.stringify(message) + "\n"));
        return await answer;
      } catch {
        return null;
      } finally {
        clearTimeout(timer);
        answered = null;
      }
    },
    close: () => closeQuietly(connection),
  };
}
