/**
 * The inside of a bench child: orders come in as JSON lines on standard input, each answered by one JSON line on standard
 * output. The end of the input ends the process, so that no child outlives a bench that was killed.
 *
 * @module
 */

/** Answers every order in turn until the input ends. The first answer tells that the child is ready. */
export async function serveOrders<Order>(answer: (order: Order) => Promise<unknown>): Promise<never> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) say(await answered(line, answer));
  }
  Deno.exit(0);
}

async function answered<Order>(line: string, answer: (order: Order) => Promise<unknown>): Promise<unknown> {
  try {
    return { ok: await answer(JSON.parse(line)) };
  } catch (error) {
    return { failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

function say(value: unknown): void {
  const bytes = new TextEncoder().encode(JSON.stringify(value) + "\n");
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

/** Now in UTC epoch ms with fraction, comparable between processes of one machine. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
