/**
 * Shows a long text through the user's pager, as `git` and `man` do.
 *
 * Imports: nothing.
 *
 * @module
 */

/** What is run when `PAGER` is not set; `-F` leaves a text that fits on the screen there. */
const DEFAULT_PAGER = "less";
const LESS_OPTIONS = "FRX";

/** What a terminal's keys send to every program in front of it. */
const FROM_TERMINAL = ["SIGINT", "SIGQUIT"] as const satisfies Deno.Signal[];

/**
 * Runs `$PAGER` (a command line, as is usual) with `text` as its input, and waits until the user leaves it.
 *
 * @returns False when it could not be run, so that the text has still to be shown.
 */
export async function showInPager(text: string, env: Pick<Deno.Env, "get"> = Deno.env): Promise<boolean> {
  const pager = env.get("PAGER") || DEFAULT_PAGER;
  const less = env.get("LESS") ?? LESS_OPTIONS;
  // Ctrl-C goes to both, and is for the pager: without this program the shell would take the terminal back from it.
  const ignore = () => {};
  for (const signal of FROM_TERMINAL) Deno.addSignalListener(signal, ignore);
  try {
    // The text goes in as input only; what runs is the user's own variable.
    const child = new Deno.Command("/bin/sh", { args: ["-c", pager], env: { LESS: less }, stdin: "piped" }).spawn();
    const feeding = feed(child.stdin, text);
    const { code } = await child.status;
    await feeding;
    return wasRun(code);
  } finally {
    for (const signal of FROM_TERMINAL) Deno.removeSignalListener(signal, ignore);
  }
}

function wasRun(code: number): boolean {
  return code !== 127 && code !== 126; // What a shell says of a command that is not there, or may not be run.
}

async function feed(input: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = input.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // The user left before the end.
  }
}
