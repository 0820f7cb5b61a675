import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { buildReport, type ReportRequest } from "../../src/cli/report.ts";
import { renderCsv, renderJson } from "../../src/cli/report_data.ts";
import {
  localDays,
  localDaysBefore,
  parseSince,
  periodBefore,
  periodLabel,
  periodOf,
} from "../../src/cli/report_period.ts";
import { renderText } from "../../src/cli/report_text.ts";
import stringWidth from "string-width";
import { flow, layoutTable, loadPaint } from "../../src/cli/table.ts";
import { MeterError } from "../../src/domain/errors.ts";
import type { ExchangeRow, TokenUsage } from "../../src/domain/exchange.ts";
import type { Database } from "../../src/store/database.ts";
import { cutRow, row, unpricedRow, withDatabase, write } from "../store/sample.ts";

/** Local times, so that labels are the same in every time zone. */
function local(day: number, hour = 0): number {
  return new Date(2026, 3, day, hour).getTime();
}

const WEEK = { from: local(10), to: local(17) };

function priced(pico: bigint): ExchangeRow["cost"] {
  return { kind: "priced", pico, ratesSource: "bundled-2026-05-01", match: "exact" };
}

function tokens(input: number, cacheRead: number | null, output: number): TokenUsage {
  return { input, cacheRead, cacheWrite5m: null, cacheWrite1h: null, output, thinking: null };
}

/** Two projects, four models; one call unpriced, one cut, one fetched twice, one under a subscription, one earlier. */
function fill(db: Database): void {
  const shop = { attribution: { slug: "checkout/payments-api", layer: "git" }, requestedAt: local(14, 9) } as const;
  const requestedAt = local(14, 9);
  write(db, [
    row({
      ...shop,
      usage: tokens(1_204_331, 98_120_004, 48_120),
      cost: priced(1_234_567_890_100_001n),
      latencyMs: 4_210,
    }),
    row({
      ...shop,
      usage: tokens(12, 0, 5),
      cost: priced(42_100_000_000n),
      latencyMs: 640,
      billingBasis: "subscription",
    }),
    cutRow({ ...shop, model: "claude-opus-4-6" }),
    row({
      requestedAt,
      provider: "openai",
      model: "gpt-5-mini-2026-01-01",
      usage: tokens(5_120, null, 804),
      cost: priced(12_345_000_000n),
      latencyMs: 90,
    }),
    unpricedRow({ requestedAt, latencyMs: 70 }),
    row({ requestedAt, responseId: "resp_9", cost: priced(500_000_000_000n) }),
    row({ requestedAt, responseId: "resp_9", method: "GET" }),
    row({ requestedAt: local(4), cost: priced(250_000_000_000n) }),
  ]);
}

async function text(db: Database | null, request: Partial<ReportRequest> = {}, columns = 80): Promise<string[]> {
  const rendered = await renderText(buildReport(db, { range: WEEK, ...request }), "0.1.0", { columns, colour: false });
  ok(rendered.endsWith("\n"));
  return rendered.slice(0, -1).split("\n");
}

const NOTES = [
  "total cost ≥ $1,235.08",
  "2 calls unpriced (1 usage incomplete; 1 unknown model: foo-1), 1 incomplete",
  "1 call under a subscription or credits: worth $0.042100 at API prices, not in the total",
  "1 repeated fetch of earlier responses not counted",
];
const NOTES_AT_60 = [
  "total cost ≥ $1,235.08",
  "2 calls unpriced (1 usage incomplete; 1 unknown model:",
  "  foo-1), 1 incomplete",
  "1 call under a subscription or credits: worth $0.042100 at",
  "  API prices, not in the total",
  "1 repeated fetch of earlier responses not counted",
];

Deno.test("renderText shows the report at 60 columns", async () => {
  await withDatabase(async (db) => {
    fill(db);
    deepEqual(await text(db, {}, 60), [
      "halton-meter v0.1.0 · cost report · 2026-04-10 → 2026-04-16",
      "6 requests · 2 projects · 4 models",
      "tokens ≥ 1,209,663 in · ≥ 98,120,044 cache read",
      "≥ 14 cache write · ≥ 49,029 out",
      ...NOTES_AT_60,
      "",
      "by project",
      "project                requests         cost  not billed",
      "checkout/payments-api         3  ≥ $1,234.57   $0.042100",
      "demo                          3  ≥ $0.512345",
      "",
      "by model",
      "model                  requests       cost  not billed",
      "claude-sonnet-4-6             3  $1,235.07   $0.042100",
      "gpt-5-mini-2026-01-01         1  $0.012345",
      "claude-opus-4-6               1          –",
      "foo-1                         1          –",
    ]);
  });
});

