import { equal } from "node:assert/strict";
import { billingBasisOf } from "../../src/meter/billing.ts";

function basis(headers: Record<string, string>, host = "api.anthropic.com", target = "/v1/messages"): string {
  return billingBasisOf(host, target, new Map(Object.entries(headers)));
}

Deno.test("billingBasisOf takes a key in a field of its own for metered", () => {
  equal(basis({ "x-api-key": "sk-ant-api03-x" }), "metered");
  equal(basis({ "x-goog-api-key": "AIzaX" }, "generativelanguage.googleapis.com"), "metered");
});

Deno.test("billingBasisOf takes a key in the query for metered, and nothing that only ends like one", () => {
  const host = "generativelanguage.googleapis.com";
  equal(basis({}, host, "/v1beta/models/m:generateContent?key=AIzaX"), "metered");
  equal(basis({}, host, "/v1beta/models/m:streamGenerateContent?alt=sse&key=AIzaX"), "metered");
  equal(basis({}, host, "/v1beta/models/m:generateContent?monkey=1"), "unknown");
  equal(basis({}, host, "/v1beta/key=1"), "unknown");
});

Deno.test("billingBasisOf knows keys by their shape, in any case of the scheme", () => {
  for (const key of ["sk-proj-x", "sk-ant-api03-x", "xai-x", "AIzaX"]) {
    equal(basis({ authorization: `Bearer ${key}` }, "api.openai.com"), "metered", key);
    equal(basis({ authorization: `bearer  ${key}` }, "api.openai.com"), "metered", key);
  }
});

Deno.test("billingBasisOf takes Anthropic's log-in tokens for a subscription", () => {
  equal(basis({ authorization: "Bearer sk-ant-oat01-x" }), "subscription");
});

Deno.test("billingBasisOf takes hosts that serve log-ins only for a subscription, whatever is sent", () => {
  for (const host of ["chatgpt.com", "cloudcode-pa.googleapis.com"]) {
    equal(basis({}, host), "subscription");
    equal(basis({ authorization: "Bearer sk-x" }, host), "subscription");
  }
});

Deno.test("billingBasisOf does not guess", () => {
  equal(basis({}), "unknown");
  equal(basis({ authorization: "Bearer eyJhbGciOi" }, "api.openai.com"), "unknown");
  equal(basis({ authorization: "Bearer ya29.x" }, "generativelanguage.googleapis.com"), "unknown");
  equal(basis({ authorization: "Basic sk-x" }, "api.openai.com"), "unknown");
  equal(basis({ authorization: "Bearer" }, "api.openai.com"), "unknown");
});
