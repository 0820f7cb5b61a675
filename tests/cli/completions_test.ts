/**
 * The completion scripts, asked by real shells.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { commands } from "../../src/cli/app.ts";
import { commandTree, visitTree } from "../../src/cli/command_tree.ts";
import { bashCompletions } from "../../src/cli/completions_bash.ts";
import { fishCompletions } from "../../src/cli/completions_fish.ts";
import { zshCompletions } from "../../src/cli/completions_zsh.ts";
import { withHome } from "./command_line.ts";

const TREE = commandTree(commands);
const SCRIPTS = { bash: bashCompletions(TREE), zsh: zshCompletions(TREE), fish: fishCompletions(TREE) };
type Shell = keyof typeof SCRIPTS;
const SHELLS = (["bash", "zsh", "fish"] as const).filter(isHere);

function isHere(shell: string): boolean {
  try {
    return new Deno.Command(shell, { args: ["-c", "true"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Asks for what may follow each of the command lines; the last word may be half typed. */
const ASK: Readonly<Record<Shell, string>> = {
  bash: String.raw`
    . "$SCRIPT"
    while IFS= read -r line; do
      eval "COMP_WORDS=($line)"
      case $line in *' ') COMP_WORDS+=("") ;; esac
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) COMPREPLY=()
      _halton_meter
      printf '%s\n' "\${COMPREPLY[@]}" "="
    done`.replaceAll("\\$", "$"),
  fish: String.raw`
    source $SCRIPT
    while read -l line
      complete -C "$line" | string replace -r '\t.*' ''
      echo =
    end`,
  // A pseudo-terminal with a shell in it, whose matches are printed between marks instead of being shown.
  zsh: String.raw`
    zmodload zsh/zpty
    zpty asked zsh -f -i
    zpty -w asked "PROMPT=; stty -echo; TERM=dumb"
    zpty -w asked "fpath=($FOLDER \$fpath); autoload -Uz compinit; compinit -u -d $FOLDER/dump; zstyle ':completion:*' list-grouped no"
    zpty -w asked 'compadd () { local -a found; if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
      builtin compadd -A found "$@"; print -rl -- \$found >>$FOLDER/found; builtin compadd "$@" }'
    zpty -w asked 'ask () { BUFFER=\$(<$FOLDER/line); CURSOR=\${#BUFFER}; zle complete-word; BUFFER=; print done >>$FOLDER/done }; zle -N ask; bindkey "^T" ask'
    zpty -w asked 'source $FOLDER/_halton-meter; print ready >>$FOLDER/done'
    while [[ ! -s $FOLDER/done ]]; do zpty -r -t asked >/dev/null; sleep 0.02; done
    while IFS= read -r line; do
      : >$FOLDER/found; : >$FOLDER/done
      print -rn -- "$line" >$FOLDER/line
      zpty -n -w asked $'\x14'
      while [[ ! -s $FOLDER/done ]]; do zpty -r -t asked >/dev/null; sleep 0.02; done
      cat $FOLDER/found
      print =
    done
    zpty -d asked`.replaceAll("\\$", "$"),
};

