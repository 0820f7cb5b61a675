/**
 * What the bench asks of the machine it runs on.
 *
 * @module
 */

/** Resident memory of a process in bytes; NaN when it cannot be told. Asks a command, since /proc is closed to programs. */
export function residentBytes(pid: number): number {
  if (Deno.build.os === "linux") {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(outputOf("cat", [`/proc/${pid}/status`]))?.[1]) * 1024;
  }
  return (parseInt(outputOf("ps", ["-o", "rss=", "-p", String(pid)])) || NaN) * 1024;
}

function outputOf(program: string, args: string[]): string {
  const { stdout } = new Deno.Command(program, { args, stdin: "null", stderr: "null" }).outputSync();
  return new TextDecoder().decode(stdout);
}

/** One line that says where the figures come from. */
export function machineLine(): string {
  const gib = Math.round(Deno.systemMemoryInfo().total / 1024 ** 3);
  const load = Deno.loadavg()[0]?.toFixed(2) ?? "?";
  return `${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} cores, ${gib} GiB, Deno ${Deno.version.deno}, ` +
    `V8 ${Deno.version.v8}, load ${load} at the start`;
}

/** Whether a program is on the path and runs. */
export async function runs(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" }).output();
    return success;
  } catch {
    return false;
  }
}
