import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { countsIn, resultsIn } from "../scripts/test_results.ts";

const OUTPUT = `
running 3 tests from ./tests/store/stats_test.ts
stats counts rows ... ok (3ms)
stats waits ... and goes on ... FAILED (12ms)
stats prints ...
------- output -------
a line of its own ... ok
----- output end -----
stats prints ... ok (1ms)
running 2 tests from ./tests/team/contract_test.ts
C3 a batch is taken ...
  whole ... FAILED (1ms)
C3 a batch is taken ... FAILED (due to 1 failed step) (4ms)
C4 a batch is refused ... ignored (0ms)

 FAILURES

C3 a batch is taken ... whole => ./tests/team/support/postgres.ts:57:3

FAILED | 2 passed | 2 failed (1 step) | 1 ignored (1s)
`;

Deno.test("resultsIn names each test under the file that it is run from, whoever registered it", () => {
  deepEqual(
    [...resultsIn(OUTPUT, "FAILED")].map(([file, names]) => [file, ...names]),
    [
      ["tests/store/stats_test.ts", "stats waits ... and goes on"],
      ["tests/team/contract_test.ts", "C3 a batch is taken"],
    ],
  );
});

Deno.test("resultsIn takes a test for passed only where its own name is called ok", () => {
  const passed = resultsIn(OUTPUT, "ok");
  deepEqual(passed.get("tests/team/contract_test.ts"), undefined);
  deepEqual(passed.get("tests/store/stats_test.ts")?.has("stats prints"), true);
  deepEqual(passed.get("tests/store/stats_test.ts")?.has("stats waits ... and goes on"), false);
});

Deno.test("countsIn reads the runner's own summary", () => {
  deepEqual(countsIn(OUTPUT), { passed: 2, failed: 2, skipped: 1 });
  deepEqual(countsIn("error: Test failed"), { passed: 0, failed: 0, skipped: 0 });
});
