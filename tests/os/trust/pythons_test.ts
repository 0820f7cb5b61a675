import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { askPythons, type PythonFound } from "../../../src/os/trust/pythons.ts";
import { noSuchCommand, type Recorded, recordedRunner, timedOut } from "../recorded_runner.ts";
import { trustMachine, writeScript } from "./trust_machine.ts";
import { installCertifi, realPython, virtualEnvironment, writeCertifi } from "./virtual_environment.ts";

Deno.test("askPythons finds the active environment, the PATH's and a named interpreter, and each once", async () => {
  await using test = await trustMachine();
  const [active, other] = [`${test.home}/active venv`, `${test.home}/other`];
  const python = await virtualEnvironment(active);
  const bundle = await installCertifi(python, "roots\n");
  const named = await virtualEnvironment(other);
  const variables: Record<string, string> = { HOME: test.home, VIRTUAL_ENV: active, PATH: `bin:${active}/bin` };
  const machine = { ...test.machine, env: { get: (name: string) => variables[name] } };
  const answers = await askPythons(machine, [named, `${test.home}/none`]);
  deepEqual(answers.map(({ command }) => command), [named, `${test.home}/none`, python]);
  const [without, missing, found] = answers;
  deepEqual(without && "certifi" in without ? without.certifi : null, []);
  deepEqual(missing, { command: `${test.home}/none`, reason: "is not there" });
  deepEqual(found && "certifi" in found ? found.certifi : null, [bundle]);
  equal((found as PythonFound).roots.includes(active), true);
});

Deno.test("askPythons finds the packages of the user too, which isolated mode leaves out", async () => {
  await using test = await trustMachine();
  const python = `${test.home}/bin/python3`;
  // Without the machine's own packages, which are no business of a test.
  await writeScript(python, [`exec "${await realPython()}" -S "$@"`]);
  const ask = async () => {
    const [answer] = await askPythons(test.machine, [python]);
    return answer !== undefined && "certifi" in answer ? answer : null;
  };
  const empty = await ask();
  deepEqual(empty?.certifi, []);
  const packages = empty?.roots.at(-1) ?? "";
  equal(packages.startsWith(`${test.home}/`), true);
  const bundle = await writeCertifi(packages, "roots\n");
  deepEqual((await ask())?.certifi, [bundle]);
});

Deno.test("askPythons hands on no variable that could put code into the interpreter, and writes no byte code", async () => {
  const variables: Record<string, string> = {
    PYTHONPATH: "/evil",
    PYTHONSTARTUP: "/evil",
    LD_PRELOAD: "/evil",
    API_KEY: "secret",
  };
  await using test = await trustMachine({ env: variables });
  const python = `${test.home}/python`;
  const answer = '{"executable": "/x/python", "certifi": [], "roots": ["/x"]}';
  await writeScript(python, [`/usr/bin/env > "$0.env"`, `printf '%s ' "$1" "$2" "$3" > "$0.args"`, `echo '${answer}'`]);
  deepEqual(await askPythons(test.machine, [python]), [
    { command: python, executable: "/x/python", certifi: [], roots: ["/x"] },
  ]);
  equal(await Deno.readTextFile(`${python}.args`), "-I -B -c ");
  const names = (await Deno.readTextFile(`${python}.env`)).trim().split("\n").map((line) => line.split("=")[0] ?? "");
  const ofTheShell = ["PWD", "OLDPWD", "SHLVL", "_"];
  deepEqual(names.filter((name) => !ofTheShell.includes(name)).sort(), ["HOME", "PATH"]);
});

Deno.test("askPythons takes an interpreter that gives no answer for an answer", async () => {
  await using test = await trustMachine();
  const failures: [string, Recorded["gives"], string][] = [
    ["/slow", timedOut("/slow"), "did not answer in time"],
    ["/gone", noSuchCommand("/gone"), "is not there"],
    ["/denied", new Deno.errors.PermissionDenied("no"), "may not be run"],
    ["/old", { code: 2, stderr: "Unknown option: -I" }, "did not answer"],
    ["/odd", { stdout: "Python 3\n" }, "did not answer"],
    ["/odder", { stdout: '{"executable": 3}\n' }, "did not answer"],
    ["/list", { stdout: "[]\n" }, "did not answer"],
    ["/null", { stdout: "null\n" }, "did not answer"],
  ];
  for (const [command, gives, reason] of failures) {
    const run = () =>
      gives instanceof Error ? Promise.reject(gives) : Promise.resolve({ code: 0, stdout: "", stderr: "", ...gives });
    deepEqual(await askPythons({ ...test.machine, run }, [command]), [{ command, reason }]);
  }
});

Deno.test("askPythons does not start Apple's stand-in, which would offer to install developer tools", async () => {
  const { run, finish } = recordedRunner([{ run: ["xcode-select", "-p"], gives: { code: 2 } }]);
  await using test = await trustMachine({ platform: "darwin", run });
  deepEqual(await askPythons(test.machine, ["/usr/bin/python3"]), [
    { command: "/usr/bin/python3", reason: "belongs to developer tools that are not installed" },
  ]);
  finish();
});
