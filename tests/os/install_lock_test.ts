import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { whileLocked } from "../../src/os/install_lock.ts";
import { type Paths, paths } from "../../src/os/paths.ts";

async function withHome(body: (found: Paths) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(paths({ get: (name) => name === "HOME" ? folder : undefined }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("whileLocked lets one after the other change an installation, and leaves no file behind", async () => {
  await withHome(async (found) => {
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    let told = 0;
    const one = whileLocked(found, { waiting: () => told++ }, async () => {
      began.resolve();
      await first.promise;
      order.push("one");
    });
    await began.promise;
    const others = ["two", "three"].map((name) => {
      return whileLocked(found, { waiting: () => ++told === 2 && first.resolve() }, () => {
        order.push(name);
        return Promise.resolve();
      });
    });
    await Promise.all([one, ...others]);
    equal(order[0], "one");
    deepEqual(order.toSorted(), ["one", "three", "two"]);
    equal(told >= 2, true);
    deepEqual([...Deno.readDirSync(found.home)], []);
  });
});

Deno.test("whileLocked removes the folder that it made, unless something was put into it", async () => {
  await withHome(async (found) => {
    await whileLocked(found, { waiting: () => {} }, () => Promise.resolve());
    deepEqual([...Deno.readDirSync(found.userHome)], []);
    const put = () => Deno.writeTextFile(found.config, "");
    await whileLocked(found, { waiting: () => {} }, put);
    deepEqual([...Deno.readDirSync(found.home)].map(({ name }) => name), ["config.toml"]);
    Deno.removeSync(found.config);
    await whileLocked(found, { waiting: () => {} }, () => Promise.resolve());
    deepEqual([...Deno.readDirSync(found.home)], []);
  });
});

Deno.test("whileLocked gives the lock back when what it called fails", async () => {
  await withHome(async (found) => {
    const fail = () => Promise.reject(new TypeError("no"));
    await rejects(whileLocked(found, { waiting: () => {} }, fail), TypeError);
    equal(await whileLocked(found, { waiting: () => {} }, () => Promise.resolve(1)), 1);
  });
});

Deno.test("whileLocked refuses when the other command does not end, and goes on once that was killed", async () => {
  await withHome(async (found) => {
    await Deno.mkdir(found.home);
    const holder = `import { whileLocked } from ${JSON.stringify(import.meta.resolve("../../src/os/install_lock.ts"))};
      import { paths } from ${JSON.stringify(import.meta.resolve("../../src/os/paths.ts"))};
      await whileLocked(paths(), { waiting() {} }, () => { console.log("held"); return new Promise((r) => setTimeout(r, 1e9)); });`;
    const script = `${found.userHome}/holder.ts`;
    await Deno.writeTextFile(script, holder);
    const args = [
      "run",
      "--no-lock",
      "--no-check",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys",
      script,
    ];
    const child = new Deno.Command(Deno.execPath(), {
      args,
      env: { HOME: found.userHome, DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno` },
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    try {
      match(new TextDecoder().decode((await reader.read()).value), /held/);
      const body = () => Promise.reject(new Error("it was called"));
      const { promise: told, resolve: waiting } = Promise.withResolvers<void>();
      const patient = whileLocked(found, { waiting }, () => Promise.resolve("done"));
      await rejects(whileLocked(found, { waiting: () => {}, waitMs: 0 }, body), {
        code: "failed",
        message: "Cannot change the installation: another halton-meter command is changing it",
      });
      await told;
      child.kill("SIGKILL");
      equal(await patient, "done");
    } finally {
      reader.releaseLock();
      await child.stdout.cancel();
      await child.status;
    }
  });
});
