import { deepStrictEqual as deepEqual, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { hasCommand } from "../../src/os/run.ts";
import { noSuchCommand, onThePath, recordedRunner } from "./recorded_runner.ts";

Deno.test("recordedRunner answers what was recorded, each as often as told", async () => {
  let changed = false;
  const effect = () => {
    changed = true;
  };
  const { run, calls, unused, finish } = recordedRunner([
    { run: ["tool", "a b"], gives: { code: 3, stderr: "no" }, effect },
    { run: ["tool", "a b"], times: 2 },
    { run: ["gone"], gives: noSuchCommand("gone"), times: "always" },
    onThePath("certutil", true),
  ]);
  deepEqual(unused(), ['tool "a b"', 'tool "a b"']);
  deepEqual(await run("tool", ["a b"]), { code: 3, stdout: "", stderr: "no" });
  equal(changed, true);
  throws(finish);
  for (let again = 0; again < 2; again++) deepEqual(await run("tool", ["a b"]), { code: 0, stdout: "", stderr: "" });
  await rejects(run("gone", []), Deno.errors.NotFound);
  equal(await hasCommand(run, "certutil"), true);
  equal(calls.length, 5);
  finish();
});

Deno.test("recordedRunner fails for a call that it does not know, and does not forget it", async () => {
  const { run, unexpected, finish } = recordedRunner([{ run: ["tool"], times: "always" }]);
  await rejects(run("tool", ["-x"]), /Not in the script: tool -x/);
  deepEqual(unexpected, ["tool -x"]);
  throws(finish, /tool -x/);
});

Deno.test("recordedRunner keeps to the order and to the options where it is told to", async () => {
  const ordered = recordedRunner([{ run: ["first"] }, { run: ["second"] }], { ordered: true });
  await rejects(ordered.run("second", []), /Out of turn: second/);
  const { run, finish } = recordedRunner([{ run: ["sudo"], options: { interactive: true }, times: 2 }]);
  await run("sudo", [], { interactive: true });
  await rejects(run("sudo", []));
  throws(finish, /with options/);
});
