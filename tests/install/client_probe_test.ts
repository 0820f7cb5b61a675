import { deepEqual, equal } from "node:assert/strict";
import { findClients, settingsOf } from "../../src/install/client_probe.ts";
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

Deno.test("settingsOf reads what the tools' own files set, and survives broken ones", () => {
  const read = (files: Record<string, string>) => (path: string) => files[path] ?? null;
  deepEqual(
    [...settingsOf(
      "curl",
      "/h",
      read({ "/h/.curlrc": '# x\nproxy = "http://p.example:1"\nnoproxy=*\n--cacert /a b.pem\n' }),
    )],
    [["https_proxy", "http://p.example:1"], ["no_proxy", "*"], ["CURL_CA_BUNDLE", "/a b.pem"]],
  );
  deepEqual([...settingsOf("claude", "/h", read({ "/h/.claude/settings.json": "{broken" }))], []);
  deepEqual([...settingsOf("claude", "/h", read({ "/h/.claude/settings.json": '{"env":[1]}' }))], []);
  deepEqual(
    [...settingsOf("codex", "/h", read({ "/h/.codex/config.toml": 'openai_base_url = "http://a/v1"\n[x]\n' }))],
    [["OPENAI_BASE_URL", "http://a/v1"]],
  );
  deepEqual([...settingsOf("codex", "/h", read({ "/h/.codex/config.toml": '[x]\nopenai_base_url = "b"\n' }))], []);
  deepEqual(
    [...settingsOf("gemini", "/h", read({ "/h/.gemini/.env": "export A='b c'\n# C=d\nE=f\n" }))],
    [["A", "b c"], ["E", "f"]],
  );
  deepEqual([...settingsOf("git", "/h", read({}))], []);
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
