import { deepEqual, equal, rejects } from "node:assert/strict";
import { runForOutput } from "../../src/os/run.ts";

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
