import { ok, strictEqual as equal } from "node:assert/strict";

import {
  entropy,
  isBasicCredential,
  isCardNumber,
  isStandIn,
  looksRandom,
  luhn,
  mod97,
} from "../../src/redact/checks.ts";

Deno.test("entropy counts bits per character", () => {
  equal(entropy(""), 0);
  equal(entropy("aaaa"), 0);
  equal(entropy("abab"), 1);
  equal(entropy("abcdefgh"), 3);
});

Deno.test("luhn accepts a right check digit and refuses every other one", () => {
  for (let digit = 0; digit <= 9; digit++) equal(luhn(`411111111111111${digit}`), digit === 1);
  equal(luhn(""), false);
});

Deno.test("isCardNumber wants a network's length and leading digits", () => {
  for (const text of ["4111 1111 1111 1111", "378282246310005", "6011111111111117", "30569309025904"]) {
    ok(isCardNumber(text), text);
  }
  for (const text of ["1111111111111117", "0000000000000000", "41111111111111116"]) ok(!isCardNumber(text), text);
});

Deno.test("mod97 refuses an IBAN with any digit changed", () => {
  const iban = "DE89370400440532013000";
  ok(mod97(iban));
  for (let index = 2; index < iban.length; index++) {
    const other = iban[index] === "9" ? "8" : "9";
    ok(!mod97(iban.slice(0, index) + other + iban.slice(index + 1)));
  }
});

Deno.test("isBasicCredential wants a user and a password in printable characters", () => {
  ok(isBasicCredential(btoa("example:example")));
  ok(isBasicCredential(btoa("u:")));
  ok(isBasicCredential(btoa("user:p").replaceAll("=", "")));
  for (const text of ["authentication", btoa("no colon"), btoa("\u0000:\u0000")]) ok(!isBasicCredential(text), text);
});

Deno.test("isStandIn tells templates and type names from secrets", () => {
  for (
    const text of ["${TOKEN}", "<token>", "{{ key }}", "%s", "your-key-here", "string", "two words", "a[REDACTED:x]b"]
  ) ok(isStandIn(text), text);
  for (const text of ["swordfish", "0123example4567", "correct-horse-battery"]) ok(!isStandIn(text), text);
});

Deno.test("looksRandom tells drawn values from written ones", () => {
  for (
    const text of [
      "0123example4567",
      "a1b2c3d4e5f6",
      "EXAMPLE0example1EXAMPLE2",
      "550e8400-e29b-41d4-a716-446655440000",
    ]
  ) ok(looksRandom(text), text);
  for (
    const text of [
      "getToken2",
      "config.api_key_2",
      "1234567890",
      "aaaaaaaa1",
      "/home/example/dir1",
      "2024-01-01T00:00",
      "v1.2.3-rc4",
      "a1",
    ]
  ) {
    ok(!looksRandom(text), text);
  }
});
