import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { inspectProgram, replaceProgram } from "../../src/install/program_file.ts";
import { runForOutput } from "../../src/os/run.ts";

const PLATFORM = "linux-x86_64";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "halton-o'program " });
  try {
    await body(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function script(path: string, body: string, mode = 0o755): string {
  Deno.writeTextFileSync(path, `#!/bin/sh\n${body}\n`, { mode });
  return path;
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("inspectProgram tells the version of this program for this platform", async () => {
  await withFolder(async (folder) => {
    const file = script(
      `${folder}/new`,
      `[ "$*" = --version ] && echo 'halton-meter 1.2.3-rc.1 (Deno 2.9.6, ${PLATFORM})'`,
    );
    deepEqual(await inspectProgram(runForOutput, file, PLATFORM), { version: "1.2.3-rc.1" });
  });
});

Deno.test("inspectProgram refuses everything else, and says what it is", async () => {
  await withFolder(async (folder) => {
    const says = (text: string) => script(`${folder}/${crypto.randomUUID()}`, `echo '${text}'`);
    const ours = `halton-meter 1.2.3 (Deno 2.9.6, ${PLATFORM})`;
    for (
      const [file, state] of [
        [`${folder}/none`, /there is no such file/],
        [folder, /it is not a file/],
        [script(`${folder}/closed`, `echo '${ours}'`, 0o644), /it may not be executed/],
        [says("halton-meter 1.2.3 (Deno 2.9.6, darwin-aarch64)"), /it is made for darwin-aarch64/],
        [says("GNU bash, version 5"), /it does not say that it is halton-meter/],
        [script(`${folder}/fails`, `echo '${ours}'; exit 1`), /it does not say that it is halton-meter/],
      ] as const
    ) {
      await rejects(inspectProgram(runForOutput, file, PLATFORM), (error) => {
        match((error as MeterError).message, state);
        return error instanceof MeterError && error.code === "bad_input" && error.hint !== undefined;
      });
    }
    Deno.writeFileSync(`${folder}/release.tar.gz`, new Uint8Array([0x1f, 0x8b, 8, 0]));
    await rejects(inspectProgram(runForOutput, `${folder}/release.tar.gz`, PLATFORM), (error) => {
      match((error as MeterError).message, /it is an archive/);
      match((error as MeterError).hint ?? "", /tar -xzf/);
      return error instanceof MeterError;
    });
    Deno.writeTextFileSync(`${folder}/garbage`, "\x7fELF garbage", { mode: 0o755 });
    await rejects(inspectProgram(runForOutput, `${folder}/garbage`, PLATFORM), /does not (run|say)/);
  });
});

Deno.test("replaceProgram renames into place: who runs the earlier program goes on, and it can be put back", async () => {
  await withFolder(async (folder) => {
    const target = script(`${folder}/halton-meter`, "echo old");
    const running = await Deno.open(target);
    const from = script(`${folder}/new`, "echo new", 0o700);
    const replacement = await replaceProgram(from, target);
    match(Deno.readTextFileSync(target), /new/);
    equal((Deno.statSync(target).mode ?? 0) & 0o777, 0o755);
    match(new TextDecoder().decode(await new Response(running.readable).bytes()), /old/);
    deepEqual(names(folder), ["halton-meter", "halton-meter.previous", "new"]);

    await replacement.undo();
    match(Deno.readTextFileSync(target), /old/);
    deepEqual(names(folder), ["halton-meter", "new"]);

    Deno.writeTextFileSync(`${folder}/halton-meter.previous`, "left by one that was interrupted");
    await (await replaceProgram(from, target)).keep();
    match(Deno.readTextFileSync(target), /new/);
    deepEqual(names(folder), ["halton-meter", "new"]);
  });
});

Deno.test("replaceProgram removes copies that runs which were killed have left, and nothing else", async () => {
  await withFolder(async (folder) => {
    const target = script(`${folder}/halton-meter`, "echo old");
    const from = script(`${folder}/new`, "echo new");
    Deno.writeTextFileSync(`${target}.${crypto.randomUUID()}.tmp`, "half of a pro");
    for (const name of ["halton-meter.tmp", `other.${crypto.randomUUID()}.tmp`]) {
      Deno.writeTextFileSync(`${folder}/${name}`, "");
    }
    const kept = names(folder).filter((name) => !/^halton-meter\..+\.tmp$/.test(name));
    await (await replaceProgram(from, target)).keep();
    deepEqual(names(folder), kept);
  });
});

Deno.test("replaceProgram changes nothing when it cannot finish", async () => {
  await withFolder(async (folder) => {
    const target = script(`${folder}/halton-meter`, "echo old");
    for (const from of [`${folder}/none`, target]) {
      await rejects(replaceProgram(from, target), (error) => {
        match((error as MeterError).message, /^Cannot replace .*: (NotFound|it is that file already)$/);
        return error instanceof MeterError;
      });
      deepEqual(names(folder), ["halton-meter"]);
      match(Deno.readTextFileSync(target), /old/);
    }
  });
});