Deno.test("renderText shows the report at 80 columns", async () => {
  await withDatabase(async (db) => {
    fill(db);
    deepEqual((await text(db, {}, 80)).slice(-11), [
      "by project",
      "project                requests           in       out         cost  not billed",
      "checkout/payments-api         3  ≥ 1,204,343  ≥ 48,125  ≥ $1,234.57   $0.042100",
      "demo                          3        5,320       904  ≥ $0.512345",
      "",
      "by model",
      "model                  requests         in     out       cost  not billed",
      "claude-sonnet-4-6             3  1,204,443  48,175  $1,235.07   $0.042100",
      "gpt-5-mini-2026-01-01         1      5,120     804  $0.012345",
      "claude-opus-4-6               1          –       –          –",
      "foo-1                         1        100      50          –",
    ]);
  });
});

Deno.test("renderText shows the report at 120 columns", async () => {
  await withDatabase(async (db) => {
    fill(db);
    deepEqual(await text(db, {}, 120), [
      "halton-meter v0.1.0 · cost report · 2026-04-10 → 2026-04-16",
      "6 requests · 2 projects · 4 models",
      "tokens ≥ 1,209,663 in · ≥ 98,120,044 cache read · ≥ 14 cache write · ≥ 49,029 out",
      ...NOTES,
      "",
      "by project",
      "project                requests           in    cache read       out         cost  not billed  avg latency     p95",
      "checkout/payments-api         3  ≥ 1,204,343  ≥ 98,120,004  ≥ 48,125  ≥ $1,234.57   $0.042100        2.4 s   4.2 s",
      "demo                          3        5,320            40       904  ≥ $0.512345                   320 ms  800 ms",
      "",
      "by model",
      "model                  provider   requests         in  cache read  cache write     out       cost  not billed",
      "claude-sonnet-4-6      anthropic         3  1,204,443  98,120,024            7  48,175  $1,235.07   $0.042100",
      "gpt-5-mini-2026-01-01  openai            1      5,120           –            –     804  $0.012345",
      "claude-opus-4-6        anthropic         1          –           –            –       –          –",
      "foo-1                  anthropic         1        100          20            7      50          –",
    ]);
  });
});

Deno.test("renderText keeps every line of its tables within the width", async () => {
  await withDatabase(async (db) => {
    fill(db);
    for (let columns = 36; columns <= 140; columns += 1) {
      const lines = await text(db, { versusPrevious: true }, columns);
      for (const line of lines.slice(lines.indexOf("by project"))) {
        ok(stringWidth(line) <= columns, `${columns}: ${line}`);
      }
    }
  });
});

Deno.test("renderText gives a line to each local day with a call, in order of time", async () => {
  await withDatabase(async (db) => {
    fill(db);
    const lines = await text(db, { by: "day", range: { from: local(1), to: local(17) } }, 120);
    deepEqual(lines.slice(-4), [
      "by day",
      "day         requests           in    cache read  cache write       out         cost  not billed",
      "2026-04-04         1          100            20            7        50    $0.250000",
      "2026-04-14         6  ≥ 1,209,663  ≥ 98,120,044         ≥ 14  ≥ 49,029  ≥ $1,235.08   $0.042100",
    ]);
  });
});

Deno.test("buildReport splits the days of a week so that they add up to it, at any hour", async () => {
  await withDatabase((db) => {
    const hours = Array.from({ length: 24 * 9 }, (_, hour) => local(9) + hour * 3_600_000 + hour * 1_000);
    write(db, hours.map((requestedAt) => row({ requestedAt, cost: priced(1_000_001n) })));
    const range = { from: local(10) + 7_777_777, to: local(16) + 1_234_567 };
    const report = buildReport(db, { range, by: "day" });
    equal(report.byDay.length, 7);
    const sums = report.byDay.map((line) => line.sums);
    equal(sums.reduce((sum, { requests }) => sum + requests, 0), report.totals.requests);
    equal(sums.reduce((sum, { costPico }) => sum + (costPico ?? 0n), 0n), report.totals.costPico);
    deepEqual(report.byDay.map(({ day }) => day?.slice(-2)), ["10", "11", "12", "13", "14", "15", "16"]);
  });
});

