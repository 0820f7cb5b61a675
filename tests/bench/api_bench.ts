/**
 * How long the API and its first page take over a million calls while the recorder writes, and what that costs the recorder.
 *
 * Alone: `deno run --allow-all tests/bench/api_bench.ts [ROWS]`. In the bench: `--only api`.
 *
 * @module
 */

import { Children } from "./children.ts";
import { type Figure, median, quantile, renderFigures } from "./figures.ts";

const ROWS_PER_SECOND = 500;

/** Measured answers of each kind. */
const SAMPLES = 30;

/** What is asked, and the budget in ms. */
const QUESTIONS: readonly (readonly [what: string, path: string, mostMs: number | null])[] = [
  ["stats", "/v1/stats", 50],
  ["stats, a quarter", `/v1/stats?since=${daysAgo(90)}`, 50],
  ["stats, all time", `/v1/stats?since=${daysAgo(2_000)}`, 50],
  ["stats, all time in Kathmandu", `/v1/stats?since=${daysAgo(2_000)}&tz=Asia/Kathmandu`, 50],
  ["stats, in Kathmandu", "/v1/stats?tz=Asia/Kathmandu", 50],
  ["projects", "/v1/projects", 50],
  ["one project", "/v1/projects/project-3", 50],
  ["first page of requests", "/v1/requests", 20],
  ["first page of a project", "/v1/projects/project-3/requests?limit=50", 20],
  ["first page of a model", "/v1/requests?model=model-8-1", null],
  ["first page of errors", "/v1/requests?status=error", null],
  ["a search without a match", "/v1/requests?q=nowhere", null],
  ["metrics", "/metrics", null],
  ["overview page", "/", 150],
];

/** A round of writing with everybody asking, s. In turns, so that what else the machine does hits all alike. */
const ROUND_SECONDS = 8;
const ROUNDS = 3;

/** Measures with a database of so many calls. */
export async function apiBench(children: Children, rows: number): Promise<Figure[]> {
  const database = `${children.folder}/api/db.sqlite`;
  const writer = await children.part("./api_writer.ts", { kind: "make", database, rows });
  const server = await children.part("./api_server.ts", { database });
  const { port } = server.ready as { readonly port: number };
  const lengths: Record<string, number> = {};
  for (const [, path] of QUESTIONS) lengths[path] = (await answerOf(port, path)).length;
  const standIn = await children.part("./api_stand_in.ts", lengths);
  const standInPort = (standIn.ready as { readonly port: number }).port;
  const [idle, stoodIn, asked]: number[][] = [[], [], []];
  const times = new Map<string, number[]>();
  const order = { kind: "write", rowsPerSecond: ROWS_PER_SECOND, seconds: ROUND_SECONDS };
  const during = async (kept: number[] | undefined, ask: () => Promise<void>) => {
    const [written] = await Promise.all([writer.order(order), ask()]);
    kept?.push(...(written as { readonly transactionMs: number[] }).transactionMs);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await during(idle, () => Promise.resolve());
    await during(stoodIn, () => askAll(standInPort, new Map()));
    await during(asked, () => askAll(port, times));
  }
  const figures = QUESTIONS.map(([what, , mostMs]): Figure => {
    const taken = times.get(what) ?? [];
    const detail = `${rows} calls, ${ROWS_PER_SECOND} written per second; p95 ${quantile(taken, 0.95).toFixed(1)} ms`;
    return {
      what,
      value: median(taken),
      unit: "ms",
      bar: mostMs === null ? null : { at: "most", value: mostMs },
      detail,
    };
  });
  return [...figures, slowdown({ idle: idle ?? [], stoodIn: stoodIn ?? [], asked: asked ?? [] })];
}

/**
 * What the API costs the recorder. Against a stand-in that is asked the same and answers as much from memory: the asking itself,
 * which a browser does elsewhere, takes a share of a small machine.
 */
function slowdown(ms: Readonly<Record<"idle" | "stoodIn" | "asked", readonly number[]>>): Figure {
  const told = ([["idle", ms.idle], ["stand-in asked", ms.stoodIn], ["API asked", ms.asked]] as const)
    .map(([what, taken]) => `${what} ${mean(taken).toFixed(2)} (median ${median(taken).toFixed(2)})`);
  return {
    what: "writes under the API's load",
    value: mean(ms.asked) / mean(ms.stoodIn),
    unit: "×",
    bar: { at: "most", value: 1.1 },
    detail: `mean ms of a transaction of 5 rows: ${told.join(", ")}`,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Every question at its time, so that a slow answerer is asked no less. */
async function askAll(port: number, times: Map<string, number[]>): Promise<void> {
  const questions = Array.from({ length: SAMPLES / ROUNDS }, () => QUESTIONS).flat();
  const begun = performance.now();
  for (const [index, [what, path]] of questions.entries()) {
    const wait = begun + index / questions.length * ROUND_SECONDS * 1000 - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const taken = await timed(port, path);
    times.set(what, [...times.get(what) ?? [], taken]);
  }
}

async function timed(port: number, path: string): Promise<number> {
  const begun = performance.now();
  await answerOf(port, path);
  return performance.now() - begun;
}

async function answerOf(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 200)}`);
  return text;
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
}

if (import.meta.main) {
  const children = new Children();
  try {
    console.log(renderFigures(await apiBench(children, Number(Deno.args[0] ?? 1_000_000))));
  } finally {
    await children.end();
  }
}
