/**
 * The measures: each gives its figures from one run, as ratios or differences against the same run's other targets.
 *
 * @module
 */

import type { Children } from "./children.ts";
import { type Figure, median, quantile } from "./figures.ts";
import type { Effort, Via } from "./load.ts";
import type { Targets } from "./targets.ts";

const CONNECTIONS = 16;
const MIB = 1024 * 1024;

const FLAT_OUT: Effort = { connections: CONNECTIONS, warmupMs: 0, ms: 0, requests: null, pauseMs: 0 };

/** Well over 1,000 calls a second: far more than one developer makes, and few enough for the recorder to keep up. */
const PAUSE_MS = 9;

/** How long and how much; see {@link QUICK}, {@link USUAL} and {@link FULL}. */
export interface Extent {
  readonly rounds: number;
  readonly roundMs: number;
  readonly firstBytes: number;
  readonly events: number;
  readonly calls: number;
  readonly bulkBytes: number;
  readonly exchanges: number;
  readonly streamBytes: number;
  readonly recorderRows: number;
}

/** Within 30 seconds. */
export const QUICK: Extent = {
  rounds: 1,
  roundMs: 1_500,
  firstBytes: 200,
  events: 150,
  calls: 5,
  bulkBytes: 128 * MIB,
  exchanges: 3_000,
  streamBytes: 32 * MIB,
  recorderRows: 1_000,
};

/** Within 2 minutes. */
export const USUAL: Extent = {
  rounds: 3,
  roundMs: 3_000,
  firstBytes: 800,
  events: 500,
  calls: 20,
  bulkBytes: 512 * MIB,
  exchanges: 20_000,
  streamBytes: 256 * MIB,
  recorderRows: 4_000,
};

/** As the budget is written. */
export const FULL: Extent = { ...USUAL, rounds: 5, exchanges: 100_000, streamBytes: 1024 * MIB };

/** Requests per second of every target, in turns. */
export async function throughput({ load, ...targets }: Targets, extent: Extent): Promise<Figure[]> {
  const { direct, blind, floor, metered, mitmproxy } = targets;
  const vias = Object.entries({ direct, blind, floor, metered, mitmproxy });
  const rates = new Map<string, number[]>(vias.map(([name]) => [name, []]));
  for (let round = 0; round < extent.rounds; round++) {
    for (const [name, via] of vias) {
      if (via === null) continue;
      const order = { ...FLAT_OUT, warmupMs: extent.roundMs / 4, ms: extent.roundMs };
      const { requests, seconds } = await load({ do: "throughput", via, ...order }) as Sums;
      rates.get(name)?.push(requests / seconds);
      if (name === "metered") await targets.meter.settled();
    }
  }
  const rate = (name: string) => median(rates.get(name) ?? []);
  const made = (name: string) =>
    `${Math.round(rate("metered"))} / ${Math.round(rate(name))}, ${CONNECTIONS} connections`;
  const figures: Figure[] = [
    { what: "requests, direct", value: rate("direct"), unit: "/s", bar: null, detail: "1 KiB up, 1 KiB down" },
    { what: "requests, blind tunnel", value: rate("blind"), unit: "/s", bar: null, detail: "" },
    { what: "requests, floor", value: rate("floor"), unit: "/s", bar: null, detail: "bare two-hop splice, same TLS" },
    { what: "requests, meter", value: rate("metered"), unit: "/s", bar: null, detail: "edge + daemon, recording" },
  ];
  if (mitmproxy !== null) {
    figures.push(
      { what: "requests, mitmproxy", value: rate("mitmproxy"), unit: "/s", bar: null, detail: "records nothing" },
      {
        what: "meter / mitmproxy",
        value: rate("metered") / rate("mitmproxy"),
        unit: "×",
        bar: { at: "least", value: 15 },
        detail: made("mitmproxy"),
      },
    );
  }
  figures.push({
    what: "resident, after the flood",
    value: targets.meter.resident() / MIB,
    unit: "MiB",
    bar: null,
    detail: "edge + daemon, after the rounds flat out",
  });
  const value = median((rates.get("metered") ?? []).map((metered, i) => metered / (rates.get("floor")?.[i] ?? NaN)));
  figures.push({ what: "meter / floor", value, unit: "×", bar: { at: "least", value: 0.7 }, detail: made("floor") });
  return figures;
}

interface Sums {
  readonly requests: number;
  readonly seconds: number;
}

/** What the meter adds to the first byte on a warm connection. */
export async function firstByte({ load, direct, metered }: Targets, extent: Extent): Promise<Figure[]> {
  const order = { requests: extent.firstBytes, pauseMs: 2 };
  const [plain = [], through = []] = await load({ do: "first-bytes", vias: [direct, metered], ...order }) as number[][];
  return [[0.5, 0.3], [0.99, 3]].map(([share = 0, bar = 0]) => ({
    what: `added to first byte, p${share * 100}`,
    value: quantile(through, share) - quantile(plain, share),
    unit: "ms",
    bar: { at: "most", value: bar },
    detail: `${quantile(through, share).toFixed(3)} − ${quantile(plain, share).toFixed(3)} ms, ${through.length} calls`,
  }));
}

