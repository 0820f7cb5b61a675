/**
 * Places for the start-up files of bash and zsh: a block between marks that reads `env.sh`.
 *
 * - zsh: `.zshrc` in `ZDOTDIR`, else in the home folder.
 * - bash: `.bashrc`, and the first of `.bash_profile`, `.bash_login` and `.profile` that exists, since that is the one that a
 *   login shell reads (bash(1), INVOCATION), and `.bashrc` often ends early in a shell without a terminal.
 *
 * A file is edited where it exists or where it is that of the user's login shell. A file that was made for the block goes
 * with it. One that the user has made read-only is left alone. Where only one mark is left, nothing is changed.
 *
 * Imports: domain, os/install_state.ts, os/machine.ts, os/place.ts, os/written_paths.ts, os/environment.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import { makeFolder, noteMade, unmake } from "../install_state.ts";
import { removeLeftovers } from "../leftovers.ts";
import type { Machine } from "../machine.ts";
import type { Place, PlaceState } from "../place.ts";
import { forgetWritten, noteWritten, writtenElsewhere } from "../written_paths.ts";
import { findBlocks, holdsBlock, withBlock, withoutBlock } from "./marked_block.ts";
import { sourcingLines } from "./shell_code.ts";
import { asBytes, readUserFile, type UserFile, writeUserFile } from "./user_file.ts";

/** One start-up file. */
interface RcFile {
  readonly id: string;
  readonly shell: "bash" | "zsh";
  /** Candidates, the first that exists counts; the last is the one that is made. */
  readonly paths: readonly string[];
}

/** The start-up files of this user. */
export function shellRcPlaces(machine: Machine): readonly Place[] {
  const { env, paths: { userHome } } = machine;
  const zsh = env.get("ZDOTDIR") ?? "";
  const login = [".bash_profile", ".bash_login", ".profile"].map((name) => `${userHome}/${name}`);
  const files: RcFile[] = [
    { id: "zshrc", shell: "zsh", paths: [`${zsh.startsWith("/") ? zsh : userHome}/.zshrc`] },
    { id: "bashrc", shell: "bash", paths: [`${userHome}/.bashrc`] },
    { id: "bash-login", shell: "bash", paths: login },
  ];
  return files.map((file) => rcPlace(machine, file));
}

function rcPlace(machine: Machine, rc: RcFile): Place {
  const lines = sourcingLines(machine.paths.shellEnvironment, machine.paths.userHome).map(asBytes);
  const used = machine.env.get("SHELL")?.endsWith(`/${rc.shell}`) ?? false;

  async function check(): Promise<PlaceState> {
    const { path, file } = await chosen(rc.paths);
    return stateOf(path, file, lines, used);
  }

  return {
    id: `environment.${rc.id}`,
    label: `set up ${rc.shell}${rc.id === "bash-login" ? " for login shells" : ""}`,
    check,
    async apply() {
      const { path, file } = await chosen(rc.paths);
      const found = stateOf(path, file, lines, used);
      if (found.state === "present" || found.state === "unavailable") return found;
      const text = withBlock(file.kind === "file" ? file.text : "", lines);
      if (text === null) throw broken("set up", path, found.detail);
      await orFail("edit", path, async () => {
        if (file.kind === "absent") {
          await makeFolder(machine.paths, path.slice(0, path.lastIndexOf("/")));
          await noteMade(machine.paths, [path]);
        }
        await noteWritten(machine.paths, path);
        await writeUserFile(path, text);
      });
      return await check();
    },
    async remove() {
      // Whichever of them holds the block: which one is read may have changed since, and where it lies.
      for (const path of rc.paths) {
        for (const found of [path, ...await writtenElsewhere(machine.paths, path)]) await removeFrom(machine, found);
      }
      const after = await check();
      return after.state === "absent" || after.state === "unavailable" ? after : { ...after, state: "absent" };
    },
  };
}

function stateOf(path: string, file: UserFile, lines: readonly string[], used: boolean): PlaceState {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (file.kind === "absent") {
    return used
      ? { state: "absent", detail: `${name} does not exist yet`, hint: null }
      : { state: "unavailable", detail: `there is no ${name}, and it is not your login shell's`, hint: null };
  }
  const text = file.text ?? "";
  if (holdsBlock(text, lines)) return { state: "present", detail: path, hint: null };
  const found = findBlocks(text);
  if (found.kind === "broken") {
    return {
      state: "differs",
      detail: `the lines of halton-meter in ${name} are damaged: ${found.reason}`,
      hint: `Delete them in ${path}, with both marks, then run "halton-meter init" again`,
    };
  }
  if (file.kind === "unusable") {
    const hint = `Make it writable and run "halton-meter init" again, or put this line into it: ${lines.at(-1)}`;
    return { state: "unavailable", detail: `${name} ${file.reason}`, hint };
  }
  if (found.kind === "none") return { state: "absent", detail: `not in ${name}`, hint: null };
  return {
    state: "differs",
    detail: `of another version, or changed by hand, in ${name}`,
    hint: 'Run "halton-meter init" again',
  };
}

async function removeFrom(machine: Machine, path: string): Promise<void> {
  await removeLeftovers(await realPath(path));
  const file = await readUserFile(path);
  const text = file.kind === "absent" ? null : file.text;
  if (text !== null && findBlocks(text).kind !== "none") {
    const rest = withoutBlock(text);
    if (rest === null) throw broken("clean", path, "its marks do not pair");
    if (file.kind === "unusable") {
      throw new MeterError("failed", `Cannot clean ${path}: it ${file.reason}`, {
        hint: "Make it writable, then run the command again",
      });
    }
    await orFail("edit", path, () => writeUserFile(path, rest));
  }
  await forgetWritten(machine.paths, path);
  await unmake(machine.paths, path);
  await unmake(machine.paths, path.slice(0, path.lastIndexOf("/")));
}

/** Files are replaced where they are, not where a link to them is. */
async function realPath(path: string): Promise<string> {
  return await Deno.realPath(path).catch(() => path);
}

async function chosen(paths: readonly string[]): Promise<{ readonly path: string; readonly file: UserFile }> {
  for (const path of paths) {
    const file = await readUserFile(path);
    if (file.kind !== "absent") return { path, file };
  }
  return { path: paths.at(-1) ?? "", file: { kind: "absent" } };
}

async function orFail(action: string, path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    if (cause instanceof MeterError) throw cause;
    const state = cause instanceof Error ? cause.name : "unknown error";
    throw new MeterError("failed", `Cannot ${action} ${path}: ${state}`, {
      hint: "Check its owner and its mode",
      cause,
    });
  }
}

function broken(action: string, path: string, reason: string): MeterError {
  return new MeterError("failed", `Cannot ${action} ${path}: ${reason}`, {
    hint: `Delete the lines of halton-meter there, with both marks, then run the command again`,
  });
}
