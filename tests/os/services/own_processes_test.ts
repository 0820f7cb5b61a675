import { deepStrictEqual as deepEqual } from "node:assert/strict";
import type { Machine } from "../../../src/os/machine.ts";
import { paths } from "../../../src/os/paths.ts";
import { runForOutput } from "../../../src/os/run.ts";
import { ownProcesses } from "../../../src/os/services/own_processes.ts";

const LINUX = Deno.build.os === "linux";

/** A copy of a shell as the program; its path holds what patterns and shells trip over. */
async function withProgram(body: (machine: Machine, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "halton-own-" });
  const binary = `${folder}/a [b]*'$x\\ halton-meter`;
  await Deno.copyFile("/bin/bash", binary);
  for (const name of ["daemon", "edge", "status"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "echo started\nread -r line\n");
  }
  const env = { get: (name: string) => name === "HOME" ? folder : undefined };
  const machine = { platform: "linux", run: runForOutput, paths: paths(env), env, uid: Deno.uid() ?? -1 } as const;
  try {
    await body({ ...machine, binary, edgePort: 1, apiPort: 1, root: "" }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts one and waits until it runs. */
async function started(program: string, cwd: string, name: string, env: Readonly<Record<string, string>>) {
  const child = new Deno.Command(program, { args: [name], cwd, env: { ...env }, stdin: "piped", stdout: "piped" })
    .spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  return {
    pid: child.pid,
    async end() {
      await child.stdin.close();
      await child.stdout.cancel();
      await child.status;
    },
  };
}

Deno.test({
  name: "ownProcesses finds this program's daemon of this data folder, also one whose file was removed, and no other",
  ignore: !LINUX,
  fn: () =>
    withProgram(async (machine, folder) => {
      const { binary } = machine;
      const home = { HOME: folder, HALTON_METER_HOME: "" };
      const named = { HOME: "/nonexistent", HALTON_METER_HOME: `${folder}/.halton-meter/` };
      const all = [
        await started(binary, folder, "daemon", home),
        await started(binary, folder, "daemon", named),
        await started(binary, folder, "edge", home),
        await started(binary, folder, "status", home),
        await started(binary, folder, "daemon", { HOME: `${folder}/other`, HALTON_METER_HOME: "" }),
        await started(binary, folder, "daemon", { ...home, HALTON_METER_HOME: "not absolute" }),
        await started("/bin/bash", folder, "daemon", home),
      ];
      try {
        const [first, second, edge] = all.map(({ pid }) => pid);
        const sorted = async (name: "daemon" | "edge") => (await ownProcesses(machine, name)).toSorted((a, b) => a - b);
        deepEqual(await sorted("daemon"), [first, second].toSorted((a = 0, b = 0) => a - b));
        deepEqual(await sorted("edge"), [edge]);
        await Deno.remove(binary);
        deepEqual(await sorted("daemon"), [first, second].toSorted((a = 0, b = 0) => a - b));
        deepEqual(await ownProcesses({ ...machine, uid: machine.uid + 1 }, "daemon"), []);
      } finally {
        for (const one of all) await one.end();
      }
      deepEqual(await ownProcesses(machine, "daemon"), []);
    }),
});
