import { deepEqual, equal, rejects } from "node:assert/strict";
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
  const original = AbortSignal.timeout;
  AbortSignal.timeout = (ms) => original.call(AbortSignal, ms === 10_000 ? 100 : ms);
  try {
    await rejects(runForOutput("sh", ["-c", "printf begun; exec sleep 10"]), Deno.errors.TimedOut);
  } finally {
    AbortSignal.timeout = original;
  }
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
