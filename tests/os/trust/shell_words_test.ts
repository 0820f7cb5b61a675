import { strictEqual as equal } from "node:assert/strict";
import { runForOutput } from "../../../src/os/run.ts";
import { appleScriptString, commandLine } from "../../../src/os/trust/shell_words.ts";

Deno.test("commandLine gives a shell exactly the words", async () => {
  const words = ["plain", "a b", "it's", '"quoted"', "$HOME", "`id`", "back\\slash", "", "*", "new\nline", "ünï"];
  const { stdout } = await runForOutput("sh", ["-c", commandLine(["printf", "%s|", ...words])]);
  equal(stdout, words.map((word) => `${word}|`).join(""));
});

Deno.test("appleScriptString escapes what ends a literal of AppleScript", () => {
  equal(appleScriptString(`a "b" \\ c'd`), String.raw`"a \"b\" \\ c'd"`);
});
