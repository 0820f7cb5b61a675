import { strictEqual as equal } from "node:assert/strict";
import { billingBasisOf } from "../../src/meter/billing.ts";

function basis(headers: Record<string, string>, host = "api.anthropic.com", target = "/v1/messages"): string {
  return billingBasisOf(host, target, new Map(Object.entries(headers)));
}

function bearer(token: string, host = "api.openai.com"): string {
  return basis({ authorization: `Bearer ${token}` }, host);
}

Deno.test("billingBasisOf takes a key in a field of its own for metered, unless it is a log-in's token", () => {
  equal(basis({ "x-api-key": "sk-ant-api03-x" }), "metered");
  equal(basis({ "x-api-key": "anything" }), "metered");
  equal(basis({ "x-api-key": "sk-ant-oat01-x" }), "subscription");
  equal(basis({ "x-goog-api-key": "AIzaX" }, "generativelanguage.googleapis.com"), "metered");
  equal(basis({ "x-goog-api-key": "AQ.other-form" }, "generativelanguage.googleapis.com"), "metered");
});

Deno.test("billingBasisOf takes a key in the query for metered, and nothing that only ends like one", () => {
  const host = "generativelanguage.googleapis.com";
  const live = "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained";
  equal(basis({}, host, "/v1beta/models/m:generateContent?key=AIzaX"), "metered");
  equal(basis({}, host, "/v1beta/models/m:streamGenerateContent?alt=sse&key=AIzaX"), "metered");
  equal(basis({}, host, "/v1beta/models/m:generateContent?alt=sse&api_key=AIzaX"), "metered");
  equal(basis({}, host, `${live}?access_token=auth_tokens/abc`), "metered");
  equal(basis({}, host, `${live}?access_token=auth_tokens%2Fabc`), "metered");
  equal(basis({}, host, `${live}?access_token=ya29.x`), "unknown");
  equal(basis({}, host, "/v1beta/models/m:generateContent?key="), "unknown");
  equal(basis({}, host, "/v1beta/models/m:generateContent?key=&alt=sse"), "unknown");
  equal(basis({}, host, "/v1beta/models/m:generateContent?monkey=1"), "unknown");
  equal(basis({}, host, "/v1beta/key=1"), "unknown");
});

Deno.test("billingBasisOf knows keys by their shape, in any case of the scheme", () => {
  const keys = [
    "sk-x",
    "sk-proj-x",
    "sk-svcacct-x",
    "sk-admin-x",
    "sk-ant-api03-x",
    "sk-ant-admin01-x",
    "xai-x",
    "AIzaX",
  ];
  for (const key of keys) {
    equal(bearer(key), "metered", key);
    equal(basis({ authorization: `bearer  ${key}` }, "api.openai.com"), "metered", key);
  }
});

Deno.test("billingBasisOf takes ephemeral keys for metered: they were minted from a key", () => {
  equal(bearer("ek_abc"), "metered");
  equal(basis({ authorization: "Token auth_tokens/abc" }, "generativelanguage.googleapis.com"), "metered");
});

Deno.test("billingBasisOf takes a key that is carried as a subprotocol for metered", () => {
  const of = (protocols: string) => basis({ "sec-websocket-protocol": protocols }, "api.openai.com", "/v1/realtime");
  equal(of("realtime, openai-insecure-api-key.sk-proj-x, openai-beta.realtime-v1"), "metered");
  equal(of("realtime,openai-insecure-api-key.ek_abc"), "metered");
  equal(of("xai-client-secret.abc"), "metered");
  equal(of("realtime"), "unknown");
  equal(of("openai-insecure-api-key."), "unknown");
  equal(of("not-openai-insecure-api-key.sk-x"), "unknown");
});

Deno.test("billingBasisOf takes Anthropic's log-in tokens for a subscription", () => {
  equal(bearer("sk-ant-oat01-x", "api.anthropic.com"), "subscription");
});

Deno.test("billingBasisOf takes hosts that serve log-ins only for a subscription, whatever is sent", () => {
  for (const host of ["chatgpt.com", "cloudcode-pa.googleapis.com", "daily-cloudcode-pa.googleapis.com"]) {
    equal(basis({}, host), "subscription");
    equal(basis({ authorization: "Bearer sk-x" }, host), "subscription");
  }
});

Deno.test("billingBasisOf does not guess", () => {
  equal(basis({}), "unknown");
  equal(bearer("eyJhbGciOi"), "unknown");
  equal(bearer("ya29.x", "generativelanguage.googleapis.com"), "unknown");
  equal(bearer("sk-ant-req-x", "api.anthropic.com"), "unknown");
  equal(basis({ authorization: "Basic sk-x" }, "api.openai.com"), "unknown");
  equal(basis({ authorization: "Bearer" }, "api.openai.com"), "unknown");
  equal(basis({ cookie: "sessionKey=sk-ant-sid01-x" }), "unknown");
});
