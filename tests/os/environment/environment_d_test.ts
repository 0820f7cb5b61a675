import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { CLIENT_VARIABLES } from "../../../src/os/client_variables.ts";
import { environmentD, environmentDText } from "../../../src/os/environment/environment_d.ts";
import { fixedVariables } from "../../../src/os/environment/options.ts";
import { runForOutput } from "../../../src/os/run.ts";
import { recordedRunner } from "../recorded_runner.ts";
import { makeHome } from "./shells.ts";

const GENERATOR = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";
const VERSION = ["systemctl", "--user", "show", "--property=Version", "--value"];

Deno.test("environmentDText is read by systemd's own generator as it was meant", async () => {
  using home = makeHome();
  const folder = `${home.folder}/config/environment.d`;
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(`${folder}/60-halton-meter.conf`, environmentDText(home.machine));
  for (const earlier of ["", "corp.example"]) {
    const { stdout, stderr } = await runForOutput(GENERATOR, [], {
      clearEnv: true,
      env: {
        HOME: home.folder,
        XDG_CONFIG_HOME: `${home.folder}/config`,
        ...(earlier === "" ? {} : { NO_PROXY: earlier }),
      },
    });
    equal(stderr, "");
    // The generator prints words as a shell takes them.
    const { stdout: shown } = await runForOutput("sh", [
      "-c",
      `${stdout}\nfor name in ${CLIENT_VARIABLES.join(" ")}; do eval "printf '%s\\0' \\"\\$$name\\""; done`,
    ], {
      clearEnv: true,
    });
    const wanted = new Map(fixedVariables(home.machine));
    if (earlier !== "") wanted.set("NO_PROXY", `${earlier},localhost,127.0.0.1,::1`);
    deepEqual(shown.split("\0").slice(0, -1), CLIENT_VARIABLES.map((name) => wanted.get(name)));
  }
});

Deno.test("environmentD is unavailable without a manager that would read it, and leaves no folder", async () => {
  using home = makeHome();
  const { run, finish } = recordedRunner([{
    run: VERSION,
    gives: { code: 1, stderr: "Failed to connect to bus" },
    times: "always",
  }]);
  const place = environmentD({ ...home.machine, run }, {});
  equal((await place.apply()).state, "unavailable");
  equal((await place.remove()).state, "unavailable");
  deepEqual([...Deno.readDirSync(home.folder)].map(({ name }) => name).sort(), [".halton-meter", ".mitmproxy"]);
  finish();
});

Deno.test("environmentD is written, told to the manager once, and taken away with its folders", async () => {
  using home = makeHome();
  const script = [
    { run: VERSION, gives: { stdout: "252\n" }, times: "always" as const },
    { run: ["systemctl", "--user", "daemon-reload"], times: 2 },
    { run: ["systemctl", "--user", "unset-environment", ...CLIENT_VARIABLES] },
  ];
  const { run, finish } = recordedRunner(script);
  const place = environmentD({ ...home.machine, run }, {});
  equal((await place.check()).state, "absent");
  equal((await place.apply()).state, "present");
  equal((await place.apply()).state, "present");
  match(home.read(".config/environment.d/60-halton-meter.conf"), /^HTTPS_PROXY="http:\/\/127\.0\.0\.1:\d+"$/m);
  equal((await place.remove()).state, "absent");
  finish();
  deepEqual([...Deno.readDirSync(home.folder)].map(({ name }) => name).sort(), [".halton-meter", ".mitmproxy"]);
});

Deno.test("environmentD does not set a session's proxy over another one", async () => {
  using home = makeHome({ env: { HTTPS_PROXY: "http://corp.example:8080" } });
  const { run } = recordedRunner([{ run: VERSION, gives: { stdout: "252\n" }, times: "always" }]);
  const state = await environmentD({ ...home.machine, run }, {}).apply();
  equal(state.state, "unavailable");
  equal(state.detail, "the proxy corp.example:8080 is in use");
});