Deno.test("buildReport compares each day with the one at its place in the period before, billed money only", async () => {
  await withDatabase(async (db) => {
    const at = (requestedAt: number, pico: bigint, billingBasis: ExchangeRow["billingBasis"] = "metered") =>
      row({ requestedAt, cost: priced(pico), billingBasis });
    write(db, [
      at(local(3, 1), 100_000_000_000n),
      at(local(3, 23), 100_000_000_000n),
      at(local(3, 12), 7_000_000_000_000n, "subscription"),
      at(local(4), 200_000_000_000n),
      at(local(5), 400_000_000_000n),
      at(local(10, 5), 300_000_000_000n),
      at(local(12), 100_000_000_000n),
      at(local(13), 50_000_000_000n, "credits"),
    ]);
    const { byDay, previous } = buildReport(db, { range: WEEK, by: "day", versusPrevious: true });
    deepEqual(byDay.map(({ day, sums, previous }) => [day, sums.requests, previous?.requests]), [
      ["2026-04-10", 1, 3],
      // Without a call, and yet a part of what the period is compared with.
      ["2026-04-11", 0, 1],
      ["2026-04-12", 1, 1],
      ["2026-04-13", 1, 0],
    ]);
    const earlier = byDay.reduce((sum, { previous }) => sum + (previous?.costPico ?? 0n), 0n);
    equal(earlier, previous?.totals.costPico);
    const lines = await text(db, { by: "day", range: WEEK, versusPrevious: true }, 120);
    deepEqual(lines.slice(-4).map((line) => line.split(/ {2,}/).filter((cell) => cell !== "").slice(-2)), [
      ["$0.300000", "+50.0%"],
      ["–", "-100.0%"],
      ["$0.100000", "-75.0%"],
      ["$0.050000", "–"],
    ]);
  });
});

Deno.test("localDaysBefore gives as many days as there are, from end to end of the period before", () => {
  const whole = { from: local(10), to: local(13) };
  deepEqual(localDays(whole), [local(10), local(11), local(12), local(13)]);
  deepEqual(localDaysBefore(localDays(whole), periodBefore(whole)), [local(7), local(8), local(9), local(10)]);
  const partial = { from: local(10, 15), to: local(12, 15) };
  deepEqual(localDaysBefore(localDays(partial), periodBefore(partial)), [
    local(8, 15),
    local(9),
    local(10),
    local(10, 15),
  ]);
  const today = { from: local(10), to: local(10, 9) };
  deepEqual(localDaysBefore(localDays(today), periodBefore(today)), [local(9, 15), local(10)]);
  // Across a midnight in less than a day: what lies outside is cut off, and nothing is counted twice.
  const night = { from: local(10, 22), to: local(11, 3) };
  deepEqual(localDaysBefore(localDays(night), periodBefore(night)), [local(10, 17), local(10, 17), local(10, 22)]);
});

Deno.test("buildReport puts what is billed before what is only worth more", async () => {
  await withDatabase((db) => {
    const of = (clientName: string, billingBasis: ExchangeRow["billingBasis"], pico: bigint) =>
      row({ clientName, billingBasis, requestedAt: local(12), cost: priced(pico) });
    write(db, [of("plan", "subscription", 900n), of("small-plan", "credits", 8n), of("paid", "metered", 3n)]);
    const { byClient } = buildReport(db, { range: WEEK, by: "client" });
    deepEqual(byClient.map(({ client }) => client), ["paid", "plan", "small-plan"]);
  });
});

Deno.test("buildReport splits by client, and compares each with the period before", async () => {
  await withDatabase((db) => {
    const at = (clientName: string | null, day: number, pico: bigint) =>
      row({ clientName, requestedAt: local(day), cost: priced(pico) });
    write(db, [
      at("codex", 12, 300n),
      at("codex", 13, 400n),
      at(null, 12, 5n),
      at("codex", 5, 100n),
      at("curl", 5, 1n),
    ]);
    const { byClient } = buildReport(db, { range: WEEK, by: "client", versusPrevious: true });
    deepEqual(byClient.map(({ client, sums, previous }) => [client, sums.costPico, previous?.costPico ?? null]), [
      ["codex", 700n, 100n],
      [null, 5n, null],
    ]);
  });
});

