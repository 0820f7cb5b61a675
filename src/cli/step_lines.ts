/**
 * Shows the steps of a plan as they are taken, and asks the user yes or no.
 *
 * Imports: install (types), cli.
 *
 * @module
 */

import type { PlanListener, StepReport } from "../install/plan.ts";
import type { Output } from "./output.ts";
import { showable } from "./table.ts";

const WORDS: Readonly<Record<StepReport["outcome"], string>> = {
  already: "already there",
  done: "done",
  removed: "done",
  skipped: "skipped",
  failed: "FAILED",
  stopped: "not attempted",
};

/** Details and hints may come from commands and files: no line of theirs may steer the terminal. */
function lines(text: string): string[] {
  return text.split("\n").map(showable);
}

/** Writes a line when a step begins and completes it when it ends. */
export function stepLines(out: Output): PlanListener {
  return {
    begin({ number, total, label, undo }) {
      out.write(undo ? `  undo: ${label} … ` : `  ${String(number).padStart(2)}/${total}  ${label} … `);
    },
    end({ outcome, detail, hint }) {
      const [first = "", ...rest] = lines(detail);
      const worth = outcome !== "done" && outcome !== "already" && outcome !== "removed";
      out.write(`${WORDS[outcome]}${worth && first !== "" ? `: ${first}` : ""}\n`);
      if (worth) { for (const line of rest) out.write(`         ${line}\n`); }
      if (hint !== null && outcome !== "already") { for (const line of lines(hint)) out.write(`         → ${line}\n`); }
    },
  };
}

/** Asks on the terminal; `unless` is the answer where there is none to ask on. */
export function confirm(question: string, unless: boolean): boolean {
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return unless;
  const answer = prompt(`${question} [y/N]`)?.trim().toLowerCase() ?? "";
  return answer === "y" || answer === "yes";
}
