/**
 * Real Python interpreters with a certifi of the test's own. The interpreter that the machine has is started, and nothing of
 * its is changed.
 *
 * @module
 */

import { runForOutput } from "../../../src/os/run.ts";

/** The machine's own interpreter, behind whatever shim there is. */
export async function realPython(): Promise<string> {
  const { stdout } = await runForOutput("python3", ["-c", "import sys; print(sys.executable)"]);
  return stdout.trim();
}

/** A virtual environment at `folder`, without any package. @returns its interpreter. */
export async function virtualEnvironment(folder: string): Promise<string> {
  const args = ["-m", "venv", "--without-pip", folder];
  const { code, stderr } = await runForOutput(await realPython(), args, { timeoutMs: 60_000 });
  if (code !== 0) throw new Error(stderr);
  return `${folder}/bin/python`;
}

/** Gives a virtual environment a certifi with this bundle. @returns the bundle's path. */
export async function installCertifi(python: string, bundle: Uint8Array | string): Promise<string> {
  const question = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
  const { stdout } = await runForOutput(python, ["-I", "-c", question]);
  return await writeCertifi(stdout.trim(), bundle);
}

/** A package with certifi's interface in a folder of packages. @returns the bundle's path. */
export async function writeCertifi(packages: string, bundle: Uint8Array | string): Promise<string> {
  const folder = `${packages}/certifi`;
  await Deno.mkdir(folder, { recursive: true });
  const module = [
    "import os",
    "def where(): return os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cacert.pem')",
    "def contents(): return open(where(), encoding='ascii').read()",
    "",
  ];
  await Deno.writeTextFile(`${folder}/__init__.py`, module.join("\n"));
  const bytes = typeof bundle === "string" ? new TextEncoder().encode(bundle) : bundle;
  await Deno.writeFile(`${folder}/cacert.pem`, bytes);
  return `${folder}/cacert.pem`;
}
