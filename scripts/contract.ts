/**
 * Lists every row of the privacy and security contract with the tests that carry it, and fails when a row has none.
 *
 * A test carries a row when its name begins with the row's id and a blank. Rows are data below: a new one is a line there and a
 * test.
 *
 * Run: `deno run --allow-read=tests scripts/contract.ts [folder of tests]`
 *
 * @module
 */

/** Id → what it promises, in a few words. */
export const CONTRACT: Readonly<Record<string, string>> = {
  L1: "the database is the only store, and is replicated nowhere",
  L2: "bodies only while capture is on, and only after redaction",
  L3: "logs are plain files without prompt content",
  L4: "the CA's key is readable by its owner alone",
  L5: "outbound traffic is the original call only",
  L6: "no analytics, crash-report or version-check endpoint",
  L7: "the API listens on 127.0.0.1 only; origins by a list",
  L8: "modes of the CA are re-asserted and never relaxed",
  L9: "request_bodies is the only place that gets a prompt",
  L10: "what was masked is counted by category",
  L11: "bodies are bounded in size and age",
  L12: "capture can be turned off daemon-wide",
  L13: "capture can be turned off for one project",
  L14: "purge gives the space back",
  L15: "no fingerprint, no update check, no feedback channel",
  D1: "how to report, and what we do by when",
  D2: "what is in scope",
  D3: "hardening guidance ships with the product",
  D4: "the CA can be removed by the documented commands",
  D5: "the CA only signs for the providers",
  D6: "trust is per interpreter, and can be applied anew and removed",
};

const DEFAULT_FOLDER = "tests/contract";

/** Names of the tests below a folder, as they stand in the source. */
export function testNamesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].toSorted((a, b) => a.name.localeCompare(b.name)).flatMap(
    ({ name, isDirectory }) => {
      const path = `${folder}/${name}`;
      if (isDirectory) return testNamesIn(path);
      return name.endsWith("_test.ts") ? namesIn(Deno.readTextFileSync(path)) : [];
    },
  );
}

/** Names given to `Deno.test`, as a string or as the member `name`. A test that is commented out has none. */
function namesIn(source: string): string[] {
  const code = source.replaceAll(/^\s*\/\/.*$/gm, "").replaceAll(/\/\*[^]*?\*\//g, "");
  return [...code.matchAll(/\bDeno\.test\(\s*(?:\{\s*name:\s*)?(["`])((?:(?!\1)[^\\]|\\.)*)\1/g)].map((match) =>
    match[2] ?? ""
  );
}

/** Id → its tests. */
export function coverageOf(names: readonly string[]): Map<string, string[]> {
  return new Map(Object.keys(CONTRACT).map((id) => [id, names.filter((name) => name.startsWith(`${id} `))]));
}

if (import.meta.main) {
  const coverage = coverageOf(testNamesIn(Deno.args[0] ?? DEFAULT_FOLDER));
  for (const [id, tests] of coverage) {
    console.log(`${id}  ${CONTRACT[id]}`);
    for (const test of tests) console.log(`    ${test.slice(id.length + 1)}`);
  }
  const missing = [...coverage].filter(([, tests]) => tests.length === 0).map(([id]) => id);
  if (missing.length > 0) {
    console.error(`Without a test: ${missing.join(", ")}`);
    Deno.exit(1);
  }
  console.log(`${coverage.size} rows, each with a test`);
}
