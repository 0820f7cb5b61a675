import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { shellFile } from "../../../src/os/environment/shell_file.ts";
import { shellRcPlaces } from "../../../src/os/environment/shell_rc.ts";
import type { Place } from "../../../src/os/place.ts";
import { makeHome } from "./shells.ts";

function placesOf(machine: Parameters<typeof shellRcPlaces>[0]): Record<"zshrc" | "bashrc" | "bash-login", Place> {
  const [zshrc, bashrc, login] = shellRcPlaces(machine);
  if (zshrc === undefined || bashrc === undefined || login === undefined) throw new Error("Three places were expected");
  deepEqual([zshrc.id, bashrc.id, login.id], [
    "environment.zshrc",
    "environment.bashrc",
    "environment.bash-login",
  ]);
  return { zshrc, bashrc, "bash-login": login };
}

/** Every file below a folder with its text and mode. */
function tree(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) Object.assign(found, { [path]: "folder" }, tree(path));
    else {found[path] = `${Deno.lstatSync(path).mode} ${
        entry.isSymlink ? Deno.readLinkSync(path) : Deno.readTextFileSync(path)
      }`;}
  }
  return found;
}

Deno.test("shellRcPlaces put a block into existing files, twice alike, and give them back byte for byte", async () => {
  using home = makeHome();
  home.write(".bashrc", "alias a=b");
  home.write(".zshrc", "setopt x\r\n");
  home.write(".profile", "umask 022\n");
  Deno.chmodSync(`${home.folder}/.zshrc`, 0o600);
  const before = tree(home.folder);
  for (const place of shellRcPlaces(home.machine)) equal((await place.check()).state, "absent");
  for (const place of shellRcPlaces(home.machine)) equal((await place.apply()).state, "present");
  const after = tree(home.folder);
  match(home.read(".bashrc"), /^alias a=b\n# >>> halton-meter >>>\n/);
  for (const place of shellRcPlaces(home.machine)) await place.apply();
  deepEqual(tree(home.folder), after);
  for (const place of shellRcPlaces(home.machine)) equal((await place.remove()).state, "absent");
  deepEqual(tree(home.folder), before);
  for (const place of shellRcPlaces(home.machine)) await place.remove();
  deepEqual(tree(home.folder), before);
});

Deno.test("shellRcPlaces make the files of the login shell only, and take them away again", async () => {
  using home = makeHome({ env: { SHELL: "/usr/bin/bash" } });
  const before = tree(home.folder);
  const { zshrc, bashrc, "bash-login": login } = placesOf(home.machine);
  equal((await zshrc.apply()).state, "unavailable");
  equal((await bashrc.apply()).state, "present");
  equal((await login.apply()).detail, `${home.folder}/.profile`);
  for (const place of [zshrc, bashrc, login]) await place.remove();
  deepEqual(tree(home.folder), before);
});

Deno.test("shellRcPlaces keep a file that they made when the user has written into it", async () => {
  using home = makeHome();
  const { bashrc } = placesOf(home.machine);
  await bashrc.apply();
  home.write(".bashrc", `${home.read(".bashrc")}export MINE=1\n`);
  await bashrc.remove();
  equal(home.read(".bashrc"), "export MINE=1\n");
});

Deno.test("shellRcPlaces take the first login file that exists, as bash does", async () => {
  using home = makeHome();
  home.write(".profile", "p\n");
  home.write(".bash_login", "l\n");
  const login = placesOf(home.machine)["bash-login"];
  await login.apply();
  equal(home.read(".profile"), "p\n");
  match(home.read(".bash_login"), /halton-meter/);
  home.write(".bash_profile", "later\n");
  equal((await login.check()).state, "absent");
  await login.apply();
  await login.remove();
  deepEqual([".profile", ".bash_login", ".bash_profile"].map(home.read), ["p\n", "l\n", "later\n"]);
});

Deno.test("shellRcPlaces follow ZDOTDIR", async () => {
  const zsh = Deno.makeTempDirSync();
  try {
    using home = makeHome({ env: { SHELL: "/bin/zsh", ZDOTDIR: `${zsh}/made` } });
    const { zshrc } = placesOf(home.machine);
    equal((await zshrc.apply()).detail, `${zsh}/made/.zshrc`);
    await zshrc.remove();
    deepEqual([...Deno.readDirSync(zsh)], []);
  } finally {
    Deno.removeSync(zsh, { recursive: true });
  }
});

Deno.test("shellRcPlaces find the block again where ZDOTDIR is no longer set", async () => {
  const zsh = Deno.makeTempDirSync();
  try {
    using home = makeHome({ env: { SHELL: "/bin/zsh", ZDOTDIR: zsh } });
    Deno.writeTextFileSync(`${zsh}/.zshrc`, "mine");
    await placesOf(home.machine).zshrc.apply();
    const env = { get: (name: string) => name === "ZDOTDIR" ? undefined : home.machine.env.get(name) };
    await placesOf({ ...home.machine, env }).zshrc.remove();
    equal(Deno.readTextFileSync(`${zsh}/.zshrc`), "mine");
    equal(await Deno.stat(`${home.machine.paths.home}/written-paths.json`).catch(() => null), null);
  } finally {
    Deno.removeSync(zsh, { recursive: true });
  }
});

Deno.test("shellRcPlaces edit a start-up file that is a link through it", async () => {
  using home = makeHome();
  Deno.mkdirSync(`${home.folder}/dotfiles`);
  home.write("dotfiles/bashrc", "mine\n");
  Deno.symlinkSync("dotfiles/bashrc", `${home.folder}/.bashrc`);
  const { bashrc } = placesOf(home.machine);
  equal((await bashrc.apply()).state, "present");
  equal(Deno.readLinkSync(`${home.folder}/.bashrc`), "dotfiles/bashrc");
  match(home.read("dotfiles/bashrc"), /halton-meter/);
  await bashrc.remove();
  equal(home.read("dotfiles/bashrc"), "mine\n");
});

Deno.test("shellRcPlaces leave a read-only file alone and say which line to put into it", async () => {
  using home = makeHome();
  home.write(".bashrc", "mine\n");
  Deno.chmodSync(`${home.folder}/.bashrc`, 0o444);
  const { bashrc } = placesOf(home.machine);
  const state = await bashrc.apply();
  equal(state.state, "unavailable");
  equal(state.detail, ".bashrc may not be written");
  match(state.hint ?? "", /put this line into it: if \[ -r "\$\{HOME-\}"'\/\.halton-meter\/env\.sh' \]; then/);
  equal(home.read(".bashrc"), "mine\n");
});

Deno.test("shellRcPlaces refuse to clean a block out of a file that became read-only", async () => {
  using home = makeHome();
  home.write(".bashrc", "mine\n");
  const { bashrc } = placesOf(home.machine);
  await bashrc.apply();
  Deno.chmodSync(`${home.folder}/.bashrc`, 0o444);
  equal((await bashrc.check()).state, "present");
  await rejects(() => bashrc.remove(), /Cannot clean .*\.bashrc: it may not be written/);
});

Deno.test("shellRcPlaces change nothing in a file whose marks were damaged, and say so", async () => {
  using home = makeHome();
  const damaged = "a\n# >>> halton-meter >>>\nb\n";
  home.write(".bashrc", damaged);
  const { bashrc } = placesOf(home.machine);
  const { state, detail, hint } = await bashrc.check();
  equal(state, "differs");
  equal(detail, "the lines of halton-meter in .bashrc are damaged: a first mark has no last mark after it");
  match(hint ?? "", /^Delete them in /);
  await rejects(() => bashrc.apply(), /Cannot set up .*damaged/);
  await rejects(() => bashrc.remove(), /Cannot clean .*its marks do not pair/);
  equal(home.read(".bashrc"), damaged);
});

Deno.test("shellRcPlaces repair lines that were changed between the marks, and nothing around them", async () => {
  using home = makeHome();
  home.write(".bashrc", "above\n");
  const { bashrc } = placesOf(home.machine);
  await bashrc.apply();
  const good = `${home.read(".bashrc")}below\n`;
  home.write(".bashrc", good.replace("if [", "if ! ["));
  equal((await bashrc.check()).state, "differs");
  equal((await bashrc.apply()).state, "present");
  equal(home.read(".bashrc"), good);
});

Deno.test("shellFile reports another proxy, without its password, and what to do", async () => {
  using home = makeHome({ env: { https_proxy: "http://me:secret@proxy.corp.example:3128/" } });
  const place = shellFile(home.machine, {});
  const { state, detail, hint } = await place.apply();
  equal(state, "differs");
  equal(detail, "shells that use the proxy proxy.corp.example:3128 are left alone");
  equal(
    hint,
    'Put proxy = "http://proxy.corp.example:3128" under [upstream] in config.toml, then run "halton-meter init" again',
  );
  const told = shellFile(home.machine, { upstreamProxy: { host: "proxy.corp.example", port: 3128 } });
  equal((await told.apply()).state, "present");
  equal((await told.remove()).state, "absent");
});
