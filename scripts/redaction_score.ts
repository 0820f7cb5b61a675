/**
 * Prints how well redaction does on the corpus: precision and recall per rule and overall, and its speed on bodies of 512 KiB.
 *
 * `--json` prints the figures for programs, `--faults` what was missed or masked wrongly. Exits with 1 when a bar is missed:
 * recall 0.99, precision 0.97, 25 MB/s, and 100 ms for the worst body of 512 KiB.
 *
 * @module
 */

import { redactBody } from "../src/redact/body.ts";
import { type Case, readCorpus } from "../tests/redaction/corpus.ts";
import { ratio, type RuleScore, type Score, scoreOf } from "../tests/redaction/score.ts";
import { HOSTILE_UNITS, speedBodies } from "../tests/redaction/speed_bodies.ts";

const BARS = { recall: 0.99, precision: 0.97, megabytesPerSecond: 25, worstMilliseconds: 100 };
const SIZE = 512 * 1024;
const ROUNDS = 9;

interface Speed {
  readonly body: string;
  readonly milliseconds: number;
  readonly megabytesPerSecond: number;
}

function corpus(): Case[] {
  const folder = new URL("../tests/redaction/corpus/", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  return names.flatMap((name) => readCorpus(Deno.readTextFileSync(new URL(name, folder))));
}

function timed(text: string, contentType: string): number {
  const started = performance.now();
  redactBody(text, contentType);
  return performance.now() - started;
}

function speedOf(body: string, text: string, contentType: string): Speed {
  const times = Array.from({ length: ROUNDS }, () => timed(text, contentType)).toSorted((a, b) => a - b);
  const milliseconds = times[ROUNDS >> 1] ?? 0;
  return { body, milliseconds, megabytesPerSecond: text.length / milliseconds / 1000 };
}

/** The slowest of the hostile bodies, each the best of three runs, since other work may interrupt one. */
function worstOf(): Speed {
  let worst: Speed = { body: "", milliseconds: 0, megabytesPerSecond: Infinity };
  for (const unit of HOSTILE_UNITS) {
    const text = unit.repeat(Math.ceil(SIZE / unit.length)).slice(0, SIZE);
    for (const contentType of ["text/plain", "text/event-stream", "application/x-www-form-urlencoded"]) {
      const milliseconds = Math.min(...[1, 2, 3].map(() => timed(text, contentType)));
      if (milliseconds <= worst.milliseconds) continue;
      worst = {
        body: `${contentType}: ${JSON.stringify(unit)}`,
        milliseconds,
        megabytesPerSecond: SIZE / milliseconds / 1000,
      };
    }
  }
  return worst;
}

function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}

function printTable({ rules, total }: Score): void {
  const row = (count: RuleScore) =>
    [
      count.rule.padEnd(26),
      percent(ratio(count.secrets - count.missed, count.secrets)).padStart(9),
      percent(ratio(count.masks - count.falseMasks, count.masks)).padStart(9),
      String(count.secrets).padStart(7),
      String(count.missed).padStart(6),
      String(count.falseMasks).padStart(5),
      String(count.renamed).padStart(7),
    ].join("  ");
  console.log(`${"rule".padEnd(26)}     recall  precision  secrets  missed  false  renamed`);
  for (const count of rules) console.log(row(count));
  console.log(row(total));
}

const score = scoreOf(corpus());
const speeds = speedBodies(SIZE).map(({ name, text, contentType }) => speedOf(name, text, contentType));
const worst = worstOf();
const slowest = Math.min(...speeds.map((speed) => speed.megabytesPerSecond));
const good = score.recall >= BARS.recall && score.precision >= BARS.precision &&
  slowest >= BARS.megabytesPerSecond && worst.milliseconds <= BARS.worstMilliseconds;

if (Deno.args.includes("--json")) {
  console.log(JSON.stringify({ ...score, speeds, worst, bars: BARS, good }, null, 2));
} else {
  printTable(score);
  if (Deno.args.includes("--faults")) {
    for (const { id, kind, rule, text } of score.faults) {
      console.log(`${kind} ${rule} in ${id}: ${JSON.stringify(text)}`);
    }
  }
  console.log(`\n${score.cases} cases; recall ${percent(score.recall)}, precision ${percent(score.precision)}`);
  for (const { body, milliseconds, megabytesPerSecond } of speeds) {
    console.log(`512 KiB of ${body}: ${milliseconds.toFixed(1)} ms, ${megabytesPerSecond.toFixed(0)} MB/s`);
  }
  console.log(
    `Worst of ${HOSTILE_UNITS.length * 3} hostile bodies: ${worst.milliseconds.toFixed(1)} ms (${worst.body})`,
  );
  console.log(good ? "All bars hold" : "A bar is missed");
}
Deno.exit(good ? 0 : 1);
