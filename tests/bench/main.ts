/**
 * `deno task bench`: measures the performance budget as ratios within one run. It judges, it never fails.
 *
 * `--quick` takes half a minute, `--full` measures as the budget is written, `--json` prints figures as JSON,
 * `--binary` measures `dist/halton-meter` instead of the sources, `--only` one step, named by its beginning: memory,
 * throughput, first byte, event stream, connection per call, blind tunnel, recorder, api, start-up.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { apiBench } from "./api_bench.ts";
import { Children } from "./children.ts";
import { type Figure, meets, renderFigures } from "./figures.ts";
import { machineLine } from "./machine.ts";
import * as measures from "./measures.ts";
import { startTargets } from "./targets.ts";

const root = new URL("../../", import.meta.url).pathname;
const binary = `${root}dist/halton-meter`;

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    quick: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    binary: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

const extent = flags.full ? measures.FULL : flags.quick ? measures.QUICK : measures.USUAL;
const machine = machineLine();
const children = new Children();
Deno.addSignalListener("SIGINT", async () => {
  await children.abandon();
  Deno.exit(130);
});

try {
  const { figures, notes } = await measure();
  if (flags.json) {
    const shown = figures.map((figure) => ({ ...figure, meets: meets(figure) }));
    console.log(JSON.stringify({ machine, notes, figures: shown }, null, 2));
  } else console.log([renderFigures(figures), "", ...notes, machine].join("\n"));
} finally {
  await children.end();
}

async function measure(): Promise<{ readonly figures: Figure[]; readonly notes: string[] }> {
  const notes: string[] = [];
  const compiled = exists(binary);
  const targets = await startTargets(children, flags.binary ? [binary] : sources());
  if (targets.mitmproxy === null) notes.push("mitmproxy is not installed: nothing to compare with");
  if (!compiled) notes.push("dist/halton-meter is missing: start-up was not measured (deno task compile)");
  const steps: [string, () => Promise<Figure[]> | Figure[]][] = [
    ["memory", () => measures.memory(targets, extent)],
    ["throughput", () => measures.throughput(targets, extent)],
    ["first byte", () => measures.firstByte(targets, extent)],
    ["event stream", () => measures.eventStream(targets, extent)],
    ["connection per call", () => measures.connectionPerCall(targets, extent)],
    ["blind tunnel", () => measures.blindDownload(targets, extent)],
    ["recorder", () => measures.recorderRate(children, extent)],
    ["api", () => apiBench(children, flags.quick ? 100_000 : 1_000_000)],
    ["start-up", () => compiled ? measures.startUp(binary) : []],
  ];
  const figures: Figure[] = [];
  for (const [name, step] of steps) {
    if (flags.only !== undefined && !name.startsWith(flags.only)) continue;
    progress(`Measuring ${name} …`);
    figures.push(...await step());
  }
  progress("");
  return { figures, notes };
}

/** The meter's command when it runs from its sources, as `deno task start` has it. */
function sources(): string[] {
  const permissions = ["net", "read", "write", "env", "run", "sys"].map((name) => `--allow-${name}`);
  return [Deno.execPath(), "run", "--no-prompt", ...permissions, `${root}main.ts`];
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** One line that is overwritten, on a terminal only. */
function progress(text: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}
