import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { modalitiesOf, type ReasoningPlace, reconcile, type ReportedCounts } from "../../src/providers/token_counts.ts";

const REPORTED: ReportedCounts = { prompt: 100, cached: 30, cacheWrite: 20, completion: 10, reasoning: 4, total: null };

function output(reported: Partial<ReportedCounts>, documented: ReasoningPlace) {
  const { usage, inconsistent } = reconcile({ ...REPORTED, ...reported }, documented);
  return [usage.output, usage.thinking, inconsistent];
}

Deno.test("reconcile() makes prompt counts disjoint", () => {
  const { usage } = reconcile({ ...REPORTED, besidePrompt: 5 }, "inside");
  deepEqual(usage, { input: 55, cacheRead: 30, cacheWrite5m: 20, cacheWrite1h: 0, output: 10, thinking: 4 });
});

Deno.test("reconcile() lets the total decide where reasoning is counted", () => {
  for (const documented of ["inside", "outside"] as const) {
    deepEqual(output({ total: 110 }, documented), [10, 4, false]);
    deepEqual(output({ total: 114 }, documented), [14, 4, false]);
  }
});

Deno.test("reconcile() keeps the documented place where the total is missing, and flags one that fits neither", () => {
  deepEqual(output({}, "inside"), [10, 4, false]);
  deepEqual(output({}, "outside"), [14, 4, false]);
  deepEqual(output({ total: 112 }, "outside"), [14, 4, true]);
  deepEqual(output({ total: 112, reasoning: null }, "outside"), [10, null, true]);
  deepEqual(output({ reasoning: 11 }, "inside"), [10, 11, true]);
});

Deno.test("reconcile() keeps unknown counts unknown and never goes below zero", () => {
  deepEqual(output({ completion: null, total: 110 }, "outside"), [null, 4, false]);
  deepEqual(reconcile({ ...REPORTED, prompt: null }, "inside").usage.input, null);
  deepEqual(reconcile({ ...REPORTED, cached: 90 }, "inside").usage.input, 0);
  deepEqual(reconcile({ ...REPORTED, cached: 101, cacheWrite: 0 }, "inside").usage.input, 100);
});

Deno.test("modalitiesOf() keeps each modality within the count that it is a subset of", () => {
  const { usage } = reconcile({ ...REPORTED, cacheWrite: 0 }, "inside");
  deepEqual(
    modalitiesOf(usage, { promptAudio: 500, cachedAudio: 500, promptImage: 500, outputAudio: 6, outputImage: 6 }),
    {
      inputAudio: 70,
      cacheReadAudio: 30,
      outputAudio: 6,
      outputImage: 4,
    },
  );
  deepEqual(modalitiesOf(usage, { promptAudio: 0, outputAudio: null }), {});
});

Deno.test("modalitiesOf() takes the cached share out of what the prompt reports", () => {
  const { usage } = reconcile({ ...REPORTED, cacheWrite: 0 }, "inside");
  deepEqual(
    modalitiesOf(usage, { promptImage: 30, cachedImage: 20, promptVideo: 15, cachedVideo: 5, outputVideo: 3 }),
    { inputImage: 10, inputVideo: 10, cacheReadImage: 20, outputVideo: 3 },
  );
});
