import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { clientNameOf } from "../../src/meter/client_name.ts";

function check(userAgent: string, name: string | null, version: string | null): void {
  deepEqual(clientNameOf(userAgent), { name, version }, userAgent);
}

Deno.test("clientNameOf knows well-known clients by the name people use", () => {
  check("claude-cli/2.0.14 (external, cli)", "claude-code", "2.0.14");
  check("codex_cli_rs/0.46.0 (Mac OS 15.1; arm64) iTerm", "codex", "0.46.0");
  check("codex_exec/0.46.0 (Linux)", "codex", "0.46.0");
  check("GeminiCLI/0.8.1/gemini-2.5-pro (linux; x64)", "gemini-cli", "0.8.1");
});

Deno.test("clientNameOf reads the SDKs' form, name/language version", () => {
  check("Anthropic/JS 0.65.0", "anthropic-sdk-js", "0.65.0");
  check("AsyncAnthropic/Python 0.69.0", "anthropic-sdk-python", "0.69.0");
  check("OpenAI/Python 2.3.0", "openai-sdk-python", "2.3.0");
  check("OpenAI/JS 6.1.0", "openai-sdk-js", "6.1.0");
  check("OpenAI/JS", "openai-sdk-js", null);
});

Deno.test("clientNameOf takes other products by their own name in lower case", () => {
  check("curl/8.5.0", "curl", "8.5.0");
  check("python-requests/2.32.3", "python-requests", "2.32.3");
  check("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "mozilla", "5.0");
  check("node", "node", null);
});

Deno.test("clientNameOf knows nothing where nothing is told", () => {
  deepEqual(clientNameOf(undefined), { name: null, version: null });
  for (const userAgent of ["", " ", "(comment only)", "/1.0", "\u00fcber/1"]) check(userAgent, null, null);
});

Deno.test("clientNameOf gives text for names that every object has", () => {
  check("constructor/1.0", "constructor", "1.0");
  check("__proto__", "__proto__", null);
  check("toString/2", "tostring", "2");
});

Deno.test("clientNameOf keeps no free text", () => {
  equal(clientNameOf(`${"x".repeat(41)}/1`).name, null);
  equal(clientNameOf(`x/${"1".repeat(41)}`).version, null);
  equal(clientNameOf(`${"x".repeat(40)}/1`).name, "x".repeat(40));
});
