import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { carryOut, type PlanListener, removeAll } from "../../src/install/plan.ts";
import type { Place, PlaceState } from "../../src/os/place.ts";

/** A place that is one flag, and can be told to break. */
class Flag implements Place {
  readonly id: string;
  readonly label: string;
  state: PlaceState["state"];
  readonly calls: string[] = [];
  breaks: "never" | "apply" | "remove" | "check" | "silently" = "never";

  constructor(id: string, state: PlaceState["state"] = "absent") {
    this.id = id;
    this.label = `set ${id}`;
    this.state = state;
  }

  #now(): PlaceState {
    return { state: this.state, detail: `${this.id} is ${this.state}`, hint: null };
  }

  check(): Promise<PlaceState> {
    this.calls.push("check");
    if (this.breaks === "check") throw new MeterError("failed", "Cannot look", { hint: "Wipe the glasses" });
    return Promise.resolve(this.#now());
  }

  apply(): Promise<PlaceState> {
    this.calls.push("apply");
    if (this.breaks === "apply") throw new MeterError("failed", "Cannot set it: no ink", { hint: "Buy ink" });
    if (this.breaks !== "silently" && this.state !== "unavailable") this.state = "present";
    return Promise.resolve(this.#now());
  }

  remove(): Promise<PlaceState> {
    this.calls.push("remove");
    if (this.breaks === "remove") throw new TypeError("secret in here");
    if (this.state !== "unavailable") this.state = "absent";
    return Promise.resolve(this.#now());
  }
}

function listener(): PlanListener & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    begin: ({ number, total, label, undo }) => lines.push(`${number}/${total} ${undo ? "undo " : ""}${label}`),
    end: ({ outcome }) => lines.push(outcome),
  };
}

const wanted = (place: Place, required = false) => ({ place, wanted: true, required });
const unwanted = (place: Place) => ({ place, wanted: false, required: false });

Deno.test("carryOut puts in what is missing, mends what differs and leaves alone what is there", async () => {
  const [absent, differing, there] = [new Flag("a"), new Flag("b", "differs"), new Flag("c", "present")];
  const heard = listener();
  const { reports, ok } = await carryOut([wanted(absent), wanted(differing), wanted(there)], heard);
  deepEqual(reports.map(({ outcome }) => outcome), ["done", "done", "already"]);
  deepEqual(heard.lines, ["1/3 set a", "done", "2/3 set b", "done", "3/3 set c", "already"]);
  equal(there.calls.includes("apply"), false);
  equal(ok, true);
});

Deno.test("carryOut changes nothing the second time", async () => {
  const places = [new Flag("a"), new Flag("b")];
  await carryOut(places.map((place) => wanted(place)), listener());
  for (const place of places) place.calls.length = 0;
  const { reports } = await carryOut(places.map((place) => wanted(place)), listener());
  deepEqual(reports.map(({ outcome }) => outcome), ["already", "already"]);
  deepEqual(places.flatMap(({ calls }) => calls), ["check", "check"]);
});

Deno.test("carryOut empties what another mode had put in, and says nothing of what is empty", async () => {
  const [left, empty] = [new Flag("left", "present"), new Flag("empty")];
  const heard = listener();
  const { reports } = await carryOut([unwanted(left), unwanted(empty)], heard);
  deepEqual(reports.map(({ id, outcome }) => `${id} ${outcome}`), ["left removed"]);
  deepEqual(heard.lines, ["1/1 undo set left", "removed"]);
  equal(left.state, "absent");
});

Deno.test("carryOut goes on past a place that fails, unless it is required", async () => {
  const [broken, next] = [new Flag("broken"), new Flag("next")];
  broken.breaks = "apply";
  const optional = await carryOut([wanted(broken), wanted(next)], listener());
  deepEqual(optional.reports.map(({ outcome }) => outcome), ["failed", "done"]);
  equal(optional.reports[0]?.detail, "Cannot set it: no ink");
  equal(optional.reports[0]?.hint, "Buy ink");
  equal(optional.ok, false);
  const fresh = new Flag("fresh");
  const required = await carryOut([wanted(broken, true), wanted(fresh)], listener());
  deepEqual(required.reports.map(({ outcome }) => outcome), ["failed", "stopped"]);
  deepEqual(fresh.calls, []);
});

Deno.test("carryOut takes a place that cannot be had for no failure, unless it is required", async () => {
  const place = new Flag("a", "unavailable");
  const optional = await carryOut([wanted(place)], listener());
  deepEqual([optional.reports[0]?.outcome, optional.ok], ["skipped", true]);
  equal((await carryOut([wanted(place, true)], listener())).ok, false);
});

Deno.test("carryOut believes what it finds, not that nothing was thrown", async () => {
  const place = new Flag("a");
  place.breaks = "silently";
  const { reports, ok } = await carryOut([wanted(place)], listener());
  deepEqual([reports[0]?.outcome, ok], ["failed", false]);
});

Deno.test("carryOut takes a place that cannot be looked at for one that cannot be had", async () => {
  const place = new Flag("a");
  place.breaks = "check";
  const { reports } = await carryOut([wanted(place)], listener());
  deepEqual([reports[0]?.outcome, reports[0]?.hint], ["skipped", "Wipe the glasses"]);
});

Deno.test("rollBack takes out what this run put in, last first, and nothing else", async () => {
  const [before, first, second] = [new Flag("before", "present"), new Flag("first"), new Flag("second")];
  const outcome = await carryOut([before, first, second].map((place) => wanted(place)), listener());
  const undone = await outcome.rollBack();
  deepEqual(undone.map(({ id, outcome }) => `${id} ${outcome}`), ["second removed", "first removed"]);
  equal(before.state, "present");
});

Deno.test("removeAll asks a place that cannot be had too, since it may remember what it put elsewhere", async () => {
  const place = new Flag("a", "unavailable");
  const [taken] = await removeAll([place], listener());
  equal(taken?.outcome, "already");
  equal(place.calls.includes("remove"), true);
});

Deno.test("removeAll goes on past what will not go, and shows no error's own words", async () => {
  const [stuck, next] = [new Flag("stuck", "present"), new Flag("next", "present")];
  stuck.breaks = "remove";
  const reports = await removeAll([stuck, next], listener());
  deepEqual(reports.map(({ outcome }) => outcome), ["failed", "removed"]);
  match(reports[0]?.detail ?? "", /TypeError/);
  equal(reports[0]?.detail.includes("secret"), false);
});

Deno.test("carryOut ends in the right state after being broken off anywhere", async () => {
  for (let stopAt = 0; stopAt < 6; stopAt++) {
    const places = [new Flag("a"), new Flag("b", "differs"), new Flag("c"), new Flag("d", "present")];
    const plan = [...places.slice(0, 3).map((place) => wanted(place, true)), unwanted(places[3] ?? new Flag("x"))];
    let count = 0;
    const stop = () => {
      if (count++ === stopAt) throw new Error("killed");
    };
    await carryOut(plan, { begin: stop, end: stop }).catch(() => {});
    await carryOut(plan, listener());
    deepEqual(places.map(({ state }) => state), ["present", "present", "present", "absent"]);
  }
});
