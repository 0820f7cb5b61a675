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
  ["stats, half a year", `/v1/stats?since=${daysAgo(200)}`, null],
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

/** Measures with a database of so many calls. */
export async function apiBench(children: Children, rows: number): Promise<Figure[]> {
  const database = `${children.folder}/api/db.sqlite`;
  const writer = await children.part("./api_writer.ts", { kind: "make", database, rows });
  const server = await children.part("./api_server.ts", { database });
  const { port } = server.ready as { readonly port: number };
  for (const [, path] of QUESTIONS) await timed(port, path);
  const seconds = 8;
  const order = { kind: "write", rowsPerSecond: ROWS_PER_SECOND, seconds };
  const [alone, alongside]: number[][] = [[], []];
  const times = new Map<string, number[]>();
  // In turns, so that what else the machine does hits both alike.
  for (let round = 0; round < 3; round++) {
    alone?.push(...transactions(await writer.order(order)));
    const writing = writer.order(order);
    const asking = askAll(port, times);
    alongside?.push(...transactions(await writing));
    await asking;
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
  return [...figures, slowdown(alone ?? [], alongside ?? [])];
}

function slowdown(alone: readonly number[], alongside: readonly number[]): Figure {
  const [before, during] = [mean(alone), mean(alongside)];
  const detail = `mean transaction of 5 rows ${before.toFixed(2)} ms alone, ${during.toFixed(2)} ms under load; ` +
    `median ${median(alone).toFixed(2)} and ${median(alongside).toFixed(2)} ms`;
  return {
    what: "writes under the API's load",
    value: during / before,
    unit: "×",
    bar: { at: "most", value: 1.1 },
    detail,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function transactions(answer: unknown): number[] {
  return (answer as { readonly transactionMs: number[] }).transactionMs;
}

/** A person's pace: a page and what it loads, then a pause. */
async function askAll(port: number, times: Map<string, number[]>): Promise<void> {
  for (let sample = 0; sample < SAMPLES / 3; sample++) {
    for (const [what, path] of QUESTIONS) {
      const taken = await timed(port, path);
      times.set(what, [...times.get(what) ?? [], taken]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function timed(port: number, path: string): Promise<number> {
  const begun = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = await response.text();
  const taken = performance.now() - begun;
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 200)}`);
  return taken;
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