Deno.test("a report never adds what a subscription used to what is billed", async () => {
  await withDatabase(async (db) => {
    const requestedAt = local(12);
    write(db, [
      row({ requestedAt, billingBasis: "subscription", cost: priced(4_000_000_000_000n) }),
      row({ requestedAt, billingBasis: "credits", cost: priced(2_000_000_000_000n) }),
      unpricedRow({ requestedAt, billingBasis: "subscription" }),
    ]);
    const only = buildReport(db, { range: WEEK });
    equal((await text(db))[3], "total cost $0.00");
    ok(
      (await text(db, {}, 100)).includes(
        "3 calls under a subscription or credits: worth ≥ $6.00 at API prices, not in the total",
      ),
    );
    deepEqual(JSON.parse(renderJson(only, "0")).totals.cost_usd, "0");
    write(db, [
      row({ requestedAt, billingBasis: "metered", cost: priced(1_000_000_000_000n) }),
      row({ requestedAt, billingBasis: "unknown", cost: priced(500_000_000_000n) }),
    ]);
    const { totals } = JSON.parse(renderJson(buildReport(db, { range: WEEK }), "0"));
    deepEqual([totals.cost_usd, totals.not_billed_cost_usd, totals.not_billed_requests], ["1.5", "6", 3]);
    equal((await text(db))[3], "total cost $1.50");
  });
  await withDatabase(async (db) => {
    const requestedAt = local(12);
    write(db, [unpricedRow({ requestedAt }), row({ requestedAt, billingBasis: "subscription" })]);
    equal((await text(db))[3], "total cost –", "nothing billed was priced, which is not the same as nothing");
  });
});

Deno.test("renderText compares with the period before", async () => {
  await withDatabase(async (db) => {
    fill(db);
    const lines = await text(db, { project: "demo", by: "project", versusPrevious: true }, 120);
    deepEqual(lines.slice(1, 4), [
      "project demo · 3 requests · 3 models",
      "tokens 5,320 in · 40 cache read · 14 cache write · 904 out",
      "total cost ≥ $0.512345 · +104.9% against $0.250000 in 2026-04-03 → 2026-04-09",
    ]);
    deepEqual(lines.slice(-2), [
      "project  requests     in  cache read  cache write  out         cost   Δ cost  avg latency     p95",
      "demo            3  5,320          40           14  904  ≥ $0.512345  +104.9%       320 ms  800 ms",
    ]);
    const all = await text(db, { by: "provider", versusPrevious: true, range: { from: local(4), to: local(5) } }, 120);
    equal(all[3], "total cost $0.250000 · nothing recorded in 2026-04-03 → 2026-04-03");
    equal(all.at(-1), "anthropic         1  100          20            7   50  $0.250000     new");
  });
});

Deno.test("renderText names a reason for every unpriced call, and only the first models", async () => {
  await withDatabase(async (db) => {
    const requestedAt = local(12);
    write(db, ["a", "b", "c", "d", "e"].map((model) => unpricedRow({ requestedAt, model })));
    write(db, [row({ requestedAt, model: null, cost: { kind: "unpriced", reason: "model_not_reported" } })]);
    const lines = await text(db);
    equal(lines[3], "total cost –");
    equal(lines[4], "6 calls unpriced (5 unknown model: a, b, c and 2 more; 1 model not reported)");
    ok(lines.some((line) => line.startsWith("unknown ")));
  });
});

Deno.test("renderText says what to type when nothing was recorded", async () => {
  const expected = [
    "halton-meter v0.1.0 · cost report · 2026-04-10 → 2026-04-16",
    "",
    "No call was recorded yet. To meter one, type",
    "",
    "  halton-meter run -- claude",
  ];
  deepEqual(await text(null), expected);
  deepEqual(await text(null, { project: "any", versusPrevious: true }), expected);
  await withDatabase(async (db) => {
    deepEqual(await text(db), expected);
    write(db, [row({ requestedAt: local(1, 9) })]);
    equal((await text(db))[2], "No call in this period. The latest call was on 2026-04-01.");
  });
});

Deno.test("renderText uses escape sequences only when colour is wanted, and never those of a model's name", async () => {
  await withDatabase(async (db) => {
    write(db, [unpricedRow({ requestedAt: local(12), model: "\u001b[2Jevil\u202e\nmodel" })]);
    const lines = (await text(db)).join("\n");
    equal(lines.includes("\u001b"), false);
    equal(lines.includes("\u202e"), false);
    ok(lines.includes("\ufffd[2Jevil\ufffd\ufffdmodel"));
    const coloured = await renderText(buildReport(db, { range: WEEK }), "0.1.0", { columns: 80, colour: true });
    ok(coloured.startsWith("\u001b[1mhalton-meter"));
    equal(coloured.includes("\u001b[2J"), false);
  });
});

