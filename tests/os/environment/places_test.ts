import { deepEqual } from "node:assert/strict";
import { environmentPlaces, everyEnvironmentPlace, unwantedPlaces } from "../../../src/os/environment/places.ts";
import type { Machine } from "../../../src/os/machine.ts";
import type { Place } from "../../../src/os/place.ts";
import { makeHome } from "./shells.ts";

const SHELLS = ["shell", "zshrc", "bashrc", "bash-login", "fish"];

function ids(places: readonly Place[]): string[] {
  return places.map(({ id }) => id.replace(/^environment\./, ""));
}

Deno.test("environmentPlaces are what each mode documents, per platform", () => {
  using home = makeHome();
  const linux = home.machine;
  const darwin: Machine = { ...linux, platform: "darwin" };
  deepEqual(ids(environmentPlaces(linux, { mode: "env-only", shellRc: true })), []);
  for (const machine of [linux, darwin]) {
    deepEqual(ids(environmentPlaces(machine, { mode: "apps", shellRc: true })), [...SHELLS, "session"]);
    deepEqual(ids(environmentPlaces(machine, { mode: "apps", shellRc: false })), ["session"]);
  }
  deepEqual(ids(environmentPlaces(darwin, { mode: "full", shellRc: true })), [...SHELLS, "session", "system-proxy"]);
  deepEqual(ids(environmentPlaces(linux, { mode: "full", shellRc: true })), [...SHELLS, "session"]);
});

Deno.test("unwantedPlaces are the others, last first, so that any mode can follow any other", () => {
  using home = makeHome();
  const darwin: Machine = { ...home.machine, platform: "darwin" };
  const all = ids(everyEnvironmentPlace(darwin));
  for (const mode of ["env-only", "apps", "full"] as const) {
    for (const shellRc of [true, false]) {
      const wanted = ids(environmentPlaces(darwin, { mode, shellRc }));
      const unwanted = ids(unwantedPlaces(darwin, { mode, shellRc }));
      deepEqual(all.filter((id) => !wanted.includes(id)).reverse(), unwanted);
    }
  }
});
