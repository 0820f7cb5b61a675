import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { closeError } from "../../src/providers/closing.ts";
import { classifyError } from "../../src/providers/errors.ts";

function classOf(code: number, reason: string) {
  const error = closeError({ code, reason });
  return error === null ? null : classifyError("gemini", 101, error, null);
}

Deno.test("closeError() finds no failure in a socket that ended in peace, or without a frame", () => {
  equal(closeError(null), null);
  for (const code of [1000, 1001, 1005]) equal(closeError({ code, reason: "API key not valid" }), null);
});

Deno.test("closeError() takes a failure from the code, and names it by the provider's own sentences", () => {
  const cases: [number, string, string | null, string][] = [
    [1007, "Request contains an invalid argument.", "INVALID_ARGUMENT", "bad_request"],
    [1007, "API key not valid. Please pass a valid API key.", "API_KEY_INVALID", "auth"],
    [1008, "models/x is not found for API version v1beta, or is not supported", "NOT_FOUND", "bad_request"],
    [1008, "Operation is not implemented, or supported, or enabled.", "UNIMPLEMENTED", "bad_request"],
    [1011, "You exceeded your current quota, please check your plan and billing", "RESOURCE_EXHAUSTED", "rate_limit"],
    [1011, "Resource has been exhausted (e.g. check quota).", "RESOURCE_EXHAUSTED", "rate_limit"],
    [1011, "Deadline expired before operation could complete.", "DEADLINE_EXCEEDED", "timeout"],
    [1011, "The service is currently unavailable.", "UNAVAILABLE", "server_error"],
    [1011, "Internal error encountered.", null, "server_error"],
    [1008, "", null, "bad_request"],
    [1009, "", null, "bad_request"],
    [1013, "try again", null, "server_error"],
    [3000, "", null, "auth"],
    [4999, "whatever", null, "unknown"],
  ];
  for (const [code, reason, word, errorClass] of cases) {
    deepEqual(closeError({ code, reason }), { type: `close_${code}`, code: word, status: null }, reason);
    equal(classOf(code, reason), errorClass, `${code} ${reason}`);
  }
});

Deno.test("closeError() keeps nothing else of a reason", () => {
  equal(
    JSON.stringify(closeError({ code: 1008, reason: "the heron said: my password is swordfish" })).includes("heron"),
    false,
  );
});
