import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type Reading, UNKNOWN_USAGE } from "../../src/domain/exchange.ts";
import { buildRow, type Observed } from "../../src/roles/row_builder.ts";
import { bareReading } from "../meter/bare_reading.ts";

const OWNER = { slug: "shop", layer: "git" } as const;
const USAGE = { input: 100, cacheRead: 20, cacheWrite5m: 3, cacheWrite1h: 4, output: 50, thinking: null };

function reading(changes: Partial<Reading> = {}): Reading {
  return bareReading({
    mode: "streaming",
    requestedModel: "claude-asked",
    servedModel: "claude-served",
    responseId: "msg_1",
    requestedTier: "auto",
    servedTier: "standard",
    parts: [{ kind: "response", model: "claude-served", usage: USAGE }],
    rawUsage: '{"input_tokens":100}',
    ...changes,
  });
}

function seen(changes: Partial<Observed> = {}): Observed {
  return {
    facts: {
      host: "api.anthropic.com",
      method: "POST",
      target: "/v1/messages?beta=true",
      headers: new Map([["user-agent", "claude-cli/2.0.1 (external)"], ["x-api-key", "sk-ant-api03-x"]]),
    },
    httpStatus: 200,
    requestedAt: 1_700_000_000_000.75,
    firstByteAt: 1_700_000_000_120.25,
    endedAt: 1_700_000_001_000.75,
    requestBytes: 1_000,
    responseBytes: 2_000,
    promptHash: "ab".repeat(32),
    transport: null,
    cutBy: null,
    copyFailure: null,
    ...changes,
  };
}

function row(changes: Partial<Reading> = {}, observed: Partial<Observed> = {}) {
  return buildRow("id-1", reading(changes), { kind: "free" }, seen(observed), OWNER);
}

Deno.test("buildRow puts together what was read and what was seen", () => {
  const built = row();
  const expected = {
    id: "id-1",
    attribution: OWNER,
    provider: "anthropic",
    host: "api.anthropic.com",
    method: "POST",
    path: "/v1/messages?beta=true",
    requestedModel: "claude-asked",
    model: "claude-served",
    mode: "streaming",
    requestKind: "chat",
    usage: USAGE,
    extraParts: null,
    rawUsage: '{"input_tokens":100}',
    cost: { kind: "free" },
    billingBasis: "metered",
    requestedTier: "auto",
    servedTier: "standard",
    responseId: "msg_1",
    clientName: "claude-code",
    clientVersion: "2.0.1",
    status: "success",
    httpStatus: 200,
    errorClass: null,
    providerErrorCode: null,
    providerErrorType: null,
    requestedAt: 1_700_000_000_000,
    ttftMs: 119.5,
    latencyMs: 1_000,
    tokensComplete: true,
    usageUnknown: null,
    usageInconsistent: false,
    requestBytes: 1_000,
    responseBytes: 2_000,
    promptHash: "ab".repeat(32),
  };
  deepEqual({ ...built, ...expected }, built);
});

Deno.test("buildRow masks what a target carries", () => {
  const facts = {
    ...seen().facts,
    target: "/v1beta/models/m:generateContent?key=AIzaSyD-0123456789abcdefghijklmnopqrstu",
  };
  const path = row({}, { facts }).path;
  equal(path.includes("AIza"), false);
  equal(path.startsWith("/v1beta/models/m:generateContent?key="), true);
});

Deno.test("buildRow falls back to the model asked for, and to null", () => {
  equal(row({ servedModel: null }).model, "claude-asked");
  equal(row({ servedModel: null, requestedModel: null }).model, null);
});

Deno.test("buildRow sums the parts, and what one part does not know is not known", () => {
  const part = (usage: Partial<typeof USAGE>) => ({
    kind: "compaction" as const,
    model: "claude-asked",
    usage: { ...UNKNOWN_USAGE, ...usage },
  });
  const known = row({
    parts: [
      { kind: "response", model: "m", usage: { ...USAGE, thinking: 5 } },
      part({ input: 1, cacheRead: 2, cacheWrite5m: 3, cacheWrite1h: 4, output: 5 }),
    ],
  });
  deepEqual(known.usage, { input: 101, cacheRead: 22, cacheWrite5m: 6, cacheWrite1h: 8, output: 55, thinking: null });
  equal(JSON.parse(known.extraParts ?? "")[0].kind, "compaction");
});

Deno.test("buildRow classes failures, and keeps the provider's identifiers only", () => {
  const error = { type: "overloaded_error", code: "x", status: null };
  const failed = row({ error }, { httpStatus: 529 });
  equal(failed.status, "error");
  equal(failed.providerErrorType, "overloaded_error");
  equal(failed.providerErrorCode, "x");
  equal(row({}, { httpStatus: 429 }).errorClass, "rate_limit");
  equal(row({}, { httpStatus: 401 }).errorClass, "auth");
  equal(row({ error }, { httpStatus: 200 }).status, "error", "an error within a stream that began well");
});

Deno.test("buildRow tells a provider that was not reached from one that was slow", () => {
  equal(row({}, { httpStatus: null, transport: "network" }).errorClass, "network");
  equal(row({}, { httpStatus: null, transport: "timeout" }).errorClass, "timeout");
  equal(row({}, { httpStatus: null }).errorClass, "network");
});

Deno.test("buildRow does not call a cut stream an error, nor its counts complete", () => {
  const cut = row({ complete: false, usageUnknown: "cut" });
  equal(cut.status, "success");
  equal(cut.tokensComplete, false);
  equal(cut.usageUnknown, "cut");
});

Deno.test("buildRow says that the copy, not the call, is to blame for counts that are missing", () => {
  equal(row({ complete: false, usageUnknown: "cut" }, { copyFailure: "dropped" }).usageUnknown, "dropped");
  equal(row({ complete: false, usageUnknown: "cut" }, { copyFailure: "unreadable" }).usageUnknown, "unreadable");
  equal(row({}, { copyFailure: "dropped" }).usageUnknown, null, "nothing is missing");
});

Deno.test("buildRow gives null for times that never came", () => {
  const nothing = row({}, { firstByteAt: null, endedAt: null, promptHash: null });
  equal(nothing.ttftMs, null);
  equal(nothing.latencyMs, null);
  equal(nothing.promptHash, null);
});

Deno.test("buildRow tells a client that left from a provider that failed", () => {
  const cut = { complete: false, usageUnknown: "cut" } as const;
  equal(row(cut, { cutBy: "client" }).errorClass, null);
  equal(row(cut, { cutBy: "client" }).status, "success");
  equal(row(cut, { cutBy: "provider" }).errorClass, "network");
  equal(row(cut, { cutBy: "provider" }).tokensComplete, false);
  equal(row(cut, { httpStatus: null, transport: "network" }).tokensComplete, true, "nothing was ever generated");
  equal(row({}, { cutBy: "provider" }).errorClass, null, "the answer was complete before the provider left");
  equal(row(cut, { httpStatus: null, cutBy: "client" }).errorClass, "timeout");
  equal(row(cut, { httpStatus: null, cutBy: "provider" }).errorClass, "network");
});
