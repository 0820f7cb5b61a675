import { strictEqual as equal } from "node:assert/strict";
import { systemctl, userManagerProblem } from "../../../src/os/services/systemctl.ts";
import { makeHome } from "../environment/shells.ts";
import { noSuchCommand, recordedRunner } from "../recorded_runner.ts";

const VERSION = ["systemctl", "--user", "show", "--property=Version", "--value"];

Deno.test("userManagerProblem tells a manager that answers from one that does not, and from none", async () => {
  using home = makeHome();
  const cases = [
    [{ stdout: "252\n" }, null],
    [{ code: 1, stderr: "Failed to connect to bus: No medium found\n" }, "no systemd manager runs for this user"],
    [noSuchCommand("systemctl"), "this system has no systemd"],
  ] as const;
  for (const [gives, problem] of cases) {
    const { run, finish } = recordedRunner([{ run: VERSION, gives }]);
    equal(await userManagerProblem({ ...home.machine, run }), problem);
    finish();
  }
});

Deno.test("systemctl finds the manager's folder by the user's number where no login has set it", async () => {
  using home = makeHome();
  const options = { timeoutMs: 60_000, env: { XDG_RUNTIME_DIR: "/run/user/1000" } };
  const { run, finish } = recordedRunner([{ run: VERSION, options }]);
  await systemctl({ ...home.machine, uid: 1000, run }, VERSION.slice(2));
  finish();
  const env = { get: () => "/run/user/7" };
  const given = recordedRunner([{ run: VERSION, options: { timeoutMs: 60_000, env: {} } }]);
  await systemctl({ ...home.machine, env, run: given.run }, VERSION.slice(2));
  given.finish();
});
