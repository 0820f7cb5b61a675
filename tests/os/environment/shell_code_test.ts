import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { CLIENT_VARIABLES, REPLACING_VARIABLES } from "../../../src/os/client_variables.ts";
import { shellCode, shellQuoted, sourcingLines } from "../../../src/os/environment/shell_code.ts";
import { shellFile } from "../../../src/os/environment/shell_file.ts";
import { shellRcPlaces } from "../../../src/os/environment/shell_rc.ts";
import { updatePorts } from "../../../src/roles/ports_file.ts";
import { CERTIFICATE, hasShell, type Home, makeHome, seenBy } from "./shells.ts";

/** Ways of starting a shell that read the files which `init` edits. */
const SHELLS: readonly (readonly string[])[] = [
  ["bash", "-l"],
  ["bash", "-i"],
  ["zsh", "-i"],
  ["zsh", "-l", "-i"],
  ["dash", "-l"],
].filter(([name = ""]) => hasShell(name));

/** Sets everything up as `init --apps` would. */
async function installed(env: Readonly<Record<string, string>> = {}): Promise<Home> {
  const home = makeHome({ env: { SHELL: "/bin/zsh", ...env } });
  home.write(".bashrc", "export FROM_BASHRC=1\n");
  home.write(".profile", "export FROM_PROFILE=1\n");
  await shellFile(home.machine, {}).apply();
  for (const place of shellRcPlaces(home.machine)) await place.apply();
  return home;
}

/** The names of ours that a shell has. */
function ours(variables: ReadonlyMap<string, string>): string[] {
  return CLIENT_VARIABLES.filter((name) => variables.has(name));
}

Deno.test("shellCode is tried in every shell that is meant", () => {
  deepEqual(SHELLS.map(([name]) => name).filter((name, index, all) => all.indexOf(name) === index), [
    "bash",
    "zsh",
    "dash",
  ]);
});

