/**
 * What the runner's output says of tests. Text only.
 *
 * @module
 */

/** How many tests ended how. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** Names of the tests with a result, by file, from lines such as `running 2 tests from ./tests/x_test.ts`, `x does y ... ok (1ms)`. */
export function resultsIn(text: string, wanted: "ok" | "FAILED"): ReadonlyMap<string, ReadonlySet<string>> {
  const results = new Map<string, Set<string>>();
  let file = "";
  for (const line of text.split("\n")) {
    file = /^running \d+ tests? from \.\/(.+)$/.exec(line)?.[1] ?? file;
    const [, name, result] = /^(\S.*) \.\.\. (ok|FAILED)(?: \(.*\))?$/.exec(line) ?? [];
    if (name === undefined || result !== wanted) continue;
    results.set(file, (results.get(file) ?? new Set()).add(name));
  }
  return results;
}

/** The runner's own summary, e.g. `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. */
export function countsIn(text: string): Count {
  const summary = text.split("\n").findLast((line) => /^(ok|FAILED) \| /.test(line)) ?? "";
  const number = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  return { passed: number("passed"), failed: number("failed"), skipped: number("ignored") };
}
