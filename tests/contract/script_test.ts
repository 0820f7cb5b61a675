import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { CONTRACT, coverageOf, testNamesIn } from "../../scripts/contract.ts";
import { PROJECT_FOLDER } from "../e2e/support/program.ts";

async function runScript(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--allow-read", `${PROJECT_FOLDER}scripts/contract.ts`, ...args],
    cwd: PROJECT_FOLDER,
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test("contract.ts lists every row with its tests and is content", async () => {
  const { code, stdout, stderr } = await runScript();
  deepEqual([code, stderr], [0, ""]);
  for (const id of Object.keys(CONTRACT)) match(stdout, new RegExp(`^${id} {2}\\S.*\n {4}\\S`, "m"));
});

Deno.test("contract.ts fails and names the row when one has no test, also when that test is only commented out", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const ids = Object.keys(CONTRACT);
    const test = (id: string) => `Deno.test(\n  "${id} holds", () => {});\n`;
    const write = (body: string) => Deno.writeTextFile(`${folder}/some_test.ts`, body);
    await write(ids.map(test).join(""));
    equal((await runScript(folder)).code, 0);
    await write(ids.filter((id) => id !== "L11").map(test).join("") + `// ${test("L11").replace("\n", "")}`);
    const { code, stderr } = await runScript(folder);
    deepEqual([code, stderr], [1, "Without a test: L11\n"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("coverageOf does not take L1 for L10, nor a row that is mentioned for one that is carried", () => {
  const coverage = coverageOf(["L10 counts", "what L1 says", "D5 refuses", "D5 forged"]);
  deepEqual([coverage.get("L1"), coverage.get("L10"), coverage.get("D5")], [[], ["L10 counts"], [
    "D5 refuses",
    "D5 forged",
  ]]);
});

Deno.test("coverageOf lets a test carry several rows, and only those that its name begins with", () => {
  const coverage = coverageOf(["C1 D7 shares", "C8 stores, unlike C9"]);
  deepEqual([coverage.get("C1"), coverage.get("D7")], [["C1 D7 shares"], ["C1 D7 shares"]]);
  deepEqual(coverage.get("C9"), []);
});

Deno.test("testNamesIn reads names of all forms", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/inner`);
    await Deno.writeTextFile(
      `${folder}/inner/a_test.ts`,
      'Deno.test("one", f);\nDeno.test({\n  name: "two",\n  fn: f,\n});\nDeno.test(`three "x"`, f);\n/* Deno.test("four", f); */',
    );
    await Deno.writeTextFile(`${folder}/inner/a.ts`, 'Deno.test("not a file of tests", f);');
    await Deno.writeTextFile(
      `${folder}/inner/b_kit.ts`,
      'const CASES = [{\n  id: "C1",\n  name: "five",\n}];\npostgresTest(\n  "six",\n  f,\n);',
    );
    deepEqual(testNamesIn(folder), ["one", "two", 'three "x"', "six", "C1 five"]);
    ok(testNamesIn(`${PROJECT_FOLDER}tests/contract`).length > 20);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
