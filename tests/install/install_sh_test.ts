/**
 * `install.sh` under every shell that is here, from a release that is served on loopback.
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
import { type Release, serveRelease } from "./release_server.ts";

const SCRIPT = fileURLToPath(new URL("../../install.sh", import.meta.url));

const SHELLS = ([["dash"], ["bash"], ["busybox", "ash"], ["zsh", "--emulate", "sh"], ["zsh"]] as const)
  .filter(([program]) => which(program) !== null);

/** The tools of the system that the script may need, beside what downloads and what sums. */
const TOOLS = "basename cat chmod cut grep gzip head ldd mkdir mktemp mv rm sed tail tar uname sh".split(" ");

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Machine {
  readonly home: string;
  /** Where the program is installed. */
  readonly program: string;
  readonly bin: string;
  run(args?: readonly string[], env?: Record<string, string>): Promise<Ran>;
  /** Runs it the way that the README tells: from a pipe. */
  pipe(script: string, args?: readonly string[]): Promise<Ran>;
  /** Puts a script in the place of a tool. */
  stub(name: string, body: string): void;
  /** Everything in the home folder, with its content. */
  files(): Record<string, string>;
}

function which(program: string): string | null {
  const found = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${program}`);
  return found.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }) ?? null;
}

interface Setup {
  readonly shell?: readonly string[];
  readonly tools?: readonly string[];
  readonly homeName?: string;
}

/** A home and a PATH with nothing on it but the given tools. */
async function withMachine(
  release: Release,
  body: (machine: Machine) => Promise<void>,
  { shell = ["dash"], tools = ["curl", "sha256sum"], homeName = "home" }: Setup = {},
): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "halton-install-" });
  const home = `${root}/${homeName}`;
  const bin = `${root}/bin`;
  Deno.mkdirSync(home);
  Deno.mkdirSync(bin);
  for (const tool of [...TOOLS, ...tools, ...shell.slice(0, 1)]) {
    const path = which(tool);
    if (path !== null) Deno.symlinkSync(path, `${bin}/${tool}`);
  }
  const stub = (name: string, body: string) => {
    Deno.removeSync(`${bin}/${name}`, { recursive: true });
    Deno.writeTextFileSync(`${bin}/${name}`, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  };
  const spawn = async (args: readonly string[], env: Record<string, string>, input: string | null): Promise<Ran> => {
    const [program = "", ...before] = shell;
    const child = new Deno.Command(`${bin}/${program}`, {
      args: [...before, ...args],
      clearEnv: true,
      env: { HOME: home, PATH: bin, SHELL: "/bin/bash", HALTON_METER_BASE_URL: release.baseUrl, ...env },
      cwd: root,
      stdin: input === null ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (input !== null) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
    }
    const { code, stdout, stderr } = await child.output();
    return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
  };
  try {
    await body({
      home,
      bin,
      program: `${home}/.local/bin/halton-meter`,
      run: (args = [], env = {}) => spawn([SCRIPT, ...args], env, null),
      pipe: (script, args = []) => spawn(args.length === 0 ? [] : ["-s", "--", ...args], {}, script),
      stub,
      files: () => filesIn(home),
    });
  } finally {
    await new Deno.Command("chmod", { args: ["-R", "u+rwX", root] }).output();
    Deno.removeSync(root, { recursive: true });
  }
}

function filesIn(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) Object.assign(found, filesIn(path));
    else found[path] = Deno.readTextFileSync(path);
  }
  return found;
}

async function says(program: string): Promise<string> {
  return new TextDecoder().decode((await new Deno.Command(program, { args: ["--version"] }).output()).stdout).trim();
}

async function withRelease(body: (release: Release) => Promise<void>, versions = ["1.2.3", "1.2.2"]): Promise<void> {
  const release = await serveRelease(versions);
  try {
    await body(release);
  } finally {
    await release.stop();
  }
}

for (const shell of SHELLS) {
  const name = shell.join(" ");

  Deno.test(`install.sh installs, upgrades, goes back to a version and removes, under ${name}`, async () => {
    await withRelease(async (release) => {
      await withMachine(release, async ({ home, program, run, files }) => {
        const first = await run([], { HALTON_METER_VERSION: "v1.2.2" });
        deepEqual([first.code, first.err], [0, ""]);
        match(first.out, /^Installed halton-meter 1\.2\.2 as .*\/\.local\/bin\/halton-meter\n/);
        match(first.out, /is not on your PATH/);
        equal(Deno.statSync(program).mode! & 0o777, 0o755);
        match(await says(program), /^halton-meter 1\.2\.2 /);

        equal((await run()).code, 0);
        match(await says(program), /^halton-meter 1\.2\.3 /);
        equal((await run(["--version", "1.2.2"])).code, 0);
        match(await says(program), /^halton-meter 1\.2\.2 /);
        deepEqual(Object.keys(files()), [program], "nothing else is left behind");

        // As an upgrade leaves them that is killed; and files of somebody else, whose names are like theirs.
        Deno.writeTextFileSync(`${program}.previous`, "");
        Deno.writeTextFileSync(`${program}.${crypto.randomUUID()}.tmp`, "");
        const others = [".notes.tmp", ".XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX.tmp"].map((end) => `${program}${end}`);
        for (const other of others) Deno.writeTextFileSync(other, "");
        equal((await run(["--uninstall"])).out, `Removed ${program}\n`);
        deepEqual(Object.keys(files()).toSorted(), others.toSorted());
        for (const other of others) Deno.removeSync(other);
        equal((await run(["--uninstall"])).out, `There is no ${program}\n`);
        ok(home.length > 0);
      }, { shell, homeName: "a home of O'Brien's" });
    });
  });

  Deno.test(`install.sh works from a pipe, and one that was cut anywhere does nothing, under ${name}`, async () => {
    const script = Deno.readTextFileSync(SCRIPT);
    await withRelease(async (release) => {
      await withMachine(release, async ({ program, pipe, files }) => {
        const end = script.lastIndexOf("; }");
        const cuts = [end + 2, end, end - 1, end - 5, end - 8, script.length - 200];
        for (let cut = 97; cut < end; cut += 1499) cuts.push(cut);
        for (const cut of cuts) {
          await pipe(script.slice(0, cut));
          deepEqual(files(), {}, `cut after ${cut} of ${script.length} characters`);
        }
        deepEqual(release.asked, []);
        equal((await pipe(script, ["--version=1.2.2"])).code, 0);
        match(await says(program), /^halton-meter 1\.2\.2 /);
        equal((await pipe(script)).code, 0);
        match(await says(program), /^halton-meter 1\.2\.3 /);
      }, { shell });
    });
  });

  Deno.test(`install.sh refuses wrong usage with code 2, under ${name}`, async () => {
    await withRelease(async (release) => {
      await withMachine(release, async ({ run, files }) => {
        for (const args of [["--nonsense"], ["1.2.3"], ["--version"], ["--version", ""], ["--version", "../x"]]) {
          const { code, out, err } = await run(args);
          deepEqual([code, out], [2, ""], args.join(" "));
          match(err, /^install\.sh: .+\n {2}See install\.sh --help\n$/);
        }
        equal((await run([], { HALTON_METER_INSTALL_DIR: "bin" })).code, 2);
        const help = await run(["--help"]);
        deepEqual([help.code, help.err], [0, ""]);
        match(help.out, /--uninstall/);
        deepEqual([files(), release.asked], [{}, []]);
      }, { shell });
    });
  });
}

/** What goes wrong, and the words that tell of it. Each is run with a program in place, which must stay. */
const FAILURES: readonly {
  readonly name: string;
  readonly says: RegExp;
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  readonly tools?: readonly string[];
  readonly prepare?: (machine: Machine, release: Release) => void;
}[] = [
  {
    name: "no network",
    env: { HALTON_METER_BASE_URL: "http://127.0.0.1:9" },
    says: /Cannot download .*127\.0\.0\.1.*\n {2}Check the network/,
  },
  {
    name: "no network through a proxy",
    env: { HALTON_METER_BASE_URL: "http://127.0.0.1:9", HTTPS_PROXY: "http://127.0.0.1:8081" },
    says: /a proxy is set: http:\/\/127\.0\.0\.1:8081/,
  },
  {
    name: "no network through a proxy with a password",
    env: { HALTON_METER_BASE_URL: "http://127.0.0.1:9", HTTPS_PROXY: "http://me:secret@127.0.0.1:8081" },
    says: /a proxy is set: http:\/\/127\.0\.0\.1:8081$/m,
  },
  {
    name: "a version that does not exist",
    args: ["--version", "9.9.9"],
    says: /there is no such file\n {2}Check the version: 9\.9\.9/,
  },
  {
    name: "a server that fails",
    prepare: (_, release) => release.answer = () => new Response("no", { status: 503 }),
    says: /the server answered 503/,
  },
  {
    name: "an archive that was changed",
    prepare: (_, release) => release.answer = (path) => path.endsWith(".gz") ? new Response("changed") : null,
    says:
      /checksum of halton-meter-1\.2\.3-\S+ is wrong: expected [0-9a-f]{64}, found [0-9a-f]{64}\n {2}Nothing was changed/,
  },
  {
    name: "an archive that was cut",
    prepare: (_, release) => {
      release.answer = (path) =>
        path.endsWith(".gz")
          ? new Response(
            new ReadableStream({
              start(controller) {
                controller.enqueue(new Uint8Array(10));
                controller.close();
              },
            }),
          )
          : null;
    },
    says: /checksum of .* is wrong/,
  },
  {
    name: "a page in the place of the checksums",
    prepare: (_, release) => release.answer = () => new Response("<html>Sign in</html>"),
    says: /SHA256SUMS answers is no list of checksums\n {2}See what it is in a browser/,
  },
  {
    name: "a release for other machines",
    prepare: (_, release) => {
      release.answer = (path) =>
        path.endsWith("SUMS") ? new Response(`${"0".repeat(64)}  halton-meter-1.2.3-plan9-x64.tar.gz\n`) : null;
    },
    says: /has nothing for (linux|darwin)-\S+\n {2}Choose another version/,
  },
  {
    name: "a list of another version",
    args: ["--version", "1.2.2"],
    prepare: (_, release) => {
      release.answer = (path) =>
        path.endsWith("SUMS") ? new Response(`${"0".repeat(64)}  halton-meter-1.2.3-linux-x64.tar.gz\n`) : null;
    },
    says: /is of version 1\.2\.3, and not 1\.2\.2/,
  },
  { name: "nothing to download with", tools: ["sha256sum"], says: /neither curl nor wget is installed/ },
  { name: "nothing to verify with", tools: ["curl"], says: /none of sha256sum, shasum and openssl is installed/ },
  {
    name: "musl",
    prepare: ({ stub }) => stub("ldd", "echo 'musl libc (x86_64)' >&2; exit 1"),
    says: /musl, the C library of this system/,
  },
  {
    name: "another system",
    prepare: ({ stub }) => stub("uname", "echo FreeBSD"),
    says: /There is no halton-meter for FreeBSD/,
  },
  {
    name: "another processor",
    prepare: ({ stub }) => stub("uname", '[ "$1" = -s ] && echo Linux || echo riscv64'),
    says: /There is no halton-meter for riscv64 processors/,
  },
  {
    name: "a full disk",
    prepare: ({ stub }) => stub("curl", "echo 'curl: (23) Failure writing output to destination' >&2; exit 23"),
    says: /\(23\) Failure writing output.*\n {2}Check the network, and the space that is left in /,
  },
  {
    name: "no space to unpack",
    prepare: ({ stub }) => stub("tar", "echo 'tar: halton-meter: Cannot write: No space left on device' >&2; exit 2"),
    says: /Cannot unpack .*No space left on device/,
  },
];

for (const { name, says: words, args = [], env = {}, tools = ["curl", "sha256sum"], prepare } of FAILURES) {
  Deno.test(`install.sh changes nothing and says why: ${name}`, async () => {
    await withRelease(async (release) => {
      await withMachine(release, async (machine) => {
        Deno.mkdirSync(`${machine.home}/.local/bin`, { recursive: true });
        Deno.writeTextFileSync(machine.program, "old");
        prepare?.(machine, release);
        const { code, out, err } = await machine.run(args, env);
        deepEqual([code, out], [1, ""], err);
        match(err, words);
        deepEqual(machine.files(), { [machine.program]: "old" });
      }, { tools });
    });
  });
}

Deno.test("install.sh does not put a program in place that does not run, or is of another version", async () => {
  for (
    const [answer, words] of [["", /is "", and not version 1\.2\.3|says that it is ""/], [
      "halton-meter 1.2.30",
      /says that it is/,
    ]] as const
  ) {
    const release = await serveRelease(["1.2.3"], answer);
    try {
      await withMachine(release, async ({ run, files }) => {
        const { code, err } = await run();
        equal(code, 1);
        match(err, words);
        deepEqual(files(), {});
      });
    } finally {
      await release.stop();
    }
  }
});

Deno.test("install.sh takes what is there to download and to verify with", async () => {
  await withRelease(async (release) => {
    for (const tools of [["wget", "shasum", "perl"], ["curl", "openssl"], ["wget", "sha256sum"]]) {
      if (tools.some((tool) => which(tool) === null)) continue;
      await withMachine(release, async ({ run, program }) => {
        const { code, err } = await run();
        deepEqual([code, err], [0, ""], tools.join(" "));
        match(await says(program), /^halton-meter 1\.2\.3 /);
      }, { tools });
    }
  });
});

Deno.test("install.sh asks for the archive of this processor, also from a shell that is translated", async () => {
  const machines = [
    ["Darwin", "arm64", "", "darwin-arm64"],
    ["Darwin", "x86_64", "echo 0", "darwin-x64"],
    ["Darwin", "x86_64", "exit 1", "darwin-x64"],
    ["Darwin", "x86_64", "echo 1", "darwin-arm64"],
    ["Linux", "aarch64", "", "linux-arm64"],
    ["Linux", "x86_64", "", "linux-x64"],
  ] as const;
  await withRelease(async (release) => {
    for (const [system, machine, sysctl, platform] of machines) {
      await withMachine(release, async ({ run, bin, stub, program }) => {
        stub("uname", `[ "$1" = -s ] && echo ${system} || echo ${machine}`);
        Deno.writeTextFileSync(`${bin}/sysctl`, `#!/bin/sh\n${sysctl}\n`, { mode: 0o755 });
        const { code, err } = await run();
        deepEqual([code, err], [0, ""]);
        match(await says(program), new RegExp(`, ${platform}\\)$`));
      });
    }
  });
});

