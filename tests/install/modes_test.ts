import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type InstallParts, installPlan, removalOrder, wantedIn } from "../../src/install/modes.ts";
import type { InstallMode } from "../../src/os/install_state.ts";
import type { Place } from "../../src/os/place.ts";

function place(id: string): Place {
  const never = () => Promise.reject(new Error("not asked"));
  return { id, label: id, check: never, apply: never, remove: never };
}

const PARTS: InstallParts = {
  authority: place("certificate.authority"),
  trust: ["trust.bundle", "trust.keychain", "trust.nss.firefox", "trust.certifi"].map(place),
  services: ["service.daemon", "service.edge", "service.userenv"].map(place),
  healthy: place("service.healthy"),
  environment: [
    "environment.shell",
    "environment.zshrc",
    "environment.fish",
    "environment.session",
    "environment.system-proxy",
  ].map(place),
  selfTest: place("self-test.call"),
  mode: place("service.mode"),
};

function wanted(mode: InstallMode): string[] {
  return installPlan(mode, PARTS).filter((step) => step.wanted).map(({ place }) => place.id);
}

Deno.test("installPlan fills in each mode what it promises, and knows of the rest so that it can be emptied", () => {
  deepEqual(wanted("env-only"), [
    "certificate.authority",
    "trust.bundle",
    "trust.keychain",
    "service.daemon",
    "service.edge",
    "service.healthy",
    "service.mode",
    "self-test.call",
  ]);
  deepEqual(wanted("full").length, installPlan("full", PARTS).length);
  deepEqual(wanted("full").filter((id) => !wanted("apps").includes(id)), ["environment.system-proxy"]);
  equal(installPlan("env-only", PARTS).length, installPlan("full", PARTS).length);
});

Deno.test("installPlan leaves start-up files alone when it is told to, also those of an earlier run", () => {
  const ids = installPlan("apps", PARTS, { shellRc: false }).map(({ place }) => place.id);
  equal(ids.includes("environment.zshrc"), false);
  equal(ids.includes("environment.fish"), false);
  equal(ids.includes("environment.session"), true);
  equal(ids.includes("environment.shell"), true); // For whoever has it read by a file of their own.
});

Deno.test("installPlan goes on without trust and environment, and not without a daemon", () => {
  const required = installPlan("apps", PARTS).filter((step) => step.required).map(({ place }) => place.id);
  deepEqual(required, ["certificate.authority", "service.daemon", "service.edge", "service.healthy"]);
});

Deno.test("wantedIn takes an unknown place for one of every mode", () => {
  equal(wantedIn("env-only", "trust.anchors"), true);
});

Deno.test("removalOrder takes out what points at the meter before the meter", () => {
  const order = removalOrder(PARTS, { keepEdge: false, authority: true, keychain: true }).map(({ id }) => id);
  const at = (id: string) => order.indexOf(id);
  equal(at("environment.zshrc") < at("service.daemon"), true);
  equal(at("environment.system-proxy") < at("service.edge"), true);
  equal(at("service.daemon") < at("service.mode"), true);
  equal(order.at(-1), "certificate.authority");
  const graceful = removalOrder(PARTS, { keepEdge: true, authority: false, keychain: false }).map(({ id }) => id);
  deepEqual(["service.edge", "certificate.authority", "trust.keychain"].filter((id) => graceful.includes(id)), []);
});
