/**
 * Lists every row of the privacy and security contract with the tests that carry it, and fails when a row has none.
 *
 * A test carries a row when its name begins with the row's id and a blank. Rows are data below: a new one is a line there and a
 * test.
 *
 * Run: `deno run --allow-read=tests scripts/contract.ts [folders of tests]`
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
  D7: "cloud is opt-in, and shares nothing from before pairing",
  C1: "metadata sync never carries text",
  C2: "cost is recomputed by the server from its own rates",
  C3: "bodies need a token of scope sync or admin",
  C4: "the envelope of a body has exactly the seven fields",
  C5: "two posts per request, one record, the last write of a direction wins",
  C6: "redaction happens before upload",
  C7: "invalid Base64 and invalid UTF-8 are refused",
  C8: "storing is gated by the workspace's switch, which is off",
  C9: "redaction_applied is merged over the directions",
  C10: "the upload of bodies is a switch of its own, which is off",
  C11: "privacy show and sync say what is shared and what became of it",
};

/** Where tests carry rows. Others may mention one. */
const DEFAULT_FOLDERS = ["tests/contract", "tests/team", "tests/sync", "tests/e2e"];

/** Names of the tests below a folder, as they stand in the source. */
export function testNamesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].toSorted((a, b) => a.name.localeCompare(b.name)).flatMap(
    ({ name, isDirectory }) => {
      const path = `${folder}/${name}`;
      if (isDirectory) return testNamesIn(path);
      return /_(?:test|kit)\.ts$/.test(name) ? namesIn(Deno.readTextFileSync(path)) : [];
    },
  );
}

/**
 * Names given to `Deno.test` or to a wrapper of it, as a string or as the member `name`; a case of a kit has its row in `id`
 * and its name after it. A test that is commented out has none.
 */
function namesIn(source: string): string[] {
  const code = source.replaceAll(/^\s*\/\/.*$/gm, "").replaceAll(/\/\*[^]*?\*\//g, "");
  const tests = /\b(?:Deno\.test|postgresTest)\(\s*(?:\{\s*name:\s*)?(["`])((?:(?!\1)[^\\]|\\.)*)\1/g;
  const cases = /\bid:\s*"([A-Z]\d+)",\s*name:\s*"((?:[^"\\]|\\.)*)"/g;
  return [
    ...[...code.matchAll(tests)].map((match) => match[2] ?? ""),
    ...[...code.matchAll(cases)].map((match) => `${match[1]} ${match[2]}`),
  ];
}

/** Id → its tests. A test may carry several rows: its name then begins with all their ids. */
export function coverageOf(names: readonly string[]): Map<string, string[]> {
  const carried = (name: string) => /^(?:[A-Z]\d+ )+/.exec(name)?.[0].trim().split(" ") ?? [];
  return new Map(Object.keys(CONTRACT).map((id) => [id, names.filter((name) => carried(name).includes(id))]));
}

if (import.meta.main) {
  const folders = Deno.args.length > 0 ? Deno.args : DEFAULT_FOLDERS;
  const coverage = coverageOf(folders.flatMap(testNamesIn));
  for (const [id, tests] of coverage) {
    console.log(`${id}  ${CONTRACT[id]}`);
    for (const test of tests) console.log(`    ${test.replace(/^(?:[A-Z]\d+ )+/, "")}`);
  }
  const missing = [...coverage].filter(([, tests]) => tests.length === 0).map(([id]) => id);
  if (missing.length > 0) {
    console.error(`Without a test: ${missing.join(", ")}`);
    Deno.exit(1);
  }
  console.log(`${coverage.size} rows, each with a test`);
}
