import { match, strictEqual as equal } from "node:assert/strict";
import {
  basisSentence,
  costReason,
  errorLabel,
  isBilled,
  providerClass,
  providerName,
  usageReason,
} from "../../../src/api/pages/words.ts";

Deno.test("costReason() knows every reason, and shows one that it does not know as it stands", () => {
  equal(costReason("usage_incomplete").label, "answer cut short");
  equal(costReason("something_new").label, "something new");
  equal(costReason(null).label, "unknown");
  equal(costReason("constructor").label, "constructor");
});

Deno.test("usageReason(), basisSentence() and errorLabel() are sentences or the word itself", () => {
  match(usageReason("cut"), /ended before/);
  equal(usageReason("other_reason"), "other reason");
  match(basisSentence("subscription"), /not billed/);
  equal(basisSentence("toString"), "toString");
  equal(errorLabel("rate_limit"), "rate limit");
  equal(errorLabel(null), "error");
});

Deno.test("isBilled() is false for subscriptions and credits only", () => {
  equal(["metered", "unknown", "subscription", "credits"].map(isBilled).join(), "true,true,false,false");
});

Deno.test("a provider that is not known keeps its name and gets the colour of others", () => {
  equal(providerName("gemini"), "Google Gemini");
  equal(providerClass("gemini"), "p-gemini");
  equal(providerName("acme"), "acme");
  equal(providerClass('x" onload="'), "p-other");
});