Deno.test("buildReport refuses a project that was never seen", async () => {
  await withDatabase((db) => {
    throws(
      () => buildReport(db, { range: WEEK, project: "absent" }),
      (error) => error instanceof MeterError && error.code === "bad_input" && error.hint !== undefined,
    );
  });
});

Deno.test("renderJson gives exact costs as text and unknown values as null", async () => {
  await withDatabase((db) => {
    fill(db);
    const json = JSON.parse(renderJson(buildReport(db, { range: WEEK }), "0.1.0"));
    deepEqual(Object.keys(json), [
      "version",
      "from",
      "to",
      "project",
      "totals",
      "by_project",
      "by_model",
      "unpriced",
      "not_billed",
      "repeated_fetches",
    ]);
    equal(json.from, new Date(WEEK.from).toISOString());
    equal(json.to, new Date(WEEK.to).toISOString());
    deepEqual(json.totals, {
      requests: 6,
      errors: 0,
      incomplete: 1,
      tokens_unknown: 1,
      unpriced: 2,
      input_tokens: 1_209_663,
      output_tokens: 49_029,
      thinking_tokens: 20,
      cache_read_tokens: 98_120_044,
      cache_write_tokens: 14,
      cost_usd: "1235.080235100001",
      cost_usd_minor_units: 123_508_024,
      avg_latency_ms: 1_162,
      not_billed_requests: 1,
      not_billed_cost_usd: "0.0421",
      not_billed_cost_usd_minor_units: 4_210,
      projects: 2,
      models: 4,
    });
    equal(json.by_project[0].project, "checkout/payments-api");
    equal(json.by_project[0].p95_latency_ms, 4_210);
    const cut = json.by_model.find(({ model }: { model: string }) => model === "claude-opus-4-6");
    equal(cut.cost_usd, null);
    equal(cut.cost_usd_minor_units, null);
    equal(cut.input_tokens, null);
    deepEqual(json.unpriced[1], { reason: "unknown_model", provider: "anthropic", model: "foo-1", requests: 1 });
    deepEqual(json.not_billed, { requests: 1, unpriced: 0, cost_usd: "0.0421", cost_usd_minor_units: 4_210 });

    const one = JSON.parse(renderJson(buildReport(db, { range: WEEK, by: "provider", versusPrevious: true }), "0.1.0"));
    deepEqual(["by_project", "by_model"].filter((name) => name in one), []);
    equal(one.by_provider[0].previous.cost_usd, "0.25");
    equal(one.by_provider[1].previous, null);
    equal(one.previous.totals.cost_usd, "0.25");
  });
});

Deno.test("renderJson and renderCsv of no database have the same shape, without lines", () => {
  const report = buildReport(null, { range: WEEK });
  const json = JSON.parse(renderJson(report, "0.1.0"));
  equal(json.totals.requests, 0);
  equal(json.totals.cost_usd, null);
  deepEqual(json.by_project, []);
  equal(renderCsv(report).split("\r\n").length, 2);
});

Deno.test("renderCsv is RFC 4180, by project and model or by the one key asked for", async () => {
  await withDatabase((db) => {
    fill(db);
    write(db, [unpricedRow({ requestedAt: local(12), model: 'odd, "quoted"\nname', cost: priced(1n) })]);
    const header = "requests,errors,incomplete,tokens_unknown,unpriced,input_tokens,output_tokens,thinking_tokens," +
      "cache_read_tokens,cache_write_tokens,cost_usd,cost_usd_minor_units,avg_latency_ms,not_billed_requests," +
      "not_billed_cost_usd,not_billed_cost_usd_minor_units";
    deepEqual(renderCsv(buildReport(db, { range: WEEK })).split("\r\n"), [
      `project,provider,model,${header}`,
      "checkout/payments-api,anthropic,claude-sonnet-4-6,2,0,0,0,0,1204343,48125,,98120004,,1234.567890100001,123456789,2425,1,0.0421,4210",
      "demo,anthropic,claude-sonnet-4-6,1,0,0,0,0,100,50,10,20,7,0.5,50000,800,0,,",
      "demo,openai,gpt-5-mini-2026-01-01,1,0,0,0,0,5120,804,,,,0.012345,1234,90,0,,",
      'demo,anthropic,"odd, ""quoted""\nname",1,0,0,0,0,100,50,10,20,7,0.000000000001,0,800,0,,',
      "checkout/payments-api,anthropic,claude-opus-4-6,1,0,1,1,1,,,,,,,,,0,,",
      "demo,anthropic,foo-1,1,0,0,0,1,100,50,10,20,7,,,70,0,,",
      "",
    ]);
    const byProject = renderCsv(buildReport(db, { range: WEEK, by: "project" })).split("\r\n");
    equal(byProject[0], `project,${header},p95_latency_ms`);
    equal(
      byProject[1],
      "checkout/payments-api,3,0,1,1,1,1204343,48125,,98120004,,1234.567890100001,123456789,2425,1,0.0421,4210,4210",
    );
    equal(renderCsv(buildReport(db, { range: WEEK, by: "model" })).split(",requests")[0], "provider,model");
    equal(renderCsv(buildReport(db, { range: WEEK, by: "provider" })).split(",requests")[0], "provider");
  });
});

