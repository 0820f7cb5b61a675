import { match, ok, strictEqual as equal } from "node:assert/strict";
import { fillOdd, withApi } from "./harness.ts";

/** The text format's grammar for one line (https://prometheus.io/docs/instrumenting/exposition_formats/). */
const LINE =
  /^(?:# HELP [a-z_]+ [^\n]+|# TYPE [a-z_]+ (?:counter|gauge|untyped)|[a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*",?)+\})? -?[0-9.e+]+)$/;

Deno.test("/metrics is well-formed whatever models are called, and leaves unknown values out", async () => {
  await withApi(async ({ db, ask }) => {
    fillOdd(db);
    const response = await ask("/metrics");
    equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    const text = await response.text();
    for (const line of text.trimEnd().split("\n")) match(line, LINE);
    match(text, /^halton_meter_cost_usd_total\{project="old",provider="anthropic",model="claude-sonnet-4-6"\} 1$/m);
    match(text, /model="gpt-5,=x\\"\\n"/);
    ok(!/halton_meter_cost_usd_total\{project="demo",provider="anthropic",model=""\}/.test(text));
    match(text, /^halton_meter_unpriced_total\{project="demo",provider="anthropic",model=""\} 1$/m);
    equal(new Set(text.match(/^# TYPE .*$/gm)).size, text.match(/^# TYPE .*$/gm)?.length);
  });
});

Deno.test("/metrics tells the daemon's own counters when it answers", async () => {
  await withApi(async ({ ask }) => {
    const text = await (await ask("/metrics")).text();
    match(text, /^halton_meter_role_up\{role="recorder"\} 1$/m);
    match(text, /^halton_meter_role_count\{role="recorder",name="rows_written"\} 7$/m);
    match(text, /^halton_meter_uptime_seconds 5$/m);
  }, {
    now: () => 6_000,
    status: () =>
      Promise.resolve({
        version: "1",
        pid: 1,
        startedAt: 1_000,
        edge: { kind: "listening", port: 8081 },
        apiPort: 1,
        apiProblem: null,
        leavesNotAfter: null,
        caConstrained: null,
        roles: { recorder: { running: true, counters: { rows_written: 7 }, notes: [], restarts: 0 } },
        owners: {},
        configProblems: [],
        refusedControlMessages: 0,
      }),
  });
});
