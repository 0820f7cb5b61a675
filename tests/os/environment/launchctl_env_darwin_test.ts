import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { CLIENT_VARIABLES } from "../../../src/os/client_variables.ts";
import { applyUserEnvironment, launchctlEnvironment } from "../../../src/os/environment/launchctl_env_darwin.ts";
import { fixedVariables } from "../../../src/os/environment/options.ts";
import type { Machine } from "../../../src/os/machine.ts";
import type { Runner } from "../../../src/os/run.ts";
import { makeHome } from "./shells.ts";
import { noSuchCommand, recordedRunner } from "../recorded_runner.ts";

/** A login session that answers as launchctl does: nothing for a variable that is not set. */
function session(variables: Map<string, string>): { readonly run: Runner; readonly changes: string[][] } {
  const changes: string[][] = [];
  const run: Runner = (command, [verb = "", name = "", value = "", ...rest]) => {
    equal(command, "launchctl");
    deepEqual(rest, []);
    if (verb === "getenv") {
      const found = variables.get(name);
      return Promise.resolve({
        code: found === undefined ? 1 : 0,
        stdout: found === undefined ? "" : `${found}\n`,
        stderr: "",
      });
    }
    changes.push(value === "" ? [verb, name] : [verb, name, value]);
    if (verb === "setenv") variables.set(name, value);
    else if (verb === "unsetenv") variables.delete(name);
    else throw new Error(`Unexpected launchctl ${verb}`);
    return Promise.resolve({ code: 0, stdout: "", stderr: "" });
  };
  return { run, changes };
}

function darwin(machine: Machine, run: Runner): Machine {
  return { ...machine, platform: "darwin", run };
}

Deno.test("launchctlEnvironment sets every variable once, and takes exactly those away", async () => {
  using home = makeHome();
  const variables = new Map([["PATH", "/usr/bin"]]);
  const { run, changes } = session(variables);
  const machine = darwin(home.machine, run);
  const place = launchctlEnvironment(machine, {});
  equal((await place.check()).state, "absent");
  equal((await place.apply()).state, "present");
  equal((await place.apply()).state, "present");
  deepEqual(changes, Array.from(fixedVariables(machine), ([name, value]) => ["setenv", name, value]));
  equal((await place.remove()).state, "absent");
  deepEqual([...variables], [["PATH", "/usr/bin"]]);
});

Deno.test("launchctlEnvironment completes what was half set, as after another version", async () => {
  using home = makeHome();
  const machine = darwin(home.machine, home.machine.run);
  const wanted = fixedVariables(machine);
  const variables = new Map([["SSL_CERT_FILE", wanted.get("SSL_CERT_FILE") ?? ""], [
    "HTTPS_PROXY",
    "http://127.0.0.1:8099",
  ]]);
  const place = launchctlEnvironment({ ...machine, run: session(variables).run }, {});
  match((await place.check()).detail, /^https_proxy, .*HTTPS_PROXY not set$/);
  equal((await place.apply()).state, "present");
  equal(variables.get("HTTPS_PROXY"), `http://127.0.0.1:${home.port}`);
});

Deno.test("launchctlEnvironment takes its address away also when the port was changed meanwhile", async () => {
  using home = makeHome();
  const variables = new Map([["PATH", "/usr/bin"]]);
  const machine = darwin(home.machine, session(variables).run);
  await launchctlEnvironment(machine, {}).apply();
  await launchctlEnvironment({ ...machine, edgePort: machine.edgePort + 1 }, {}).remove();
  deepEqual([...variables], [["PATH", "/usr/bin"]]);
});

Deno.test("launchctlEnvironment leaves a session alone that has another proxy", async () => {
  using home = makeHome();
  for (const proxy of ["http://me:secret@corp.example:3128", "http://127.0.0.1:8080"]) {
    const { run, changes } = session(new Map([["HTTPS_PROXY", proxy]]));
    const place = launchctlEnvironment(darwin(home.machine, run), {});
    const { state, detail } = await place.apply();
    deepEqual([state, detail], ["unavailable", `the proxy ${proxy.replace(/.*[/@]/, "")} is in use`]);
    deepEqual(await applyUserEnvironment(darwin(home.machine, run), {}), []);
    deepEqual(changes, []);
  }
});

Deno.test("launchctlEnvironment stands in front of the proxy that the meter uses, and puts it back", async () => {
  using home = makeHome();
  const before = new Map([["HTTPS_PROXY", "http://me:pw@corp.example:3128"], ["NO_PROXY", "corp.example"]]);
  const variables = new Map(before);
  const machine = darwin(home.machine, session(variables).run);
  const place = launchctlEnvironment(machine, { upstreamProxy: { host: "corp.example", port: 3128 } });
  equal((await place.apply()).detail, "set for this login; left as it was: NO_PROXY");
  equal(variables.get("HTTPS_PROXY"), `http://127.0.0.1:${home.port}`);
  equal((await place.remove()).state, "absent");
  deepEqual(variables, before);
});

Deno.test("applyUserEnvironment sets everything at a new login, and hands on what launchctl says", async () => {
  using home = makeHome();
  const { run } = session(new Map());
  deepEqual(await applyUserEnvironment(darwin(home.machine, run), {}), CLIENT_VARIABLES);
  const refusing: Runner = (_, [verb]) =>
    Promise.resolve(
      verb === "getenv" ? { code: 0, stdout: "", stderr: "" } : { code: 1, stdout: "", stderr: "Not permitted" },
    );
  await rejects(
    () => applyUserEnvironment(darwin(home.machine, refusing), {}),
    /Cannot set the session's variables.*\n {4}Not permitted/,
  );
});

Deno.test("launchctlEnvironment is unavailable where there is no launchctl", async () => {
  using home = makeHome();
  const { run } = recordedRunner([{ run: ["launchctl", "getenv", "HTTPS_PROXY"], gives: noSuchCommand("launchctl") }]);
  equal((await launchctlEnvironment(darwin(home.machine, run), {}).check()).state, "unavailable");
});
