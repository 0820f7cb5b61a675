import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { runInForeground } from "../../src/os/child.ts";

const HERE = new URL("./child_process.ts", import.meta.url).pathname;

/** Starts a process whose only task is to run a command in its foreground, and exits with what that gave. */
function start(command: readonly string[], variables: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--quiet", "--allow-run", "--allow-env", HERE, JSON.stringify(variables), ...command],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function outcome(process: Deno.ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await process.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

async function firstLine(process: Deno.ChildProcess): Promise<string> {
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return new TextDecoder().decode(value);
}

Deno.test("runInForeground gives the exit code", async () => {
  for (const code of [0, 1, 7, 255]) equal(await runInForeground("sh", ["-c", `exit ${code}`], {}), code);
});

Deno.test("runInForeground gives 128 + n for every signal n that a shell would so report", async () => {
  for (const [name, number] of [["HUP", 1], ["INT", 2], ["QUIT", 3], ["ABRT", 6], ["KILL", 9], ["TERM", 15]] as const) {
    equal(await runInForeground("sh", ["-c", `kill -${name} $$`], {}), 128 + number, name);
  }
  const usr1 = Number(
    new TextDecoder().decode(
      (await new Deno.Command("sh", { args: ["-c", "kill -l USR1 2>/dev/null || echo 10"] }).output()).stdout,
    ),
  );
  equal(await runInForeground("sh", ["-c", "kill -USR1 $$"], {}), 128 + usr1, "USR1");
});

Deno.test("runInForeground says which command there is not, and keeps its arguments to itself", async () => {
  await rejects(runInForeground("no-such-command-at-all", ["sk-secret"], {}), (error) => {
    if (!(error instanceof MeterError)) return false;
    equal(error.code, "bad_input");
    match(error.message, /^Cannot run no-such-command-at-all: there is no such command$/);
    match(error.hint ?? "", /^Check its name/);
    return !`${error.message}${error.hint}`.includes("sk-secret");
  });
});

Deno.test("runInForeground says that a file may not be executed", async () => {
  const file = await Deno.makeTempFile();
  try {
    await rejects(runInForeground(file, [], {}), { name: "MeterError", message: /it may not be executed$/ });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("runInForeground passes standard input, output, arguments and variables through", async () => {
  const process = start(["sh", "-c", 'cat; printf " %s %s" "$MARK" "$1"; printf err >&2', "sh", "a b"], {
    MARK: "set",
  });
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode("typed"));
  await writer.close();
  deepEqual(await outcome(process), { code: 0, stdout: "typed set a b", stderr: "err" });
});

Deno.test("runInForeground passes signals on and waits for what the command makes of them", async () => {
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR2"] as const) {
    const name = signal.slice(3);
    const process = start(["sh", "-c", `trap 'exit 42' ${name}; echo ready; while :; do sleep 0.05; done`]);
    equal(await firstLine(process), "ready\n");
    process.kill(signal);
    await process.stdin.close();
    await process.stdout.cancel();
    await process.stderr.cancel();
    equal((await process.status).code, 42, signal);
  }
});

Deno.test("runInForeground lets go of its signal listeners", async () => {
  const before = await runInForeground("true", [], {});
  equal(before, 0); // The runner's resource check fails this test if a listener stays.
});
