/**
 * How releases are made: archives, what `scripts/release.ts` refuses, and the workflow that publishes.
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { releaseArchive, sha256 } from "../../scripts/release_archive.ts";
import { VERSION } from "../../src/cli/version.ts";
import { PLATFORMS } from "./release_server.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const WORKFLOW = `${PROJECT}.github/workflows/release.yml`;

async function release(...args: string[]): Promise<{ readonly code: number; readonly err: string }> {
  const permissions = ["read", "write", "env", "run"].map((name) => `--allow-${name}`);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--quiet", ...permissions, "scripts/release.ts", ...args],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

function python(script: string, ...args: string[]): { readonly success: boolean; readonly out: string } {
  const { success, stdout } = new Deno.Command("python3", { args: ["-c", script, ...args], stderr: "null" })
    .outputSync();
  return { success, out: new TextDecoder().decode(stdout) };
}

Deno.test("releaseArchive is unpacked by tar into one executable, and is the same for the same program", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "halton-release-" });
  try {
    for (const length of [0, 1, 511, 512, 513, 70_000]) {
      const program = crypto.getRandomValues(new Uint8Array(Math.min(length, 65_536)));
      const archive = await releaseArchive(program);
      deepEqual(await releaseArchive(program), archive);
      Deno.writeFileSync(`${folder}/a.tar.gz`, archive);
      const { success } = new Deno.Command("tar", { args: ["-xzf", `${folder}/a.tar.gz`, "-C", folder] }).outputSync();
      ok(success);
      deepEqual(Deno.readFileSync(`${folder}/halton-meter`), program);
      equal((Deno.statSync(`${folder}/halton-meter`).mode ?? 0) & 0o777, 0o755);
    }
    const sums = `${await sha256(Deno.readFileSync(`${folder}/a.tar.gz`))}  ${folder}/a.tar.gz\n`;
    const { stdout } = new Deno.Command("sha256sum", { args: [`${folder}/a.tar.gz`] }).outputSync();
    equal(new TextDecoder().decode(stdout), sums);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("release refuses a tag of another version and a platform that it does not know", async () => {
  const tagged = await release("--tag", "v99.0.0", "--allow-dirty", "--out", "/nonexistent/release");
  equal(tagged.code, 1);
  match(
    tagged.err,
    new RegExp(`^release: the tag is v99\\.0\\.0, the version ${VERSION.replaceAll(".", "\\.")}$`, "m"),
  );
  const unknown = await release("--targets", "linux-x64,plan9-mips", "--out", "/nonexistent/release");
  equal(unknown.code, 1);
  match(
    unknown.err,
    /^release: unknown target plan9-mips; known are darwin-arm64, darwin-x64, linux-arm64, linux-x64$/m,
  );
});

Deno.test("the workflow builds every platform, pins every action, and may write only where it publishes", () => {
  const text = Deno.readTextFileSync(WORKFLOW);
  deepEqual(
    [...text.matchAll(/platform: ([a-z0-9-]+),/g)].map(([, platform]) => platform).toSorted(),
    [...PLATFORMS].sort(),
  );
  const uses = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action ?? "");
  notEqual(uses.length, 0);
  for (const action of uses) match(action, /^actions\/[a-z-]+@[0-9a-f]{40}$/);
  deepEqual(text.match(/contents: write/g)?.length, 1);
  ok(text.indexOf("contents: write") > text.indexOf("publish:"));
});

Deno.test("the workflow is YAML with three jobs, each after the one before it", {
  ignore: !python("import yaml").success,
}, () => {
  const { out } = python("import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))", WORKFLOW);
  const workflow = JSON.parse(out);
  deepEqual(Object.keys(workflow.jobs), ["test", "build", "publish"]);
  deepEqual(workflow.permissions, { contents: "read" });
  deepEqual(workflow.jobs.publish.permissions, { contents: "write" });
  equal(workflow.jobs.build.needs, "test");
  equal(workflow.jobs.publish.needs, "build");
});

Deno.test("the workflow runs the whole suite with Node 22, as a root of its own", {
  ignore: !python("import yaml").success,
}, async () => {
  const { out } = python("import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))", WORKFLOW);
  const { test } = JSON.parse(out).jobs;
  const node = test.steps.find(({ uses }: { uses?: string }) => uses?.startsWith("actions/setup-node@"));
  deepEqual(node.with, { "node-version": "22" });
  const folder = Deno.makeTempDirSync({ prefix: "halton-suite-" });
  try {
    for (const name of ["bin", ".ci"]) Deno.mkdirSync(`${folder}/${name}`);
    Deno.writeTextFileSync(`${folder}/bin/sudo`, '#!/bin/sh\nSUDO_UID=1 SUDO_USER=runner exec "$@"\n', { mode: 0o755 });
    Deno.writeTextFileSync(`${folder}/.ci/run`, '#!/bin/sh\necho "ran $SUDO_UID$SUDO_USER"; exit 7\n', { mode: 0o755 });
    const { code, stdout } = await new Deno.Command("bash", {
      args: ["-e", "-c", test.steps.at(-1).run],
      cwd: folder,
      env: { PATH: `${folder}/bin:${Deno.env.get("PATH")}` },
    }).output();
    deepEqual([code, new TextDecoder().decode(stdout)], [7, "ran \n"], "its end is the step's");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("the workflow publishes every file of a release, and a version with a hyphen as no latest one", {
  ignore: !python("import yaml").success,
}, async () => {
  const step = "import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))['jobs']['publish']['steps'][-1]['run'])";
  const { out } = python(step, WORKFLOW);
  for (const [tag, kind] of [["v1.2.3", "--latest"], ["v1.2.3-rc.1", "--prerelease"]] as const) {
    const folder = Deno.makeTempDirSync({ prefix: "halton-publish-" });
    try {
      Deno.mkdirSync(`${folder}/bin`);
      Deno.writeTextFileSync(`${folder}/bin/gh`, '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
      Deno.writeTextFileSync(`${folder}/install.sh`, "");
      for (const platform of PLATFORMS) {
        Deno.mkdirSync(`${folder}/built/${platform}`, { recursive: true });
        const [name, archive] = [`halton-meter-1.2.3-${platform}.tar.gz`, await releaseArchive(new Uint8Array(7))];
        Deno.writeFileSync(`${folder}/built/${platform}/${name}`, archive);
        Deno.writeTextFileSync(`${folder}/built/${platform}/SHA256SUMS`, `${await sha256(archive)}  ${name}\n`);
      }
      const { code, stdout } = await new Deno.Command("bash", {
        args: ["-e", "-c", out],
        cwd: folder,
        env: { TAG: tag, GITHUB_REPOSITORY: "a/b", PATH: `${folder}/bin:${Deno.env.get("PATH")}` },
      }).output();
      equal(code, 0);
      const said = new TextDecoder().decode(stdout).split("\n");
      ok(said.includes(kind));
      deepEqual(said.filter((word) => word.startsWith("./")).sort(), [
        "./SHA256SUMS",
        ...[...PLATFORMS].sort().map((platform) => `./halton-meter-1.2.3-${platform}.tar.gz`),
        "./install.sh",
      ]);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  }
});
