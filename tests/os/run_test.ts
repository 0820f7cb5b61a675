import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { commandFailure, hasCommand, runForOutput } from "../../src/os/run.ts";

Deno.test("runForOutput gives what a command printed and how it ended", async () => {
  deepEqual(await runForOutput("sh", ["-c", "printf out; printf err >&2; exit 3"]), {
    code: 3,
    stdout: "out",
    stderr: "err",
  });
});

Deno.test("runForOutput passes arguments on without a shell", async () => {
  equal((await runForOutput("printf", ["%s|", "a b", "$HOME", "*"])).stdout, "a b|$HOME|*|");
});

Deno.test("runForOutput gives the command nothing to read", async () => {
  deepEqual(await runForOutput("cat", []), { code: 0, stdout: "", stderr: "" });
});

Deno.test("runForOutput fails for a command that does not exist", async () => {
  await rejects(runForOutput("no-such-command-at-all", []), Deno.errors.NotFound);
});

Deno.test("runForOutput fails for a command that takes too long, instead of taking what it printed so far", async () => {
  const late = runForOutput("sh", ["-c", "printf begun; exec sleep 60"], { timeoutMs: 50 });
  await rejects(late, Deno.errors.TimedOut);
});

Deno.test("runForOutput ends a command that takes no notice of being told to", async () => {
  const deaf = runForOutput("sh", ["-c", "trap '' TERM; while :; do sleep 0.1; done"], { timeoutMs: 50 });
  await rejects(deaf, Deno.errors.TimedOut);
});

Deno.test("runForOutput does not wait for a process that a command leaves behind with its output", async () => {
  const { code, stdout } = await runForOutput("sh", ["-c", "sleep 60 & echo $!"]);
  try {
    equal(code, 0);
    equal(Deno.kill(Number(stdout), "SIGCONT"), undefined, "it still runs");
  } finally {
    Deno.kill(Number(stdout), "SIGKILL");
  }
});

Deno.test("runForOutput gives all of an output that is longer than a pipe holds", async () => {
  const { stdout } = await runForOutput("sh", ["-c", "head -c 3000000 /dev/zero | tr '\\0' x"]);
  equal(stdout.length, 3_000_000);
});

Deno.test("runForOutput gives the command what it is to read, and survives one that reads nothing", async () => {
  equal((await runForOutput("cat", [], { input: "päth\n" })).stdout, "päth\n");
  equal((await runForOutput("true", [], { input: "x".repeat(1 << 20) })).code, 0);
});

Deno.test("runForOutput hands on only what it is told to when it clears the environment", async () => {
  const { stdout } = await runForOutput("/usr/bin/env", [], { env: { ONLY: "this" }, clearEnv: true });
  equal(stdout, "ONLY=this\n");
});

Deno.test("hasCommand tells what is on the PATH, whatever its name looks like", async () => {
  equal(await hasCommand(runForOutput, "sh"), true);
  equal(await hasCommand(runForOutput, "no-such-tool"), false);
  equal(await hasCommand(runForOutput, "; true"), false);
});

Deno.test("commandFailure keeps everything that the command said", () => {
  const output = { code: 51, stdout: "out\n", stderr: "first\nsecond\n" };
  const error = commandFailure("Cannot add it", "security", output, "Try again");
  equal(error.message, "Cannot add it: security ended with code 51\n    first\n    second\n    out");
  equal(error.hint, "Try again");
});
