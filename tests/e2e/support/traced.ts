/**
 * Runs the program under `strace`, so that a test sees what it asks of the kernel.
 *
 * @module
 */

import type { Meter } from "./meter.ts";
import { NetworkTrace, TRACED_CALLS } from "./network_trace.ts";
import { NEW_RUNTIME, programCommand, type Running, until } from "./program.ts";

/**
 * An older runtime ends with a panic when a child that is traced has ended (tokio #7494: its pidfd is ready before it can
 * be reaped). Without pidfds it waits for the signal instead; what goes over the network is the same.
 */
const WITHOUT_PIDFD = NEW_RUNTIME ? [] : ["-e", "inject=pidfd_open:error=ENOSYS"];

/** A call is tampered with only when it is traced, too. */
const TRACE = `trace=${TRACED_CALLS}${NEW_RUNTIME ? "" : ",pidfd_open"}`;

/** The tracer runs beside the program, not above it: the program keeps its process number and gets its signals itself. */
const STRACE: readonly [string, ...string[]] = [
  "strace",
  "-D",
  "-f",
  "--seccomp-bpf",
  "-s",
  "600",
  "-e",
  TRACE,
  ...WITHOUT_PIDFD,
];

/**
 * Why tests under strace cannot run here; null when they can.
 * @throws when they must run all the same, which `HALTON_METER_REQUIRE_STRACE=1` says.
 */
export function straceProblem(): string | null {
  const problem = problemWithStrace();
  if (problem !== null && Deno.env.get("HALTON_METER_REQUIRE_STRACE") === "1") {
    throw new Error(`HALTON_METER_REQUIRE_STRACE is set, but ${problem}`);
  }
  return problem;
}

function problemWithStrace(): string | null {
  if (Deno.build.os !== "linux") return "strace is for Linux only";
  try {
    const [program, ...args] = STRACE;
    const { success } = new Deno.Command(program, {
      args: [...args, "-o", "/dev/null", "true"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success ? null : "strace may not trace here, or is older than 5.3";
  } catch {
    return "strace is not on the PATH";
  }
}

/** The compiled program must keep quiet by itself; Deno, which runs it from source, looks for updates unless it is told. */
const UNTOLD = Deno.env.get("HALTON_METER_BINARY") ? ["env", "-u", "DENO_NO_UPDATE_CHECK"] : [];

/** A traced process of the program. */
export interface Traced {
  readonly running: Running;
  /** What it did, once it has ended. */
  trace(): Promise<NetworkTrace>;
}

/** Starts the program with `args` under strace. */
export function startTraced(meter: Meter, args: readonly string[], env: Record<string, string> = {}): Traced {
  const file = `${meter.root}/tmp/trace-${crypto.randomUUID()}`;
  const [program, ...rest] = STRACE;
  const running = meter.spawn([program, ...rest, "-o", file, ...UNTOLD, ...programCommand(), ...args], { env });
  return {
    running,
    async trace() {
      await running.finished;
      // The tracer writes its last line after the program has ended.
      const last = new RegExp(`^${running.pid} +\\+\\+\\+ `, "m");
      const text = await until("the end of the trace", async () => {
        const text = await Deno.readTextFile(file);
        return last.test(text) ? text : null;
      });
      return new NetworkTrace(text);
    },
  };
}
