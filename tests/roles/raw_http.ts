/**
 * A client that sends bytes as they are, for servers that must not trust what they are sent.
 *
 * @module
 */

/** Sends text, one byte per character, and reads until the server ends the connection. A reset counts as an end. */
export async function rawExchange(port: number, text: string): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await sendAll(conn, Uint8Array.from(text, (char) => char.charCodeAt(0)));
    return await readToEnd(conn);
  } finally {
    conn.close();
  }
}

/** One request that asks for the end of the connection after its answer. */
export function requestText(start: string, fields: readonly string[], body = ""): string {
  return [start, ...fields, "Connection: close", "", body].join("\r\n");
}

/** The status of an answer; 0 for none. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
}

export async function readToEnd(conn: Deno.Conn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(16_384);
  for (;;) {
    const count = await conn.read(buffer).catch(() => null);
    if (count === null) return text;
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
}

/** Writes until all is sent or the server has gone. */
export async function sendAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  } catch {
    // The server has refused already; what it said can still be read.
  }
}
