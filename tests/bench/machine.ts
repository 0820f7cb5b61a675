/**
 * What the bench asks of the machine it runs on.
 *
 * @module
 */

/** Resident memory of a process in bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  try {
    if (Deno.build.os === "linux") {
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    }
    const { stdout } = new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)], stderr: "null" }).outputSync();
    return Number(new TextDecoder().decode(stdout).trim()) * 1024;
  } catch {
    return 0;
  }
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