const NOW = local(15, 10);

Deno.test("parseSince reads minutes, hours, days, weeks and bare days", () => {
  equal(parseSince("5m", NOW), NOW - 300_000);
  equal(parseSince("24h", NOW), NOW - 86_400_000);
  equal(parseSince("7d", NOW), local(8, 10));
  equal(parseSince("30", NOW), new Date(2026, 2, 16, 10).getTime());
  equal(parseSince("90d", NOW), new Date(2026, 0, 15, 10).getTime());
  equal(parseSince(" 2W ", NOW), local(1, 10));
});

Deno.test("parseSince and periodOf refuse what they cannot read", () => {
  const wrong = (act: () => unknown) =>
    throws(act, (error) => error instanceof MeterError && error.code === "wrong_usage" && error.hint !== undefined);
  for (const since of ["", "0", "0d", "-3d", "7 days", "1.5h", "d", "999999d", "999999999h", "٣d"]) {
    wrong(() => parseSince(since, NOW));
  }
  wrong(() => periodOf({ since: "7d", today: true }, NOW));
  wrong(() => periodOf({ since: "7d", from: "2026-04-01" }, NOW));
  wrong(() => periodOf({ to: "2026-04-01" }, NOW));
  wrong(() => periodOf({ from: "2026-04-02", to: "2026-04-01" }, NOW));
  for (const from of ["2026-02-30", "2026-4-1", "yesterday", "2026-13-01", "2026-04-01T00:00"]) {
    wrong(() => periodOf({ from }, NOW));
  }
});

Deno.test("periodOf takes whole local days from --from and --to, and includes the call of this moment", () => {
  deepEqual(periodOf({ from: "2026-04-01", to: "2026-04-01" }, NOW), { from: local(1), to: local(2) });
  deepEqual(periodOf({ from: "2026-04-01" }, NOW), { from: local(1), to: NOW + 1 });
  deepEqual(periodOf({ today: true }, NOW), { from: local(15), to: NOW + 1 });
  deepEqual(periodOf({}, NOW), { from: parseSince("30d", NOW), to: NOW + 1 });
});

Deno.test("periodLabel shows the last day that belongs to it, and times when the period is short", () => {
  equal(periodLabel({ from: local(1), to: local(3) }), "2026-04-01 → 2026-04-02");
  equal(periodLabel({ from: local(15), to: NOW + 1 }), "2026-04-15 → 2026-04-15");
  equal(periodLabel({ from: NOW - 300_000, to: NOW + 1 }), "2026-04-15 09:55 → 2026-04-15 10:00");
  deepEqual(periodBefore({ from: 100, to: 130 }), { from: 70, to: 100 });
});

Deno.test("layoutTable counts cells, not characters, and cuts only the names", async () => {
  const paint = await loadPaint(false);
  const lines = layoutTable(
    [
      { title: "name", align: "left", drop: 0, cell: ([name]: readonly [string, string]) => name },
      { title: "n", align: "right", drop: 0, cell: ([, n]: readonly [string, string]) => n },
    ],
    [["日本語プロジェクト", "1"], ["e\u0301te", "12"], ["a-very-long-project-name", "3"]],
    14,
    paint,
  );
  deepEqual(lines, ["name         n", "日本語プ…    1", "e\u0301te         12", "a-very-lo…   3"]);
  deepEqual(flow(["aaaa", "bbbb", "cc"], 11), ["aaaa · bbbb", "cc"]);
});
