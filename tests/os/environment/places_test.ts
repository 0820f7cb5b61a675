import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { everyEnvironmentPlace } from "../../../src/os/environment/places.ts";
import type { Machine } from "../../../src/os/machine.ts";
import { makeHome } from "./shells.ts";

const SHELLS = ["shell", "zshrc", "bashrc", "bash-login", "fish"];

function ids(machine: Machine): string[] {
  return everyEnvironmentPlace(machine).map(({ id }) => id.replace(/^environment\./, ""));
}

Deno.test("everyEnvironmentPlace names those of each platform, the code before what reads it", () => {
  using home = makeHome();
  deepEqual(ids(home.machine), [...SHELLS, "session"]);
  deepEqual(ids({ ...home.machine, platform: "darwin" }), [...SHELLS, "session", "system-proxy"]);
});

Deno.test("everyEnvironmentPlace can be emptied also in a home that no file can name", async () => {
  using home = makeHome();
  const { machine } = home;
  const named = {
    ...machine,
    paths: { ...machine.paths, caBundle: "/home/a\nb/bundle", caCertificate: "/home/a\nb/ca" },
  };
  for (const place of everyEnvironmentPlace({ ...named, run: () => Promise.reject(new Deno.errors.NotFound()) })) {
    const { state } = await place.remove();
    equal(["absent", "unavailable"].includes(state), true, `${place.id}: ${state}`);
  }
});