for (const shell of SHELLS) {
  const name = shell.join(" ");

  Deno.test(`shellCode sets every variable in ${name} while the port accepts`, async () => {
    using home = await installed();
    const { variables, stderr, before } = await seenBy(home, shell);
    const proxy = `http://127.0.0.1:${home.port}`;
    equal(variables.get("HTTPS_PROXY"), proxy);
    equal(variables.get("https_proxy"), proxy);
    equal(variables.get("NO_PROXY"), "localhost,127.0.0.1,::1");
    equal(variables.get("no_proxy"), "localhost,127.0.0.1,::1");
    equal(variables.get("NODE_USE_ENV_PROXY"), "1");
    equal(variables.get("NODE_EXTRA_CA_CERTS"), home.machine.paths.caCertificate);
    for (const variable of REPLACING_VARIABLES) equal(variables.get(variable), home.machine.paths.caBundle);
    equal(before, "-----");
    equal(stripTerminal(stderr), "");
    deepEqual([...variables.keys()].filter((key) => key.startsWith("_halton")), []);
  });

  Deno.test(`shellCode sets nothing in ${name} when the port is closed`, async () => {
    using home = await installed();
    home.close();
    const { variables, stderr, before } = await seenBy(home, shell);
    deepEqual(ours(variables), []);
    equal(before, "-----");
    equal(stripTerminal(stderr), "");
  });

  Deno.test(`shellCode sets nothing in ${name} when a file is missing`, async () => {
    for (const missing of ["caBundle", "caCertificate", "effectivePorts", "shellEnvironment"] as const) {
      using home = await installed();
      Deno.removeSync(home.machine.paths[missing]);
      const { variables, stderr, before } = await seenBy(home, shell);
      deepEqual(ours(variables), [], missing);
      equal(before, "-----");
      equal(stripTerminal(stderr), "");
    }
  });

  Deno.test(`shellCode sets nothing in ${name} when no edge is known`, async () => {
    using home = await installed();
    updatePorts(home.machine.paths.effectivePorts, { edge: null });
    deepEqual(ours((await seenBy(home, shell)).variables), []);
  });

  Deno.test(`shellCode leaves ${name} alone that goes through another proxy`, async () => {
    using home = await installed();
    for (const variable of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) {
      const { variables, stderr } = await seenBy(home, shell, { [variable]: "http://proxy.corp.example:3128" });
      deepEqual(ours(variables), CLIENT_VARIABLES.filter((ours) => ours === variable), variable);
      equal(variables.get(variable), "http://proxy.corp.example:3128");
      equal(stripTerminal(stderr), "");
    }
  });

  Deno.test(`shellCode takes back in ${name} what was inherited when the meter is gone`, async () => {
    using home = await installed();
    const { variables: inherited } = await seenBy(home, shell);
    home.close();
    Deno.removeSync(home.machine.paths.caBundle);
    const ofOurs = Object.fromEntries(CLIENT_VARIABLES.map((name) => [name, inherited.get(name) ?? ""]));
    const { variables } = await seenBy(home, shell, ofOurs);
    deepEqual(ours(variables).sort(), ["NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY", "NO_PROXY", "no_proxy"].sort());
  });

  Deno.test(`shellCode keeps the user's NO_PROXY in ${name}, both spellings apart`, async () => {
    using home = await installed();
    const one = (await seenBy(home, shell, { NO_PROXY: "corp.example,::1" })).variables;
    equal(one.get("NO_PROXY"), "corp.example,::1,localhost,127.0.0.1");
    equal(one.get("no_proxy"), "corp.example,::1,localhost,127.0.0.1");
    const two = (await seenBy(home, shell, { NO_PROXY: "*", no_proxy: "b.example" })).variables;
    equal(two.get("NO_PROXY"), "*");
    equal(two.get("no_proxy"), "b.example,localhost,127.0.0.1,::1");
  });

  Deno.test(`shellCode stays out of ${name} for a certificate file that the bundle was not made from`, async () => {
    using home = await installed();
    home.write("corp.pem", CERTIFICATE.replace("QUJD", "Q09SUA=="));
    const corp = `${home.folder}/.mitmproxy/../corp.pem`;
    for (const variable of ["REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]) {
      deepEqual(ours((await seenBy(home, shell, { [variable]: corp })).variables), [variable]);
    }
  });
}

Deno.test("shellCode takes over certificate files that the bundles were made from", async () => {
  const outer = Deno.makeTempDirSync();
  try {
    const corp = `${outer}/corp.pem`;
    Deno.writeTextFileSync(corp, CERTIFICATE.replace("QUJD", "Q09SUA=="));
    using home = await installed({ REQUESTS_CA_BUNDLE: corp, NODE_EXTRA_CA_CERTS: corp });
    for (const shell of SHELLS) {
      const { variables } = await seenBy(home, shell, { REQUESTS_CA_BUNDLE: corp, NODE_EXTRA_CA_CERTS: corp });
      equal(variables.get("REQUESTS_CA_BUNDLE"), home.machine.paths.caBundle, shell.join(" "));
      equal(variables.get("NODE_EXTRA_CA_CERTS"), home.machine.paths.nodeExtraCa, shell.join(" "));
    }
    ok(home.read(".halton-meter/ca-bundle.pem").includes("Q09SUA=="));
  } finally {
    Deno.removeSync(outer, { recursive: true });
  }
});

Deno.test("shellCode stands in front of the proxy that the meter itself uses, and goes back to it", async () => {
  using home = await installed();
  const upstreamProxy = { host: "proxy.corp.example", port: 3128 };
  await shellFile(home.machine, { upstreamProxy }).apply();
  for (const shell of SHELLS) {
    for (
      const value of [
        "http://proxy.corp.example:3128/",
        "proxy.corp.example:3128",
        "http://me:pw@proxy.corp.example:3128",
      ]
    ) {
      const { variables } = await seenBy(home, shell, { HTTPS_PROXY: value, https_proxy: value });
      equal(variables.get("HTTPS_PROXY"), `http://127.0.0.1:${home.port}`, `${shell.join(" ")} ${value}`);
    }
  }
  home.close();
  for (const shell of SHELLS) {
    const { variables } = await seenBy(home, shell, { HTTPS_PROXY: `http://127.0.0.1:${home.port}` });
    equal(variables.get("HTTPS_PROXY"), "http://proxy.corp.example:3128", shell.join(" "));
  }
});

const STRICT: readonly (readonly [string, readonly string[], string])[] = [
  ["bash", [], "set -f -C"],
  ["bash", ["--posix"], "set -f -C"],
  ["zsh", [], "setopt ksharrays shwordsplit noclobber nomatch warncreateglobal"],
  ["dash", [], "set -f -C"],
];

for (const [program, flags, settings] of STRICT) {
  Deno.test(`shellCode lives with set -eu and odd settings in ${program} ${flags.join(" ")}, and leaves nothing behind`, async () => {
    using home = await installed();
    const script = `set -eu; IFS=:; ${settings}; . "$1"; . "$1"; set | grep -c '^_halton' || :; ` +
      `printf 'ended %s %s\\n' "\${HTTPS_PROXY-none}" "$IFS"`;
    const run = () =>
      home.machine.run(program, [...flags, "-c", script, program, home.machine.paths.shellEnvironment], {
        clearEnv: true,
        env: { PATH: Deno.env.get("PATH") ?? "", HOME: home.folder },
      });
    deepEqual(await run(), { code: 0, stderr: "", stdout: `0\nended http://127.0.0.1:${home.port} :\n` });
    home.close();
    deepEqual(await run(), { code: 0, stderr: "", stdout: "0\nended none :\n" });
  });
}

Deno.test("sourcingLines name the home folder by HOME, so that they fit another machine", () => {
  const lines = sourcingLines("/home/ada/.halton-meter/env.sh", "/home/ada");
  equal(lines.at(-1), `if [ -r "\${HOME-}"'/.halton-meter/env.sh' ]; then . "\${HOME-}"'/.halton-meter/env.sh'; fi`);
  const elsewhere = sourcingLines("/srv/o'brien/env.sh", "/home/ada");
  equal(elsewhere.at(-1), `if [ -r '/srv/o'\\''brien/env.sh' ]; then . '/srv/o'\\''brien/env.sh'; fi`);
});

Deno.test("shellQuoted words come out of a shell as they went in", async () => {
  using home = makeHome();
  const words = ["plain", "it's", `"$HOME" & \`x\` \\ *`, "", "ä'ö"];
  const { stdout } = await home.machine.run("sh", ["-c", `printf '%s\\n' ${words.map(shellQuoted).join(" ")}`]);
  deepEqual(stdout.split("\n").slice(0, -1), words);
});

Deno.test("shellCode refuses a home folder with a line break in its name", () => {
  using home = makeHome();
  const broken = { ...home.machine, paths: { ...home.machine.paths, caBundle: "/home/a\nb/ca-bundle.pem" } };
  let message = "";
  try {
    shellCode(broken, {});
  } catch (error) {
    message = error instanceof Error ? error.message : "";
  }
  equal(message, 'Cannot set up "/home/a\\nb/ca-bundle.pem": its name holds a control character');
});

/** An interactive shell without a terminal says so; that is none of ours. */
function stripTerminal(stderr: string): string {
  return stderr.split("\n").filter((line) =>
    !/job control|cannot set terminal process group|can't set tty pgrp/.test(line)
  ).join("\n")
    .trim();
}