Deno.test("install.sh tells the user's shell how to find the program, and the line that it tells works", async () => {
  await withRelease(async (release) => {
    for (const [shell, file] of [["/bin/zsh", ".zshrc"], ["/bin/bash", ".bashrc"], ["/bin/sh", ".profile"]] as const) {
      await withMachine(release, async ({ run, home }) => {
        const { out } = await run([], { SHELL: shell });
        const command = /^ {2}(echo .*)$/m.exec(out)?.[1] ?? "";
        notEqual(command, "", out);
        const sh = (script: string) =>
          new Deno.Command("dash", { args: ["-c", script], env: { HOME: home }, clearEnv: true }).output();
        ok((await sh(command)).success);
        match(
          new TextDecoder().decode((await sh(`. "$HOME/${file}"; halton-meter --version`)).stdout),
          /^halton-meter 1\.2\.3/,
        );
      }, { homeName: "a home of O'Brien's" });
    }
    await withMachine(release, async ({ run }) => {
      match((await run([], { SHELL: "/usr/bin/fish" })).out, /^ {2}fish_add_path '/m);
    });
    await withMachine(release, async ({ run, home, bin }) => {
      const { out } = await run([], { PATH: `${bin}:${home}/.local/bin` });
      equal(out.includes("PATH"), false, out);
    });
  });
});

Deno.test(
  "install.sh needs no folder that it may not write to, and says so",
  { ignore: Deno.uid() === 0 },
  async () => {
    await withRelease(async (release) => {
      await withMachine(release, async ({ run, home }) => {
        Deno.mkdirSync(`${home}/closed`, { mode: 0o500 });
        const { code, err } = await run([], { HALTON_METER_INSTALL_DIR: `${home}/closed` });
        equal(code, 1);
        match(err, /Cannot write to .*closed\n {2}Set HALTON_METER_INSTALL_DIR to a folder of your own/);
      });
    });
  },
);

Deno.test("install.sh does not put the program into a folder of its name", async () => {
  await withRelease(async (release) => {
    await withMachine(release, async ({ run, program, files }) => {
      Deno.mkdirSync(program, { recursive: true });
      const { code, out, err } = await run();
      deepEqual([code, out], [1, ""]);
      match(err, /Cannot write .*\/halton-meter: it is a folder\n {2}Move it away/);
      deepEqual(files(), {});
    });
  });
});

Deno.test("install.sh removes what killed runs have left, and nothing of one that works", async () => {
  await withRelease(async (release) => {
    await withMachine(release, async ({ run, home, program, stub, files }) => {
      stub("curl", 'kill -KILL "$PPID"; exit 1');
      await run();
      const bin = `${home}/.local/bin`;
      const [killed] = Object.keys(files());
      match(killed ?? "", /\.halton-meter\.\w{6}\/pid$/);
      Deno.mkdirSync(`${bin}/.halton-meter.begins`);
      Deno.mkdirSync(`${bin}/.halton-meter.atwork`);
      Deno.writeTextFileSync(`${bin}/.halton-meter.atwork/pid`, `${Deno.pid}\n`);
      stub("curl", `exec ${which("curl")} "$@"`);
      equal((await run()).code, 0);
      const names = () => [...Deno.readDirSync(bin)].map(({ name }) => name).toSorted();
      deepEqual(names(), [".halton-meter.atwork", ".halton-meter.begins", "halton-meter"]);
      equal((await run(["--uninstall"])).out, `Removed ${program}\n`);
      deepEqual(names(), [".halton-meter.atwork"]);
    });
  });
});

Deno.test("install.sh says when the folder cannot be made", async () => {
  await withRelease(async (release) => {
    await withMachine(release, async ({ run, home }) => {
      Deno.writeTextFileSync(`${home}/.local`, "a file");
      const { code, err } = await run();
      equal(code, 1);
      match(err, /Cannot make the folder /);
    });
  });
});

Deno.test("install.sh leaves an upgrade of a meter that is set up to the meter, and does not remove it", async () => {
  await withRelease(async (release) => {
    await withMachine(release, async ({ run, home, program }) => {
      equal((await run(["--version", "1.2.2"])).code, 0);
      Deno.mkdirSync(`${home}/.halton-meter`);
      Deno.writeTextFileSync(`${home}/.halton-meter/install-mode`, "apps\n");
      const { code, out } = await run();
      equal(code, 0);
      match(out, /^upgraded: upgrade --from \S+\/halton-meter --allow-downgrade\n/);
      const removal = await run(["--uninstall"]);
      equal(removal.code, 1);
      match(removal.err, /still set up on this machine\n {2}Run this first: halton-meter uninstall/);
      ok(Deno.statSync(program).isFile);
    });
  });
});

Deno.test("install.sh removes what it had downloaded when it is interrupted", async () => {
  await withRelease(async (release) => {
    await withMachine(release, async ({ run, stub, files }) => {
      stub("curl", 'kill -TERM "$PPID"; exit 1');
      notEqual((await run()).code, 0);
      deepEqual(files(), {});
    });
  });
});

Deno.test("install.sh passes shellcheck", { ignore: which("shellcheck") === null }, async () => {
  const { success, stdout } = await new Deno.Command("shellcheck", { args: [SCRIPT] }).output();
  equal(new TextDecoder().decode(stdout), "");
  ok(success);
});
