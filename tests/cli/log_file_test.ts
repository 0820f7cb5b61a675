import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal, throws } from "node:assert/strict";
import { openLogFile, rotatedNames } from "../../src/cli/log_file.ts";
import { withFolder } from "../store/sample.ts";

function linesOf(path: string): string[] {
  return Deno.readTextFileSync(path).split("\n").slice(0, -1);
}

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o777;
}

Deno.test("openLogFile appends, and makes or keeps the file readable by its owner only", async () => {
  await withFolder((folder) => {
    const path = `${folder}/a.log`;
    Deno.writeTextFileSync(path, "before\n", { mode: 0o644 });
    const log = openLogFile(path);
    log.write("after");
    log.close();
    deepEqual(linesOf(path), ["before", "after"]);
    equal(modeOf(path), 0o600);
    throws(() => openLogFile(`${folder}/none/a.log`));
  });
});

Deno.test("openLogFile begins a new file when one is full, keeps five, all of mode 0600, and loses no line before", async () => {
  await withFolder((folder) => {
    const path = `${folder}/a.log`;
    const log = openLogFile(path, 30);
    for (let each = 10; each < 40; each++) log.write(`line ${each}`);
    log.close();
    const files = [path, ...rotatedNames(path)];
    deepEqual([...Deno.readDirSync(folder)].length, 6);
    for (const file of files) {
      equal(modeOf(file), 0o600);
      ok(Deno.statSync(file).size <= 30);
    }
    const kept = files.toReversed().flatMap(linesOf);
    equal(kept.at(-1), "line 39");
    deepEqual(kept, Array.from({ length: kept.length }, (_, index) => `line ${40 - kept.length + index}`));
    equal(log.lost, 0);
  });
});

Deno.test("openLogFile counts what was there before toward a full file, and writes a longer line all the same", async () => {
  await withFolder((folder) => {
    const path = `${folder}/a.log`;
    Deno.writeTextFileSync(path, "x".repeat(29) + "\n");
    const log = openLogFile(path, 30);
    log.write("next");
    log.write("y".repeat(100));
    log.close();
    deepEqual([linesOf(path), linesOf(`${path}.1`)], [["y".repeat(100)], ["next"]]);
  });
});

Deno.test("openLogFile loses lines while its folder is gone, counts them, and says so when it can write again", async () => {
  await withFolder((folder) => {
    const path = `${folder}/logs/a.log`;
    Deno.mkdirSync(`${folder}/logs`);
    const log = openLogFile(path, 10);
    log.write("before");
    Deno.removeSync(`${folder}/logs`, { recursive: true });
    log.write("one, which needs a new file");
    log.write("two");
    equal(log.lost, 2);
    Deno.mkdirSync(`${folder}/logs`);
    log.write("three");
    log.close();
    const [told = "", ...rest] = [`${path}.1`, path].flatMap(linesOf);
    match(told, /^\{"timestamp":"[^"]+","event":"log\.lines\.lost","lines":2\}$/);
    deepEqual(rest, ["three"]);
    equal(log.lost, 2);
  });
});

Deno.test("openLogFile goes on with the file at hand where files cannot be renamed", async () => {
  await withFolder((folder) => {
    const path = `${folder}/a.log`;
    Deno.mkdirSync(`${path}.5/not-empty`, { recursive: true });
    for (const name of rotatedNames(path).slice(0, 4)) Deno.writeTextFileSync(name, "old\n");
    const log = openLogFile(path, 20);
    for (let each = 0; each < 5; each++) log.write(`line ${each}`);
    log.close();
    deepEqual(linesOf(path), ["line 0", "line 1", "line 2", "line 3", "line 4"]);
    equal(log.lost, 0);
  });
});

Deno.test("openLogFile writes through no link and into no pipe, and leaves what they lead to as it is", async () => {
  await withFolder((folder) => {
    const other = `${folder}/other`;
    Deno.writeTextFileSync(other, "kept", { mode: 0o644 });
    Deno.chmodSync(other, 0o644);
    Deno.symlinkSync(other, `${folder}/symbolic.log`);
    Deno.linkSync(other, `${folder}/hard.log`);
    Deno.mkdirSync(`${folder}/folder.log`);
    new Deno.Command("mkfifo", { args: [`${folder}/pipe.log`] }).outputSync();
    for (const name of ["symbolic", "hard", "folder", "pipe"]) {
      throws(() => openLogFile(`${folder}/${name}.log`), { name: "MeterError", code: "failed" }, name);
    }
    equal(Deno.readTextFileSync(other), "kept");
    equal(modeOf(other), 0o644);
  });
});

Deno.test("openLogFile begins a line of its own after one that a killed process left unfinished", async () => {
  await withFolder((folder) => {
    const path = `${folder}/a.log`;
    Deno.writeTextFileSync(path, 'whole\n{"timestamp":"20');
    const log = openLogFile(path);
    log.write("next");
    log.close();
    deepEqual(linesOf(path), ["whole", '{"timestamp":"20', "next"]);
  });
});

Deno.test("openLogFile completes a rotation that was broken off at any step, and loses nothing that has a free name", async () => {
  for (let step = 0; step <= 5; step++) {
    await withFolder((folder) => {
      const path = `${folder}/a.log`;
      const names = [path, ...rotatedNames(path)].slice(0, 5); // `.5` is free.
      names.forEach((name, age) => Deno.writeTextFileSync(name, `age ${age}, which is long enough\n`));
      for (let done = 0; done < step; done++) Deno.renameSync(names[4 - done] ?? "", `${path}.${5 - done}`);
      const log = openLogFile(path, 30);
      log.write("new");
      log.close();
      const kept = [...rotatedNames(path)].flatMap((name) => exists(name) ? linesOf(name) : []);
      deepEqual(kept.length, 5, `step ${step}`);
      deepEqual(kept, [0, 1, 2, 3, 4].map((age) => `age ${age}, which is long enough`), `step ${step}`);
      deepEqual(linesOf(path), ["new"]);
    });
  }
});

Deno.test("openLogFile of two writers begins one new file for both, and loses no line", async () => {
  await withFolder((folder) => {
    const path = `${folder}/a.log`;
    const writers = [openLogFile(path, 300), openLogFile(path, 300)];
    const lines = Array.from({ length: 60 }, (_, index) => `line ${10 + index}`);
    lines.forEach((line, index) => writers[index % 2]?.write(line));
    for (const writer of writers) writer.close();
    const files = [...rotatedNames(path).toReversed(), path].filter(exists);
    deepEqual(files.flatMap(linesOf).toSorted(), lines);
    for (const file of files.slice(0, -1)) ok(Deno.statSync(file).size > 240, "a file that was begun is filled");
  });
});

Deno.test("openLogFile begins anew when its file was removed, within a second", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.log`;
    const log = openLogFile(path);
    log.write("before");
    Deno.removeSync(path);
    for (let tries = 0; tries < 100 && !exists(path); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      log.write("after");
    }
    log.close();
    equal(linesOf(path)[0], "after");
    equal(modeOf(path), 0o600);
  });
});

Deno.test("openLogFile says whether others could read the file", async () => {
  await withFolder((folder) => {
    const found = [0o600, 0o640, 0o400].map((mode) => {
      const path = `${folder}/${mode}.log`;
      Deno.writeTextFileSync(path, "");
      Deno.chmodSync(path, mode);
      const log = openLogFile(path);
      log.close();
      return log.tightened;
    });
    deepEqual(found, [false, true, false]);
  });
});

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
