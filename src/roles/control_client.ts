/**
 * Talks to the supervisor over its unix socket.
 *
 * Imports: roles/control_messages.ts, roles/splice.ts.
 *
 * @module
 */

import { controlLines, type ControlMessage } from "./control_messages.ts";
import { closeQuietly, writeAll } from "./splice.ts";

/** An answer grows with the counters and notes of every role; a few kilobytes are usual. */
const MAX_ANSWER = 1024 * 1024;

/** Whether a live supervisor answers at `path`. */
export async function supervisorAnswers(path: string): Promise<boolean> {
  try {
    closeQuietly(await Deno.connect({ transport: "unix", path }));
    return true;
  } catch {
    return false;
  }
}

/** Sends one message and waits for its answer; null when no supervisor is there. */
export async function askSupervisor(path: string, message: ControlMessage, withinMs: number): Promise<unknown> {
  let connection: Deno.UnixConn;
  try {
    connection = await Deno.connect({ transport: "unix", path });
  } catch {
    return null;
  }
  const timer = setTimeout(() => closeQuietly(connection), withinMs);
  try {
    await writeAll(connection, new TextEncoder().encode(JSON.stringify(message) + "\n"));
    for await (const line of controlLines(connection, MAX_ANSWER)) return JSON.parse(line);
    return null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    closeQuietly(connection);
  }
}

/**
 * Registers a `run --project` for as long as the returned function is not called. Without a supervisor nothing is
 * registered; the child's `HALTON_PROJECT` then names the project.
 */
export async function holdRun(path: string, pid: number, project: string): Promise<() => void> {
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    const message: ControlMessage = { t: "run", pid, project };
    await writeAll(connection, new TextEncoder().encode(JSON.stringify(message) + "\n"));
    await connection.read(new Uint8Array(64)); // The answer: calls made from now on are known.
    return () => closeQuietly(connection);
  } catch {
    return () => {};
  }
}

/**
 * Tells the supervisor of a self-test's stand-in provider, for as long as `release` is not called; null when no supervisor
 * answers.
 */
export async function holdSelfTest(
  path: string,
  caCertPem: string,
  withinMs: number,
): Promise<{ readonly port: number; readonly release: () => void } | null> {
  let connection: Deno.UnixConn;
  try {
    connection = await Deno.connect({ transport: "unix", path });
  } catch {
    return null;
  }
  const release = () => closeQuietly(connection);
  const timer = setTimeout(release, withinMs);
  try {
    const message: ControlMessage = { t: "self-test", caCertPem };
    await writeAll(connection, new TextEncoder().encode(JSON.stringify(message) + "\n"));
    for await (const line of controlLines(connection)) {
      const { port } = JSON.parse(line) as { readonly port: unknown };
      return typeof port === "number" ? { port, release } : null;
    }
    return null;
  } catch {
    release();
    return null;
  } finally {
    clearTimeout(timer);
  }
}
