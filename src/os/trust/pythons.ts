/**
 * The Python interpreters of this machine and where their certifi keeps its roots.
 *
 * An interpreter is asked in isolated mode and with an environment of its own, so that neither the current folder nor a
 * variable can put code into it, and it writes no byte code. It is asked rather than searched, since distributions point
 * certifi elsewhere.
 *
 * Imports: os/machine.ts (types).
 *
 * @module
 */

import type { Machine } from "../machine.ts";

/** What an interpreter answered. */
export interface PythonFound {
  /** As it was named or found. */
  readonly command: string;
  /** The interpreter's own path, e.g. behind a shim. */
  readonly executable: string;
  /** Files that certifi reads there; empty where the interpreter has no certifi. */
  readonly certifi: readonly string[];
  /** Folders that belong to the interpreter or to its user's packages. */
  readonly roots: readonly string[];
}

/** An interpreter that could not be asked. */
export interface PythonSilent {
  readonly command: string;
  /** Why, as a phrase without a subject. */
  readonly reason: string;
}

/** Prints JSON. Isolated mode leaves out the user's own packages, which other starts of the interpreter prefer. */
const QUESTION = `
import json, os, site, sys
files, roots = [], [sys.prefix, sys.base_prefix]
try:
    import certifi
    files.append(certifi.where())
except Exception:
    pass
try:
    user = site.getusersitepackages()
    if sys.prefix == sys.base_prefix:
        roots.append(user)
        own = os.path.join(user, "certifi", "cacert.pem")
        if os.path.lexists(own):
            files.append(own)
except Exception:
    pass
print(json.dumps({"executable": sys.executable, "certifi": files, "roots": roots}))
`;

/** What an interpreter, or pyenv's shim before it, may know of the user's environment. */
const HANDED_ON = ["HOME", "PATH", "PYENV_ROOT", "PYENV_VERSION"];

/** Asks every interpreter: those that are named, the active virtual environment's, and those on the PATH. */
export async function askPythons(
  machine: Machine,
  named: readonly string[],
): Promise<readonly (PythonFound | PythonSilent)[]> {
  const { env } = machine;
  const active = env.get("VIRTUAL_ENV");
  const candidates = [...named];
  if (active !== undefined && active.startsWith("/")) candidates.push(`${active}/bin/python`);
  for (const name of ["python3", "python"]) {
    const found = await onPath(env.get("PATH") ?? "", name);
    if (found !== null) candidates.push(found);
  }
  const answers: (PythonFound | PythonSilent)[] = [];
  for (const command of new Set(candidates)) {
    const answer = await ask(machine, command);
    // An interpreter goes by several names in one folder; what counts is whose packages it sees.
    const packages = (other: PythonFound | PythonSilent) =>
      "roots" in other ? `${[...other.roots, ...other.certifi]}` : null;
    const known = "roots" in answer && answers.some((other) => packages(other) === packages(answer));
    if (!known) answers.push(answer);
  }
  return answers;
}

async function ask(machine: Machine, command: string): Promise<PythonFound | PythonSilent> {
  if (await isAppleStub(machine, command)) {
    return { command, reason: "belongs to developer tools that are not installed" };
  }
  const env: Record<string, string> = {};
  for (const name of HANDED_ON) {
    const value = machine.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  try {
    const output = await machine.run(command, ["-I", "-B", "-c", QUESTION], { env, clearEnv: true });
    if (output.code !== 0) return { command, reason: "did not answer" };
    return { command, ...answerIn(output.stdout) };
  } catch (error) {
    if (error instanceof Deno.errors.TimedOut) return { command, reason: "did not answer in time" };
    if (error instanceof Deno.errors.NotFound) return { command, reason: "is not there" };
    if (error instanceof Deno.errors.PermissionDenied) return { command, reason: "may not be run" };
    return { command, reason: "did not answer" };
  }
}

/** @throws {Error} for anything but the answer; what else was printed before it, e.g. by a package, is passed over. */
function answerIn(text: string): Omit<PythonFound, "command"> {
  const answer: unknown = JSON.parse(text.trim().split("\n").at(-1) ?? "");
  const { executable, certifi, roots } = answer as Readonly<Record<string, unknown>>;
  if (typeof executable !== "string" || executable === "") throw new Error("No executable in the answer");
  return { executable, certifi: strings(certifi), roots: strings(roots) };
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/** Apple's `/usr/bin/python3` opens a dialog that offers to install the developer tools where there are none. */
async function isAppleStub({ platform, run }: Machine, command: string): Promise<boolean> {
  if (platform !== "darwin" || command !== "/usr/bin/python3") return false;
  return (await run("xcode-select", ["-p"])).code !== 0;
}

async function onPath(path: string, name: string): Promise<string | null> {
  for (const folder of path.split(":")) {
    if (!folder.startsWith("/")) continue; // A relative entry means another program in every folder.
    const info = await Deno.stat(`${folder}/${name}`).catch(() => null);
    if (info?.isFile && ((info.mode ?? 0) & 0o111) !== 0) return `${folder}/${name}`;
  }
  return null;
}
