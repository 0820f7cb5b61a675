import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { serviceManager } from "../../../src/os/services/service_manager.ts";
import { makeHome } from "../environment/shells.ts";
import { noSuchCommand, recordedRunner } from "../recorded_runner.ts";

const VERSION = ["systemctl", "--user", "show", "--property=Version", "--value"];

Deno.test("serviceManager is launchd on macOS, with three services", async () => {
  using home = makeHome();
  const manager = await serviceManager({ ...home.machine, platform: "darwin" });
  deepEqual([manager.kind, manager.services.map(({ name }) => name)], ["launchd", ["daemon", "edge", "userenv"]]);
  equal(manager.service("userenv")?.title, "com.haltonlabs.meter.userenv");
  equal(await manager.advice(), null);
});

Deno.test("serviceManager is systemd where a manager answers, and does without where none does", async () => {
  using home = makeHome();
  const answers = recordedRunner([{ run: VERSION, gives: { stdout: "255\n" } }]);
  const systemd = await serviceManager({ ...home.machine, run: answers.run });
  deepEqual([systemd.kind, systemd.service("edge")?.title], ["systemd", "halton-meter-edge.service"]);
  equal(systemd.service("userenv"), null);
  const none = recordedRunner([{ run: VERSION, gives: noSuchCommand("systemctl") }]);
  const detached = await serviceManager({ ...home.machine, run: none.run });
  deepEqual([detached.kind, detached.services.map(({ name }) => name)], ["detached", ["daemon", "edge"]]);
  equal(typeof await detached.advice(), "string");
});
