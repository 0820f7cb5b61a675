/**
 * Runs the whole suite: the pure parts without permissions, the rest with those of the program (never `ffi`), and closes
 * with one line that counts. Arguments are passed on as test files or folders to run instead.
 *
 * Files run one after another in one process each group: tests that write a program and start it meet `ETXTBSY` when
 * another thread forks meanwhile. A file with failures runs once more by itself; what passes only then is named at the end.
 *
 * @module
 */

import { type Count, countsIn, resultsIn } from "./test_results.ts";

/** What the program itself is run with; nothing loads native code. */
const PROGRAM = ["net", "read", "write", "env", "run", "sys"].map((name) => `--allow-${name}`);

interface Group {
  readonly name: string;
  readonly flags: readonly string[];
  readonly files: readonly string[];
}

const GROUPS: readonly Group[] = [
  {
    name: "pure parts, no permissions",
    flags: ["--allow-read=tests/transcripts,tests/redaction", "--ignore=tests/meter/seed_rates_test.ts"],
    // Deno 2.9 ignores files of the first folder only.
    files: ["tests/meter", "tests/domain", "tests/providers", "tests/redact", "tests/redaction", "tests/golden"],
  },
  { name: "pure parts that are shown real clients", flags: ["--allow-net=127.0.0.1"], files: ["tests/http1"] },
  {
    name: "parts that touch the machine",
    flags: PROGRAM,
    files: [
      "tests/meter/seed_rates_test.ts",
      "tests/structure_test.ts",
      "tests/log_test.ts",
      "tests/test_results_test.ts",
      "tests/api",
      "tests/ca",
      "tests/cli",
      "tests/install",
      "tests/os",
      "tests/store",
      "tests/sync",
      "tests/websocket",
    ],
  },
  { name: "roles over real sockets", flags: PROGRAM, files: ["tests/roles"] },
  { name: "the team server and its database", flags: PROGRAM, files: ["tests/team"] },
  { name: "whole journeys with real clients", flags: PROGRAM, files: ["tests/e2e", "tests/contract"] },
];

/** Runs one group, and the files with failures once more. */
async function runGroup(group: Group): Promise<Count> {
  const started = performance.now();
  const first = await runFiles(group);
  const count = countsIn(first.text);
  if (!first.success && count.failed === 0) count.failed = 1; // A file that could not even be loaded.
  for (const [file, names] of resultsIn(first.text, "FAILED")) {
    const again = await runFiles({ name: `again: ${file}`, flags: group.flags, files: [file] });
    const passed = resultsIn(again.text, "ok").get(file) ?? new Set();
    const mended = [...names].filter((name) => passed.has(name));
    count.failed -= mended.length;
    count.passed += mended.length;
    secondTry.push(...mended.map((name) => `${file}: ${name}`));
  }
  console.log(`-- ${group.name}: ${Math.round((performance.now() - started) / 1000)} s`);
  return count;
}

/** Runs a group's files and shows the output as it comes. */
async function runFiles({ name, flags, files }: Group): Promise<{ readonly success: boolean; readonly text: string }> {
  console.log(`\n== ${name}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-prompt", "--no-check", "--quiet", ...flags, ...files],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    Deno.stdout.writeSync(new TextEncoder().encode(chunk));
  }
  return { success: (await child.status).success, text };
}

const chosen = Deno.args.length === 0
  ? GROUPS
  : [{ name: "chosen files", flags: PROGRAM, files: Deno.args } satisfies Group];
const secondTry: string[] = [];
const total: Count = { passed: 0, failed: 0, skipped: 0 };
for (const group of chosen) {
  const count = await runGroup(group);
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
}
if (secondTry.length > 0) console.log(`\nPassed at the second try only:\n${secondTry.join("\n")}`);
const skipped = total.skipped === 0 ? "" : `, ${total.skipped} skipped`;
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
Deno.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
