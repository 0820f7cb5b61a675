import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { escapeRunCommand } from "../../src/cli/run_arguments.ts";

function check(line: string, expected: string): void {
  deepEqual(escapeRunCommand(line.split(" ")), expected.split(" "), line);
}

Deno.test("escapeRunCommand puts -- in front of the command, so that its flags are its own", () => {
  check("run claude", "run -- claude");
  check("run claude --verbose --project x", "run -- claude --verbose --project x");
  check("run --project shop claude -p hi", "run --project shop -- claude -p hi");
  check("run --project=shop claude --help", "run --project=shop -- claude --help");
});

Deno.test("escapeRunCommand leaves a -- of the user's where it is", () => {
  check("run -- claude --verbose", "run -- claude --verbose");
  check("run --project shop -- claude", "run --project shop -- claude");
  check("run claude -- x", "run -- claude -- x");
});

Deno.test("escapeRunCommand takes the value of --project for no command, also one that looks like a flag", () => {
  check("run --project run run", "run --project run -- run");
  check("run --project --odd claude", "run --project --odd -- claude");
});

Deno.test("escapeRunCommand leaves command lines without a command as they are", () => {
  for (const line of ["run", "run --help", "run --project", "run --project shop", "run --project=shop"]) {
    check(line, line);
  }
});

Deno.test("escapeRunCommand leaves other commands as they are, and its argument unchanged", () => {
  check("report run claude", "report run claude");
  check("--version", "--version");
  deepEqual(escapeRunCommand([]), []);
  const given = ["run", "claude"];
  escapeRunCommand(given);
  deepEqual(given, ["run", "claude"]);
});