/** What a shell proposes for each line. */
async function propose(shell: Shell, lines: readonly string[]): Promise<string[][]> {
  const folder = Deno.makeTempDirSync({ prefix: "halton-completions-" });
  try {
    const script = `${folder}/_halton-meter`;
    Deno.writeTextFileSync(script, SCRIPTS[shell]);
    Deno.mkdirSync(`${folder}/bin`);
    Deno.writeTextFileSync(
      `${folder}/bin/halton-meter`,
      "#!/bin/sh\n[ \"$*\" = complete-projects ] && printf 'billing\\nweb/shop\\n'\n",
      { mode: 0o755 },
    );
    Deno.writeTextFileSync(`${folder}/notes.txt`, "");
    const child = new Deno.Command(shell, {
      args: [...(shell === "bash" ? ["--norc"] : shell === "zsh" ? ["-f"] : ["--no-config"]), "-c", ASK[shell]],
      cwd: folder,
      clearEnv: true,
      env: {
        HOME: folder,
        PATH: `${folder}/bin:${Deno.env.get("PATH")}`,
        SCRIPT: script,
        FOLDER: folder,
        TERM: "dumb",
        LC_ALL: "C.UTF-8",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
    await writer.close();
    const { stdout, stderr } = await child.output();
    clearTimeout(timer);
    equal(new TextDecoder().decode(stderr), "");
    const answers = new TextDecoder().decode(stdout).split("=\n");
    equal(answers.pop(), "");
    return answers.map((answer) => [...new Set(answer.split("\n").filter((word) => word !== ""))].sort());
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Lines, and everything that is proposed; with `some`, what is among it. */
const CASES: readonly { readonly line: string; readonly all?: readonly string[]; readonly some?: readonly string[] }[] =
  [
    { line: "halton-meter ", all: TREE.commands.map(({ name }) => name) },
    { line: "halton-meter rep", all: ["report"] },
    { line: "halton-meter bodies ", all: ["stats", "list", "show", "search", "export", "purge"] },
    { line: "halton-meter bodies pu", all: ["purge"] },
    { line: "halton-meter report --by ", all: ["project", "model", "provider", "day", "client"] },
    { line: "halton-meter report --by m", all: ["model"] },
    { line: "halton-meter report --vs", all: ["--vs-previous"] },
    { line: "halton-meter report --project ", all: ["billing", "web/shop"] },
    { line: "halton-meter report --since 7d --by pro", all: ["project", "provider"] },
    { line: "halton-meter init --no-s", all: ["--no-shell-rc"] },
    { line: "halton-meter project set bil", all: ["billing"] },
    { line: "halton-meter project set billing ", all: ["body-capture"] },
    { line: "halton-meter project set billing body-capture ", all: ["on", "off", "default"] },
    { line: "halton-meter completions ", all: ["bash", "zsh", "fish"] },
    { line: "halton-meter upgrade --from no", all: ["notes.txt"] },
    { line: "halton-meter run --proj", all: ["--project"] },
    { line: "halton-meter run unam", some: ["uname"] },
    { line: "halton-meter run --project billing unam", some: ["uname"] },
    { line: "halton-meter run -- cat not", some: ["notes.txt"] },
  ];

for (const shell of SHELLS) {
  Deno.test(`${shell} completes commands, flags, values, projects and files`, async () => {
    const found = await propose(shell, CASES.map(({ line }) => line));
    CASES.forEach(({ line, all, some }, index) => {
      const words = (found[index] ?? []).map((word) => word.trim());
      if (all !== undefined) deepEqual(words, [...all].sort(), line);
      for (const word of some ?? []) ok(words.includes(word), `${line}: ${word} is not among ${words}`);
    });
  });

  Deno.test(`${shell} completes every flag of every command`, async () => {
    const lines: string[] = [];
    const wanted: string[][] = [];
    visitTree(TREE, (path, { flags }) => {
      lines.push(["halton-meter", ...path, "--"].join(" "));
      wanted.push(flags.map(({ name }) => name).sort());
    });
    const found = await propose(shell, lines);
    lines.forEach((line, index) => {
      const words = (found[index] ?? []).map((word) => word.trim().replace(/=$/, ""));
      deepEqual(words.filter((word) => word.startsWith("--") && word !== "--"), wanted[index], line);
    });
  });
}

Deno.test("commandTree knows every command that is shown, and none that is hidden", () => {
  const names = TREE.commands.map(({ name }) => name);
  ok(names.includes("report") && names.includes("bodies") && names.includes("completions"));
  ok(!names.includes("userenv") && !names.includes("complete-projects"));
});

Deno.test("a name of a flag takes a value in every command or in none, since fish is told once for all", () => {
  const kinds = new Map<string, boolean>();
  visitTree(TREE, (_, { flags }) => {
    for (const { name, value } of flags) {
      equal(kinds.get(name) ?? value !== null, value !== null, name);
      kinds.set(name, value !== null);
    }
  });
});

Deno.test("completions prints the script, and refuses a shell that it does not know", async () => {
  await withHome(async ({ run }) => {
    for (const shell of ["bash", "zsh", "fish"] as const) {
      deepEqual(await run("completions", shell), { code: 0, out: SCRIPTS[shell], err: "" });
    }
    const { code, err } = await run("completions", "tcsh");
    equal(code, 2);
    match(err, /tcsh is not one of \(bash\|zsh\|fish\)/);
  });
});

Deno.test("complete-projects prints slugs, and nothing where there is no database", async () => {
  await withHome(async ({ run, folder }) => {
    deepEqual(await run("complete-projects"), { code: 0, out: "", err: "" });
    equal((await run("project", "set", "billing", "body-capture", "off", "--create")).code, 0);
    deepEqual(await run("complete-projects"), { code: 0, out: "billing\n", err: "" });
    Deno.writeTextFileSync(`${folder}/db.sqlite`, "not a database");
    deepEqual(await run("complete-projects"), { code: 0, out: "", err: "" });
  });
});
