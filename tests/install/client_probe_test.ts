import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { findClients, settingsOf } from "../../src/install/client_probe.ts";
import type { ClientName } from "../../src/install/client_rules.ts";
import { newTerminal, parseEnvironment } from "../../src/install/new_terminal.ts";
import { runForOutput } from "../../src/os/run.ts";

Deno.test("findClients finds what is on the PATH of that environment, with its version and settings", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const tool = (name: string, body: string) => {
      Deno.writeTextFileSync(`${folder}/${name}`, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    };
    tool("claude", "echo '2.1.329 (Claude Code)'");
    tool("codex", "echo 'codex-cli 0.169.0' >&2");
    tool("gemini", "exit 1");
    const env = new Map([["PATH", folder], ["HOME", folder]]);
    const files: Record<string, string> = {
      [`${folder}/.claude/settings.json`]: '{"env":{"ANTHROPIC_BASE_URL":"https://gateway.example","N":1}}',
    };
    const found = await findClients({
      run: runForOutput,
      env,
      userHome: folder,
      readText: (path) => files[path] ?? null,
    });
    const named = new Map(found.map((facts) => [facts.name, facts]));
    equal(named.get("claude")?.version, "2.1.329");
    equal(named.get("claude")?.env.get("ANTHROPIC_BASE_URL"), "https://gateway.example");
    equal(named.get("claude")?.env.get("HOME"), folder);
    equal(named.get("codex")?.version, "0.169.0");
    equal(named.get("gemini")?.version, null);
    equal(named.has("git"), false);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** What one file sets for one tool. */
function read(name: ClientName, path: string, text: string, env: Record<string, string> = {}): [string, string][] {
  const { variables, files } = settingsOf(name, {
    userHome: "/h",
    env: new Map(Object.entries(env)),
    readText: (wanted) => wanted === path ? text : null,
  });
  deepEqual([...files.keys()], [...variables.keys()]);
  ok([...files.values()].every((file) => file === path));
  return [...variables];
}

Deno.test("settingsOf reads what the tools' own files set, and survives broken ones", () => {
  deepEqual(
    read("curl", "/h/.curlrc", '# x\nproxy = "http://p.example:1"\nnoproxy=*\n--cacert /a b.pem\n'),
    [["https_proxy", "http://p.example:1"], ["no_proxy", "*"], ["CURL_CA_BUNDLE", "/a b.pem"]],
  );
  deepEqual(read("claude", "/h/.claude/settings.json", "{broken"), []);
  deepEqual(read("claude", "/h/.claude/settings.json", '{"env":[1]}'), []);
  deepEqual(
    read("codex", "/h/.codex/config.toml", 'openai_base_url = "http://a/v1"\n'),
    [["OPENAI_BASE_URL", "http://a/v1"]],
  );
  deepEqual(
    read("gemini", "/h/.gemini/.env", "export A='b c'\n# C=d\nE=f\n"),
    [["A", "b c"], ["E", "f"]],
  );
  deepEqual(read("git", "/h/.gitconfig", "[http]\nproxy = x\n"), []);
});

Deno.test("settingsOf looks where a tool was told to look, and lets an administrator's settings win", () => {
  const text = '{"env":{"ANTHROPIC_BASE_URL":"https://gateway.example"}}';
  const found: [string, string][] = [["ANTHROPIC_BASE_URL", "https://gateway.example"]];
  deepEqual(read("claude", "/elsewhere/settings.json", text, { CLAUDE_CONFIG_DIR: "/elsewhere" }), found);
  deepEqual(read("claude", "/etc/claude-code/managed-settings.json", text), found);
  deepEqual(
    read("codex", "/elsewhere/config.toml", 'model_provider = "ollama"\n', { CODEX_HOME: "/elsewhere" }),
    [["OPENAI_BASE_URL", "http://localhost:11434/v1"]],
  );
});

Deno.test("findClients lets variables that are set win over Gemini CLI's .env, and Claude Code's settings over them", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    for (const name of ["claude", "gemini"]) {
      Deno.writeTextFileSync(`${folder}/${name}`, "#!/bin/sh\necho 1.2.3\n", { mode: 0o755 });
    }
    const files: Record<string, string> = {
      "/h/.claude/settings.json": '{"env":{"HTTPS_PROXY":"http://corp.example:1"}}',
      "/h/.gemini/.env": "HTTPS_PROXY=http://corp.example:1\nNO_PROXY=x.example\n",
    };
    const found = await findClients({
      run: runForOutput,
      env: new Map([["PATH", folder], ["HTTPS_PROXY", "http://127.0.0.1:8081"]]),
      userHome: "/h",
      readText: (path) => files[path] ?? null,
    });
    const [claude, gemini] = found;
    equal(claude?.env.get("HTTPS_PROXY"), "http://corp.example:1");
    equal(claude?.files?.get("HTTPS_PROXY"), "/h/.claude/settings.json");
    equal(gemini?.env.get("HTTPS_PROXY"), "http://127.0.0.1:8081");
    deepEqual([...gemini?.files ?? []], [["NO_PROXY", "/h/.gemini/.env"]]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("newTerminal gives what a new shell would have, and nothing of this process", async () => {
  const home = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${home}/.bash_profile`, "echo welcome\nexport FROM_PROFILE=$'two\\nlines'\n");
    const variables: Record<string, string> = { HOME: home, SHELL: "/bin/bash", SECRET_OF_THIS_PROCESS: "x" };
    const found = await newTerminal(runForOutput, { get: (name) => variables[name] });
    equal(found?.get("FROM_PROFILE"), "two\nlines");
    equal(found?.get("HOME"), home);
    equal(found?.has("SECRET_OF_THIS_PROCESS"), false);
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
});

Deno.test("newTerminal is null for a shell that cannot be asked", async () => {
  equal(await newTerminal(runForOutput, { get: (name) => name === "SHELL" ? "/no/such/shell" : undefined }), null);
  equal(await newTerminal(runForOutput, { get: (name) => name === "SHELL" ? "/bin/false" : undefined }), null);
});

Deno.test("parseEnvironment splits by zero bytes, or by lines where there are none", () => {
  deepEqual([...parseEnvironment("A=1\0B=x=y\nz\0")], [["A", "1"], ["B", "x=y\nz"]]);
  deepEqual([...parseEnvironment("A=1\nB=2\n")], [["A", "1"], ["B", "2"]]);
});
