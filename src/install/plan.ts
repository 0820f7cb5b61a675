/**
 * Carries out a plan: every place of the machine that should hold something of the meter is brought to hold it, and every
 * other one is emptied. What is already as it should be is left alone, so that a plan can be carried out again after it was
 * interrupted anywhere, or for another mode.
 *
 * Imports: domain, os/place.ts (types).
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { Place, PlaceState } from "../os/place.ts";

/** One place and what is wanted of it. */
export interface PlannedPlace {
  readonly place: Place;
  /** Whether it should hold what the meter puts there. */
  readonly wanted: boolean;
  /** Whether the plan is pointless without it: what follows is then not attempted. */
  readonly required: boolean;
}

/** What became of one place. */
export interface StepReport {
  readonly id: string;
  readonly label: string;
  /**
   * - `already`: it was as wanted. - `done`: put in. - `removed`: taken out. - `skipped`: it cannot be had here, which is no
   * failure. - `failed`: it is not as wanted. - `stopped`: not attempted, since a required one before it failed.
   */
  readonly outcome: "already" | "done" | "removed" | "skipped" | "failed" | "stopped";
  readonly detail: string;
  readonly hint: string | null;
}

/** A step that is about to be taken. */
export interface StepBegin {
  readonly number: number;
  readonly total: number;
  readonly label: string;
  /** Whether something is taken out. */
  readonly undo: boolean;
}

/** Hears of every step as it is taken. `total` counts the steps that will be heard of. */
export interface PlanListener {
  begin(step: StepBegin): void;
  end(report: StepReport): void;
}

/** What became of a plan. */
export interface PlanOutcome {
  readonly reports: readonly StepReport[];
  /** Whether every place is as wanted, or cannot be had here. */
  readonly ok: boolean;
  /** Takes out what this run put in, last first. @returns what came of it. */
  rollBack(): Promise<readonly StepReport[]>;
}

/** Carries out `plan` in its order. Never throws for a place that fails. */
export async function carryOut(plan: readonly PlannedPlace[], listener: PlanListener): Promise<PlanOutcome> {
  const steps = await relevant(plan);
  const reports: StepReport[] = [];
  const putIn: Place[] = [];
  let stopped = false;
  for (const [index, step] of steps.entries()) {
    const { place, required } = step;
    if (stopped) {
      reports.push(report(place, "stopped", "not attempted", null));
      continue;
    }
    listener.begin({ number: index + 1, total: steps.length, label: place.label, undo: !step.wanted });
    const taken = await take(step);
    reports.push(taken);
    listener.end(taken);
    if (taken.outcome === "done") putIn.push(place);
    if (taken.outcome === "failed" && required) stopped = true;
    if (taken.outcome === "skipped" && required) stopped = true;
  }
  return {
    reports,
    ok: !stopped && reports.every(({ outcome }) => outcome !== "failed"),
    rollBack: () => removeAll(putIn.toReversed(), listener),
  };
}

/** Empties places in the given order, whatever becomes of each. Those in which there is nothing are not heard of. */
export async function removeAll(places: readonly Place[], listener: PlanListener): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  for (const [index, place] of places.entries()) {
    const { state } = await look(place);
    const heard = state === "present" || state === "differs";
    if (heard) listener.begin({ number: index + 1, total: places.length, label: place.label, undo: true });
    const taken = await takeOut(place);
    reports.push(taken);
    if (heard) listener.end(taken);
    else if (taken.outcome !== "already") {
      listener.begin({ number: index + 1, total: places.length, label: place.label, undo: true });
      listener.end(taken);
    }
  }
  return reports;
}

/** A place that should be empty and is, is not worth a line. */
async function relevant(plan: readonly PlannedPlace[]): Promise<readonly PlannedPlace[]> {
  const kept = await Promise.all(plan.map(async (step) => {
    if (step.wanted) return true;
    const { state } = await look(step.place);
    return state === "present" || state === "differs";
  }));
  return plan.filter((_, index) => kept[index]);
}

async function take({ place, wanted }: PlannedPlace): Promise<StepReport> {
  if (!wanted) return await takeOut(place);
  const before = await look(place);
  if (before.state === "present") return report(place, "already", before.detail, before.hint);
  if (before.state === "unavailable") return report(place, "skipped", before.detail, before.hint);
  try {
    const after = await place.apply();
    if (after.state === "present") return report(place, "done", after.detail, after.hint);
    if (after.state === "unavailable") return report(place, "skipped", after.detail, after.hint);
    return report(place, "failed", after.detail, after.hint);
  } catch (error) {
    return failure(place, error);
  }
}

/** Asks also a place in which nothing is seen: it may remember what it put elsewhere, or find what a killed run left. */
async function takeOut(place: Place): Promise<StepReport> {
  try {
    const before = await look(place);
    const after = await place.remove();
    const gone = after.state === "absent" || after.state === "unavailable";
    const wasGone = before.state === "absent" || before.state === "unavailable";
    if (gone && wasGone) return report(place, "already", after.detail, null);
    return report(place, gone ? "removed" : "failed", after.detail, gone ? null : after.hint);
  } catch (error) {
    return failure(place, error);
  }
}

/** A place that cannot even be looked at is one that cannot be had. */
async function look(place: Place): Promise<PlaceState> {
  try {
    return await place.check();
  } catch (error) {
    const { detail, hint } = failure(place, error);
    return { state: "unavailable", detail, hint };
  }
}

function failure(place: Place, error: unknown): StepReport {
  if (error instanceof MeterError) return report(place, "failed", error.message, error.hint ?? null);
  const name = error instanceof Error ? error.name : "unknown error";
  return report(place, "failed", `This should not have happened: ${name}`, "Run it again with HALTON_METER_TRACE=1");
}

function report(place: Place, outcome: StepReport["outcome"], detail: string, hint: string | null): StepReport {
  return { id: place.id, label: place.label, outcome, detail, hint };
}
