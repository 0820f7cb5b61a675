/**
 * Tells whether a regular expression of the user's is cheap on any text, and bounds what it repeats.
 *
 * A pattern runs on hostile text of half a megabyte, in the one process that meters, so a pattern that can be made to try
 * combinations is refused. The judgement is conservative: it counts the steps that one attempt can take at worst, in the
 * way a backtracking matcher takes them, and refuses what exceeds {@link MAX_STEPS}. A repetition without a bound reaches
 * {@link REACH} characters, unless it ends the pattern, where it can only succeed.
 *
 * Imports: ./pattern_syntax.ts.
 *
 * @module
 */

import { type CharSet, type Node, parsePattern, union } from "./pattern_syntax.ts";

/** Characters that `*`, `+` and `{n,}` reach beyond their minimum where more of the pattern follows. */
export const REACH = 256;
/** Steps of one attempt; there is an attempt for every character of a body. */
export const MAX_STEPS = 2000;

/** A pattern that may run, or why it may not. */
export type JudgedPattern =
  | { readonly ok: true; readonly source: string; readonly steps: number }
  | { readonly ok: false; readonly reason: string };

/** What can come after a node: characters, the end of the pattern, or a check that may fail whatever the character. */
interface Follow {
  readonly set: CharSet;
  readonly end: boolean;
  readonly check: boolean;
}

/** `paths`: ways to match that what follows may have to try. `steps`: work of trying all of them. */
interface Cost {
  readonly steps: number;
  readonly paths: number;
}

/** Judges a pattern that compiles with flag `u`. */
export function judgePattern(pattern: string): JudgedPattern {
  const parsed = parsePattern(pattern);
  if ("reason" in parsed) return { ok: false, reason: parsed.reason };
  const { steps } = costOf(parsed.node, { set: new Set(), end: true, check: false });
  if (steps > MAX_STEPS) return { ok: false, reason: "repetitions that can be combined in too many ways" };
  return { ok: true, source: bounded(pattern, parsed.node, true), steps };
}

function costOf(node: Node, follow: Follow): Cost {
  switch (node.kind) {
    case "set":
    case "check":
      return { steps: 1, paths: 1 };
    case "look": {
      const { steps } = costOf(node.body, { set: new Set(), end: false, check: true });
      return { steps: steps + 1, paths: 1 };
    }
    case "sequence":
      return sequenceCost(node.items, follow);
    case "choice": {
      const costs = node.options.map((option) => costOf(option, follow));
      const steps = costs.reduce((sum, cost) => sum + cost.steps, 0);
      const paths = costs.map((cost) => cost.paths);
      // Options that begin differently exclude each other.
      return { steps, paths: apart(node.options) ? Math.max(...paths) : paths.reduce((sum, count) => sum + count, 0) };
    }
    case "repeat":
      return repeatCost(node, follow);
  }
}

function sequenceCost(items: readonly Node[], follow: Follow): Cost {
  let after = follow;
  let cost: Cost = { steps: 0, paths: 1 };
  for (const item of [...items].reverse()) {
    const own = costOf(item, after);
    cost = { steps: own.steps + own.paths * cost.steps, paths: own.paths * cost.paths };
    after = before(item, after);
  }
  return cost;
}

function repeatCost(node: Extract<Node, { kind: "repeat" }>, follow: Follow): Cost {
  const { body, min, max } = node;
  if (max === 0) return { steps: 0, paths: 1 };
  const first = before(body, { set: new Set(), end: false, check: false });
  const inner = costOf(body, { set: union(first.set, follow.set), end: false, check: follow.check || first.check });
  // At the end of the pattern a repetition takes what there is; the next attempt starts behind it.
  if (follow.end && !follow.check && follow.set.size === 0 && max === Infinity && inner.paths === 1) {
    return { steps: (2 * min + 1) * inner.steps, paths: 1 };
  }
  const times = max === Infinity ? min + REACH : max;
  const fixed = min === max;
  const decided = fixed || (!follow.check && !overlap(first.set, follow.set));
  const choices = decided ? 1 : times - min + 1;
  if (inner.paths === 1) return { steps: 2 * times * inner.steps, paths: choices };
  // Every round may go every way of its body.
  const ways = Math.min(inner.paths ** Math.min(times, 64), Number.MAX_SAFE_INTEGER);
  return { steps: ways * inner.steps, paths: ways * choices };
}

/** What can come where `node` stands, when `after` comes behind it. */
function before(node: Node, after: Follow): Follow {
  switch (node.kind) {
    case "set":
      return { set: node.set, end: false, check: false };
    case "check":
    case "look":
      return { ...after, end: false, check: true };
    case "sequence":
      return [...node.items].reverse().reduce((follow, item) => before(item, follow), after);
    case "choice":
      return node.options.map((option) => before(option, after)).reduce(joined);
    case "repeat": {
      const once = before(node.body, after);
      return node.min === 0 ? joined(once, after) : once;
    }
  }
}

function joined(one: Follow, other: Follow): Follow {
  return { set: union(one.set, other.set), end: one.end || other.end, check: one.check || other.check };
}

function overlap(one: CharSet, other: CharSet): boolean {
  for (const code of one) if (other.has(code)) return true;
  return false;
}

function apart(options: readonly Node[]): boolean {
  const firsts = options.map((option) => before(option, { set: new Set(), end: true, check: false }));
  if (firsts.some(({ end, check }) => end || check)) return false;
  return firsts.every(({ set }, index) => firsts.slice(index + 1).every((other) => !overlap(set, other.set)));
}

/** The source of `node` with a bound on every repetition that something follows. */
function bounded(pattern: string, node: Node, last: boolean): string {
  switch (node.kind) {
    case "set":
    case "check":
      return pattern.slice(node.start, node.end);
    case "look":
      return pattern.slice(node.start, node.bodyStart) + bounded(pattern, node.body, false) + ")";
    case "sequence":
      return node.items.map((item, index) => bounded(pattern, item, last && index === node.items.length - 1)).join("");
    case "choice": {
      const text = node.options.map((option) => bounded(pattern, option, last)).join("|");
      return node.grouped ? `(?:${text})` : text;
    }
    case "repeat": {
      const body = bounded(pattern, node.body, false);
      if (node.max !== Infinity || (last && node.min === 0)) return body + pattern.slice(node.signStart, node.end);
      // A repetition at the end goes on without a bound behind its minimum.
      const rest = last ? `${body}{${node.min}}${body}*` : `${body}{${node.min},${node.min + REACH}}`;
      return rest + (node.lazy ? "?" : "");
    }
  }
}
