import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { clientFinding, type Finding, groupOf, GROUPS, planFindings, verdictOf } from "../../src/install/findings.ts";
import type { Place, PlaceState } from "../../src/os/place.ts";

function finding(group: Finding["group"], state: Finding["state"]): Finding {
  return { id: `${group}.x`, group, label: "x", state, detail: "x", hint: null };
}

function place(id: string, state: PlaceState["state"], hint: string | null = null): Place {
  const now = () => Promise.resolve({ state, detail: `it is ${state}`, hint });
  return {
    id,
    label: `set ${id}`,
    check: now,
    apply: () => Promise.reject(new Error("doctor must change nothing")),
    remove: () => Promise.reject(new Error("doctor must change nothing")),
  };
}

Deno.test("verdictOf tells a broken meter from one that differs, and neither from warnings", () => {
  equal(verdictOf([]), "HEALTHY");
  equal(verdictOf(GROUPS.flatMap((group) => [finding(group, "warning"), finding(group, "skipped")])), "HEALTHY");
  equal(verdictOf([finding("trust", "problem")]), "INCONSISTENT");
  equal(verdictOf([finding("clients", "problem"), finding("privacy", "problem")]), "INCONSISTENT");
  for (const group of ["configuration", "certificate", "services", "ports", "database", "self-test"] as const) {
    equal(verdictOf([finding("trust", "problem"), finding(group, "problem")]), "BROKEN", group);
  }
});

Deno.test("planFindings looks at every place and changes none", async () => {
  const wanted = { wanted: true, required: false };
  const findings = await planFindings([
    { place: place("certificate.authority", "present"), ...wanted },
    { place: place("trust.keychain", "absent"), ...wanted },
    { place: place("environment.zshrc", "differs", "Do this"), ...wanted },
    { place: place("trust.nss", "unavailable"), ...wanted },
    { place: place("service.daemon", "unavailable"), wanted: true, required: true },
    { place: place("environment.system-proxy", "present"), wanted: false, required: false },
    { place: place("environment.fish", "absent"), wanted: false, required: false },
  ]);
  deepEqual(findings.map(({ id, group, state }) => `${id} ${group} ${state}`), [
    "certificate.authority certificate ok",
    "trust.keychain trust problem",
    "environment.zshrc environment problem",
    "trust.nss trust skipped",
    "service.daemon services problem",
    "environment.system-proxy system proxy problem",
  ]);
  equal(findings[1]?.hint, "Run: halton-meter doctor --fix --apply");
  equal(findings[2]?.hint, "Do this");
});

Deno.test("planFindings survives a place that cannot be looked at", async () => {
  const broken = { ...place("trust.nss", "absent"), check: () => Promise.reject(new Error("no")) };
  const [found] = await planFindings([{ place: broken, wanted: true, required: false }]);
  equal(found?.state, "skipped");
});

Deno.test("clientFinding takes what the user chose for a warning, and a failing tool for a problem", () => {
  const facts = { name: "node", version: "20.20.2", env: new Map() } as const;
  const states = (["metered", "partly", "unmetered", "broken"] as const).map((verdict) => {
    return clientFinding(facts, { verdict, detail: "", hint: null }).state;
  });
  deepEqual(states, ["ok", "warning", "warning", "problem"]);
  equal(clientFinding(facts, { verdict: "metered", detail: "", hint: null }).label, "Node 20.20.2");
  equal(groupOf("trust.certifi"), "trust");
});

Deno.test("verdictOf is INCONSISTENT where only another version runs, since it meters", () => {
  const version: Finding = {
    id: "services.version",
    group: "services",
    label: "this version runs",
    state: "problem",
    detail: "a daemon of version 1.0.0 runs, and this is 1.1.0",
    hint: null,
  };
  equal(verdictOf([version]), "INCONSISTENT");
  equal(verdictOf([version, { ...version, id: "services.running" }]), "BROKEN");
});
