import { deepStrictEqual as deepEqual, match, ok, rejects, strictEqual as equal } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { compareVersions, upgrade, type UpgradeSteps } from "../../src/install/upgrade.ts";

/** Steps that note what is done; each of `failing` fails, as often as it is named. */
function noting(failing: readonly string[] = []): { readonly done: string[]; readonly steps: UpgradeSteps } {
  const done: string[] = [];
  const left = [...failing];
  const step = (name: string) => {
    done.push(name);
    const at = left.indexOf(name);
    if (at < 0) return Promise.resolve();
    left.splice(at, 1);
    return Promise.reject(new MeterError("failed", `${name} did not work`));
  };
  return {
    done,
    steps: {
      async replace() {
        await step("replace");
        return { undo: () => step("undo"), keep: () => step("keep") };
      },
      restartDaemon: (version) => step(`daemon ${version}`),
      restartEdge: (version) => step(`edge ${version}`),
      say: () => {},
    },
  };
}

const VERSIONS = { from: "1.0.0", to: "1.1.0" };

Deno.test("upgrade replaces the program, then the daemon, then the edge, and only then forgets the earlier program", async () => {
  const { done, steps } = noting();
  await upgrade(VERSIONS, steps);
  deepEqual(done, ["replace", "daemon 1.1.0", "edge 1.1.0", "keep"]);
});

Deno.test("upgrade touches no process when the program cannot be replaced", async () => {
  const { done, steps } = noting(["replace"]);
  await rejects(upgrade(VERSIONS, steps), /replace did not work/);
  deepEqual(done, ["replace"]);
});

for (const failing of ["daemon 1.1.0", "edge 1.1.0"]) {
  Deno.test(`upgrade goes back when this fails: ${failing}`, async () => {
    const { done, steps } = noting([failing]);
    await rejects(upgrade(VERSIONS, steps), (error) => {
      match(String(error), new RegExp(`Cannot upgrade: ${failing} did not work. Version 1.0.0 is back and works`));
      return error instanceof MeterError && error.code === "failed";
    });
    deepEqual(done.slice(-3), ["undo", "daemon 1.0.0", "edge 1.0.0"]);
    ok(!done.includes("keep"));
  });
}

Deno.test("upgrade says so when going back fails too", async () => {
  const { steps } = noting(["daemon 1.1.0", "daemon 1.0.0"]);
  await rejects(upgrade(VERSIONS, steps), (error) => {
    match(String(error), /Going back failed too: daemon 1\.0\.0 did not work/);
    equal((error as MeterError).hint, "Run: halton-meter rescue");
    return true;
  });
});

Deno.test("compareVersions orders as Semantic Versioning does", () => {
  const ordered = [
    "0.9.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
  }
  equal(compareVersions("1.0.0+build.1", "1.0.0+build.2"), 0);
});
