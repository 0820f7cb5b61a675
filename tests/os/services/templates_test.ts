import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { parse } from "plist";
import { CLIENT_VARIABLES } from "../../../src/os/client_variables.ts";
import type { Machine } from "../../../src/os/machine.ts";
import { runForOutput } from "../../../src/os/run.ts";
import { plistText, unitText } from "../../../src/os/services/templates.ts";
import { makeHome } from "../environment/shells.ts";

const LABELS = ["com.haltonlabs.meter", "com.haltonlabs.meter.edge", "com.haltonlabs.meter.userenv"];

/** A program at a path with everything that has a meaning somewhere. */
function awkward(machine: Machine, folder: string): Machine {
  const bin = `${folder}/bin %h 50% $HOME \${X} <a> & "b" 'c' \\d`;
  Deno.mkdirSync(bin);
  Deno.writeTextFileSync(`${bin}/halton-meter`, "#!/bin/sh\n", { mode: 0o755 });
  return { ...machine, binary: `${bin}/halton-meter` };
}

function property(label: string, machine: Machine): Record<string, unknown> {
  const value: unknown = parse(plistText(label, machine));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("Not a dictionary");
  return { ...value };
}

Deno.test("plistText names the program and the folders whatever characters they hold", () => {
  using home = makeHome();
  const machine = awkward(home.machine, home.folder);
  for (const label of LABELS) {
    const { Label, ProgramArguments, EnvironmentVariables, Umask, StandardOutPath } = property(label, machine);
    equal(Label, label);
    const name = label.split(".").slice(3).join("") || "daemon";
    deepEqual(ProgramArguments, [machine.binary, name]);
    deepEqual(EnvironmentVariables, {
      HALTON_METER_HOME: machine.paths.home,
      HALTON_METER_CA_DIR: machine.paths.caFolder,
      HTTPS_PROXY: "",
      https_proxy: "",
    });
    equal(Umask, 0o077);
    equal(StandardOutPath, `${machine.paths.home}/${name}.out.log`);
  }
});

Deno.test("plistText keeps the edge alive always, the daemon after a crash, and userenv not at all", () => {
  using home = makeHome();
  const [daemon, edge, userenv] = LABELS.map((label) => property(label, home.machine));
  deepEqual([daemon?.["RunAtLoad"], edge?.["RunAtLoad"], userenv?.["RunAtLoad"]], [true, true, true]);
  deepEqual(daemon?.["KeepAlive"], { SuccessfulExit: false });
  equal(daemon?.["ThrottleInterval"], 10);
  equal(edge?.["KeepAlive"], true);
  equal(userenv?.["KeepAlive"], undefined);
});

Deno.test("plistText gives no second writer to a log that the program writes itself", () => {
  using home = makeHome();
  const { home: folder, daemonLog, edgeLog } = home.machine.paths;
  const logs = LABELS.map((label) => property(label, home.machine)["StandardErrorPath"]);
  deepEqual(logs, [`${folder}/daemon.out.log`, `${folder}/edge.out.log`, `${folder}/userenv.err.log`]);
  ok(!logs.includes(daemonLog) && !logs.includes(edgeLog));
});

async function verify(folder: string, unit: string, machine: Machine): Promise<string> {
  const path = `${folder}/${unit}`;
  Deno.writeTextFileSync(path, unitText(unit, machine));
  const { code, stderr } = await runForOutput("systemd-analyze", ["--user", "verify", path], {
    env: { HOME: folder, XDG_RUNTIME_DIR: folder },
  });
  return code === 0 ? stderr : `code ${code}: ${stderr}`;
}

Deno.test("unitText passes systemd-analyze verify, with a program at a path that needs quoting", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    using home = makeHome();
    for (const name of ["plain", "with space %h 50% $HOME \${X} <a> & *", "it's", 'a "b" \\ $c']) {
      const machine = { ...home.machine, binary: `${folder}/${name}/halton-meter` };
      Deno.mkdirSync(`${folder}/${name}`);
      Deno.writeTextFileSync(machine.binary, "#!/bin/sh\n", { mode: 0o755 });
      for (const unit of ["halton-meter.service", "halton-meter-edge.service"]) {
        equal(await verify(folder, unit, machine), "", name);
      }
    }
    const missing = { ...home.machine, binary: `${folder}/none $HOME` };
    ok((await verify(folder, "halton-meter.service", missing)).includes(`${folder}/none $HOME is not executable`));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("unitText holds what is documented, and nothing that would blind the daemon", () => {
  using home = makeHome();
  for (const unit of ["halton-meter.service", "halton-meter-edge.service"]) {
    const lines = unitText(unit, home.machine).split("\n").filter((line) => /^[A-Z]\w+=/.test(line));
    const values = new Map(
      lines.map((line): [string, string] => [line.split("=")[0] ?? "", line.replace(/^\w+=/, "")]),
    );
    equal(values.get("Restart"), "always");
    equal(values.get("RestartSec"), "1");
    equal(values.get("WantedBy"), "default.target");
    equal(values.get("UMask"), "0077");
    equal(values.get("NoNewPrivileges"), "yes");
    equal(values.get("UnsetEnvironment"), CLIENT_VARIABLES.join(" "));
    const namespaces = /^(?:Private|Protect|ReadWrite|ReadOnly|Inaccessible|ProcSubset|TemporaryFile|Bind)/;
    deepEqual([...values.keys()].filter((key) => namespaces.test(key) || key === "MemoryDenyWriteExecute"), []);
  }
});

Deno.test("templates refuse a program whose path holds a line break", () => {
  using home = makeHome();
  const machine = { ...home.machine, binary: "/opt/a\nExecStartPost=/bin/evil" };
  throws(() => plistText("com.haltonlabs.meter", machine), /control character/);
  throws(() => unitText("halton-meter.service", machine), /control character/);
});
