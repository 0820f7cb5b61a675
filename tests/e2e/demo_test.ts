/**
 * `demo` does the main job by itself and leaves nothing behind.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { Meter } from "./support/meter.ts";

const LONGEST_MS = 60_000;

async function runDemo(args: readonly string[]) {
  const meter = await Meter.create({});
  try {
    const started = performance.now();
    const finished = await meter.command(["demo", ...args]);
    const took = performance.now() - started;
    const left = [meter.env["TMPDIR"] ?? "", meter.home].map((path) =>
      [...Deno.readDirSync(path)].map(({ name }) => name)
    );
    const inHome = [...Deno.readDirSync(meter.root)].map(({ name }) => name).toSorted();
    return { ...finished, took, left, inHome };
  } finally {
    await meter.discard();
  }
}

Deno.test("demo meters its calls to the last digit, in under a minute, and leaves nothing behind", async () => {
  const { code, stdout, stderr, took, left, inHome } = await runDemo([]);
  equal(code, 0, stderr);
  equal(stderr, "");
  ok(took < LONGEST_MS, `${took} ms`);
  match(stdout, /^Started a stand-in provider on this machine$/m);
  match(stdout, /^Started a meter on 127\.0\.0\.1:\d+, in a temporary folder$/m);
  match(stdout, /^ {2}Anthropic, streamed: HTTP 200, \d+ bytes in \d+ ms$/m);
  match(stdout, /^ {2}OpenAI Responses, streamed: HTTP 200, \d+ bytes in \d+ ms$/m);
  match(stdout, /^ {2}Anthropic, stream cut in the middle: ended early, \d+ bytes in \d+ ms$/m);
  match(stdout, /^ {2}A model that no price list knows: HTTP 200, \d+ bytes in \d+ ms$/m);
  // Anthropic 0.056 = (1,200 × 5 + 3,000 × 6.25 + 20,000 × 0.5 + 850 × 25) / 10⁶;
  // OpenAI 0.0230248 = (3,103 × 2 + 2,944 × 0.2 + 1,623 × 10) / 10⁶.
  match(stdout, /^total cost ≥ \$0\.079025$/m);
  match(stdout, /^claude-opus-5 +anthropic +2 .*≥ \$0\.056000$/m);
  match(stdout, /^gpt-6-sol +openai +1 .* {2}\$0\.023025$/m);
  match(stdout, /^claude-unheard-of-1 +anthropic +1 .* –$/m);
  match(stdout, /2 calls unpriced/);
  match(stdout, /halton-meter run -- claude/);
  deepEqual(left, [[], ["config.toml"]], "nothing in TMPDIR, nothing new in the meter's folder");
  deepEqual(inHome, ["home", "test-ca.pem", "tmp"], "nothing new in HOME");
});

Deno.test("demo --json prints the report and nothing else, with exact costs", async () => {
  const { code, stdout, stderr, left } = await runDemo(["--json"]);
  equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  equal(report.totals.requests, 4);
  equal(report.totals.unpriced, 2);
  equal(report.totals.incomplete, 1);
  equal(report.totals.cost_usd, "0.0790248");
  equal(report.totals.cost_usd_minor_units, 7_902);
  deepEqual(report.by_project.map(({ project }: { project: string }) => project), ["demo"]);
  const cost = Object.fromEntries(
    report.by_model.map(({ model, cost_usd }: { model: string; cost_usd: string | null }) => [model, cost_usd]),
  );
  deepEqual(cost, { "claude-opus-5": "0.056", "gpt-6-sol": "0.0230248", "claude-unheard-of-1": null });
  deepEqual(left[0], []);
});