/** What the meter adds to each event of a stream, and whether it merges any. */
export async function eventStream({ load, direct, metered }: Targets, extent: Extent): Promise<Figure[]> {
  const order = { count: extent.events, gapMs: 8 };
  const both = await load({ do: "events", vias: [direct, metered], ...order });
  const [plain, through] = both as [Events, Events]; // At the same time, so that noise meets both alike.
  const delays: Figure[] = [[0.5, null], [0.99, 1]].map(([share, bar]) => ({
    what: `added to an event, p${(share ?? 0) * 100}`,
    value: quantile(through.delays, share ?? 0) - quantile(plain.delays, share ?? 0),
    unit: "ms",
    bar: bar === null || bar === undefined ? null : { at: "most", value: bar },
    detail:
      `${quantile(through.delays, share ?? 0).toFixed(3)} − ${quantile(plain.delays, share ?? 0).toFixed(3)} ms, ` +
      `${through.delays.length} of ${order.count} events, ${order.gapMs} ms apart`,
  }));
  const bar = { at: "most", value: plain.merged } as const;
  const detail = `direct ${plain.merged}`;
  return [...delays, { what: "events merged", value: through.merged, unit: "", bar, detail }];
}

interface Events {
  readonly delays: readonly number[];
  readonly merged: number;
}

/** A connection per call over a line with latency. */
export async function connectionPerCall({ load, far }: Targets, extent: Extent): Promise<Figure[]> {
  const vias = [far.direct, far.metered];
  const [plain = [], through = []] = await load({ do: "calls", vias, calls: extent.calls }) as number[][];
  return [{
    what: "connection per call / direct",
    value: median(through) / median(plain),
    unit: "×",
    bar: { at: "most", value: 1 },
    detail: `${median(through).toFixed(1)} / ${median(plain).toFixed(1)} ms, 40 ms to the provider and back`,
  }];
}

/** A download through the blind tunnel. */
export async function blindDownload({ load, direct, blind, bare }: Targets, extent: Extent): Promise<Figure[]> {
  const wish = { kind: "bulk", bytes: extent.bulkBytes } as const;
  const speed = async (via: Via) => {
    const { bytes, seconds } = await load({ do: "download", via, wish }) as Download;
    return bytes / MIB / seconds;
  };
  const speeds: { readonly plain: number; readonly through: number; readonly spliced: number }[] = [];
  for (let i = 0; i < 3; i++) {
    speeds.push({ plain: await speed(direct), through: await speed(blind), spliced: await speed(bare) });
  }
  const [plain, through, spliced] = (["plain", "through", "spliced"] as const).map((name) =>
    median(speeds.map((round) => round[name])).toFixed(0)
  );
  return [{
    what: "blind download / direct",
    value: median(speeds.map((round) => round.through / round.plain)),
    unit: "×",
    bar: { at: "least", value: 0.9 },
    detail: `${through} / ${plain} MiB/s, as fast as the machine can`,
  }, {
    what: "blind download / bare splice",
    value: median(speeds.map((round) => round.through / round.spliced)),
    unit: "×",
    bar: null,
    detail: `${through} / ${spliced} MiB/s`,
  }];
}

interface Download {
  readonly bytes: number;
  readonly seconds: number;
}

/** Resident memory of edge and daemon. Comes first, so that idle means idle. */
export async function memory({ load, meter, metered }: Targets, extent: Extent): Promise<Figure[]> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  const idle = meter.resident() / MIB;
  const order = { ...FLAT_OUT, requests: extent.exchanges, pauseMs: PAUSE_MS };
  const paced = await load({ do: "throughput", via: metered, ...order }) as Sums;
  const { rows, dropped, waitedMs } = await meter.settled();
  const after = meter.resident() / MIB;
  let peak = after;
  const watch = setInterval(() => peak = Math.max(peak, meter.resident() / MIB), 50);
  const wish = { kind: "flood", bytes: extent.streamBytes } as const;
  const { seconds } = await load({ do: "download", via: metered, wish }) as Download;
  clearInterval(watch);
  const streamed = Math.round(extent.streamBytes / MIB);
  const pace = `${Math.round(paced.requests / paced.seconds)}/s`;
  const lag = `${pace}, ${rows} rows, ${dropped} bytes of copies dropped, settled after ${Math.round(waitedMs)} ms`;
  const unit = "MiB";
  return [
    { what: "resident, idle", value: idle, unit, bar: { at: "most", value: 120 }, detail: "edge + daemon" },
    {
      what: `added by ${extent.exchanges} exchanges`,
      value: after - idle,
      unit,
      bar: { at: "most", value: 10 },
      detail: lag,
    },
    {
      what: `added during a ${streamed} MiB stream`,
      value: peak - after,
      unit,
      bar: { at: "most", value: 20 },
      detail: `${(streamed / seconds).toFixed(0)} MiB/s`,
    },
  ];
}

/** Rows of the recorder alone. */
export async function recorderRate(children: Children, extent: Extent): Promise<Figure[]> {
  const database = `${children.folder}/recorder.sqlite`;
  const { ready } = await children.part("./recorder_rate.ts", { database, exchanges: extent.recorderRows });
  const { rows, seconds } = ready as { rows: number; seconds: number };
  const detail = `${rows} streams of 40 events, one thread, ${(seconds / rows * 1000).toFixed(2)} ms each`;
  return [{ what: "recorder", value: rows / seconds, unit: "rows/s", bar: null, detail }];
}

/** Start-up of the compiled program, when there is one. */
export function startUp(binary: string): Figure[] {
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const begun = performance.now();
    const { success } = new Deno.Command(binary, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    if (!success) return [];
    times.push(performance.now() - begun);
  }
  const detail = `${times.length} runs, slowest ${Math.max(...times).toFixed(0)} ms`;
  return [{ what: "--version, compiled", value: median(times), unit: "ms", bar: { at: "most", value: 80 }, detail }];
}
