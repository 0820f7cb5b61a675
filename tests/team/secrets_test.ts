import { match, notStrictEqual as notEqual, ok, strictEqual as equal } from "node:assert/strict";
import {
  formatCode,
  formToken,
  hashOf,
  loginKey,
  randomCode,
  randomSecret,
  readCode,
  sameHash,
} from "../../src/team/secrets.ts";

Deno.test("randomCode() draws from all 32 letters", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const code = randomCode();
    match(code, /^[0-9A-HJKMNP-TV-Z]{8}$/);
    for (const letter of code) seen.add(letter);
  }
  equal(seen.size, 32);
});

Deno.test("readCode() reads what people type for a code, and nothing else", () => {
  for (const typed of ["0123-ABCD", "0123abcd", " o1l3 - abcd ".replace("l", "2"), "OI23-ABCD"]) {
    equal(readCode(typed), "0123ABCD", typed);
  }
  for (const typed of ["", "0123-ABC", "0123-ABCDE", "0123-ABCU", "0123_ABCD", "０１２３-ABCD"]) {
    equal(readCode(typed), null, typed);
  }
  equal(readCode(formatCode("0123ABCD")), "0123ABCD");
});

Deno.test("randomSecret() has 256 bits and is never the same", () => {
  match(randomSecret(), /^[\w-]{43}$/);
  notEqual(randomSecret(), randomSecret());
});

Deno.test("sameHash() compares whole hashes", () => {
  ok(sameHash(hashOf("a"), hashOf("a")));
  equal(sameHash(hashOf("a"), hashOf("b")), false);
  equal(sameHash("ab", "abc"), false);
});

Deno.test("loginKey() tells workspaces and names apart, but not their case", () => {
  equal(loginKey("acme", "Ada"), loginKey("ACME", "ada"));
  notEqual(loginKey("acme", "ada"), loginKey("acm", "eada"));
});

Deno.test("formToken() differs by session and does not show it", () => {
  notEqual(formToken("a"), formToken("b"));
  equal(formToken("a"), formToken("a"));
});
