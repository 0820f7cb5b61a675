/**
 * A {@link Runner} that answers from a recorded script and runs nothing, for tools of a platform that the test does not run
 * on. A call that is not in the script fails the test, also where the code under test catches the failure.
 *
 * @module
 */

import { AssertionError, deepStrictEqual as deepEqual } from "node:assert/strict";
import type { CommandOutput, Runner, RunOptions } from "../../src/os/run.ts";

/** One recorded call and what came of it. */
export interface Recorded {
  /** The command and its arguments, each exactly as it is run. */
  readonly run: readonly string[];
  /** What it did; what is left out is code 0 and no output. An error is thrown, e.g. one of {@link noSuchCommand}. */
  readonly gives?: Partial<CommandOutput> | Error;
  /** The options that it must be run with, compared whole. Not compared where left out. */
  readonly options?: RunOptions;
  /** How often it answers: once unless told. "always" may also be never. */
  readonly times?: number | "always";
  /** What the command changed on the machine, done before it answers. */
  readonly effect?: () => void | Promise<void>;
}

/** A runner and what became of its script. */
export interface RecordedRunner {
  readonly run: Runner;
  /** Every call so far, in order, also those that were not in the script. */
  readonly calls: readonly string[][];
  /** Calls that were not in the script, as one line each. */
  readonly unexpected: readonly string[];
  /** Entries that still have an answer to give, as one line each. */
  unused(): string[];
  /** @throws {AssertionError} unless every entry was used up and every call was in the script. */
  finish(): void;
}

/**
 * Makes a runner of `script`. Of several entries for the same call, the first that has an answer left gives it, so that a
 * tool may say something else the second time.
 *
 * @param options.ordered Calls must come in the order of the script; entries that answer "always" may come at any time.
 */
export function recordedRunner(
  script: readonly Recorded[],
  { ordered = false }: { readonly ordered?: boolean } = {},
): RecordedRunner {
  const entries = script.map((recorded) => ({ recorded, left: recorded.times ?? 1 }));
  const calls: string[][] = [];
  const unexpected: string[] = [];
  const pending = () => entries.filter(({ left }) => left !== "always" && left > 0);
  const unused = () => pending().map(({ recorded }) => line(recorded.run));

  const run: Runner = async (command, args, options = {}) => {
    const call = [command, ...args];
    calls.push(call);
    const entry = entries.find(({ recorded, left }) => left !== 0 && equal(recorded.run, call));
    const next = pending()[0];
    const outOfTurn = ordered && entry !== undefined && entry.left !== "always" && entry !== next;
    if (entry === undefined || outOfTurn) {
      unexpected.push(line(call));
      const expected = unused().join("\n  ");
      const message = `${outOfTurn ? "Out of turn" : "Not in the script"}: ${
        line(call)
      }\nstill to come:\n  ${expected}`;
      throw new AssertionError({ message });
    }
    if (entry.left !== "always") entry.left -= 1;
    const { gives = {}, effect, options: wanted } = entry.recorded;
    if (wanted !== undefined) expectOptions(call, options, wanted, unexpected);
    await effect?.();
    if (gives instanceof Error) throw gives;
    return { code: 0, stdout: "", stderr: "", ...gives };
  };
  const finish = () => deepEqual({ unexpected, unused: unused() }, { unexpected: [], unused: [] });
  return { run, calls, unexpected, unused, finish };
}

/** What running a command gives that is not on the machine. */
export function noSuchCommand(command: string): Error {
  return new Deno.errors.NotFound(`Failed to spawn '${command}': entity not found`);
}

/** What running a command gives that does not end in time. */
export function timedOut(command: string): Error {
  return new Deno.errors.TimedOut(`${command} did not end in time`);
}

/** The question of `hasCommand` in src/os/run.ts, answered as often as it is asked. */
export function onThePath(command: string, found: boolean): Recorded {
  const run = ["sh", "-c", 'command -v -- "$1" >/dev/null', "sh", command];
  return { run, gives: { code: found ? 0 : 1 }, times: "always" };
}

function expectOptions(call: string[], actual: RunOptions, wanted: RunOptions, unexpected: string[]): void {
  try {
    deepEqual(actual, wanted);
  } catch (error) {
    unexpected.push(`${line(call)} with options ${JSON.stringify(actual)}`);
    throw error;
  }
}

function equal(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((word, at) => word === right[at]);
}

/** A call on one line; words with anything but plain characters are quoted. */
function line(call: readonly string[]): string {
  return call.map((word) => /^[\w./:=,@+-]+$/.test(word) ? word : JSON.stringify(word)).join(" ");
}
