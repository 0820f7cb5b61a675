/**
 * Brings an installed meter to the program in a file: its own file first, then the daemon, then the edge, and everything
 * back when one of them does not work.
 *
 * Imports: domain, install.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { Replacement } from "./program_file.ts";

/** What an upgrade does, one after the other. */
export interface UpgradeSteps {
  replace(): Promise<Replacement>;
  /**
   * Starts the daemon anew from the program's file and waits until calls are metered.
   * @throws {MeterError} when they are not.
   */
  restartDaemon(version: string): Promise<void>;
  /** Has the edge succeeded by one from the program's file. @throws {MeterError} when it is not. */
  restartEdge(version: string): Promise<void>;
  /** A line for the user. */
  say(line: string): void;
}

/** From what to what. */
export interface Versions {
  readonly from: string;
  readonly to: string;
}

/**
 * Carries an upgrade out.
 *
 * @throws {MeterError} `failed` with what did not work; the earlier program is then in its place, and runs unless the
 * message says otherwise.
 */
export async function upgrade({ from, to }: Versions, steps: UpgradeSteps): Promise<void> {
  const replacement = await steps.replace();
  steps.say(from === to ? `Replaced the program, version ${to}` : `Replaced the program: ${from} → ${to}`);
  try {
    await steps.restartDaemon(to);
    await steps.restartEdge(to);
  } catch (error) {
    throw await rolledBack(error, from, replacement, steps);
  }
  await replacement.keep();
}

async function rolledBack(
  error: unknown,
  version: string,
  replacement: Replacement,
  steps: UpgradeSteps,
): Promise<MeterError> {
  const why = error instanceof Error ? error.message : "unknown error";
  steps.say(`${why}\nGoing back to version ${version}`);
  try {
    await replacement.undo();
    await steps.restartDaemon(version);
    await steps.restartEdge(version);
  } catch (second) {
    const state = second instanceof Error ? second.message : "unknown error";
    return new MeterError("failed", `Cannot upgrade: ${why}. Going back failed too: ${state}`, {
      hint: "Run: halton-meter rescue",
      cause: error,
    });
  }
  return new MeterError("failed", `Cannot upgrade: ${why}. Version ${version} is back and works`, {
    hint: "Look at: halton-meter logs daemon",
    cause: error,
  });
}

/** Negative: `a` is older than `b`; by the precedence of Semantic Versioning 2.0.0 section 11. Build parts do not count. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.pre.length === 0 || right.pre.length === 0) return right.pre.length - left.pre.length;
  for (let i = 0; i < Math.max(left.pre.length, right.pre.length); i++) {
    const difference = comparePre(left.pre[i], right.pre[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function partsOf(version: string): { readonly numbers: readonly number[]; readonly pre: readonly string[] } {
  const [, numbers = "", pre = ""] = /^([^-+]*)(?:-([^+]*))?/.exec(version) ?? [];
  return { numbers: numbers.split(".").map(Number), pre: pre === "" ? [] : pre.split(".") };
}

function comparePre(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (x && y) return Number(a) - Number(b);
  if (x !== y) return x ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
