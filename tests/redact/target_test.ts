import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";

import { redactQuery, redactTarget } from "../../src/redact/target.ts";

const KEY = "AIzaEXAMPLE0example1EXAMPLE2example3EXA";

Deno.test("redactTarget masks values of sensitive names, however they are spelt", () => {
  const names = [
    "key",
    "api_key",
    "apikey",
    "API-KEY",
    "access_token",
    "token",
    "auth",
    "password",
    "secret",
    "signature",
    "sig",
  ];
  for (
    const name of [
      ...names,
      "client_secret",
      "refresh_token",
      "code",
      "X-Amz-Signature",
      "%6Bey",
      "%256bey",
      "session%5Ftoken",
    ]
  ) {
    equal(redactTarget(`/v1/x?a=1&${name}=short&b=2`), `/v1/x?a=1&${name}=[REDACTED:query]&b=2`);
  }
});

Deno.test("redactTarget leaves ordinary targets as they are", () => {
  const targets = [
    "/v1/messages",
    "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
    "/v1/files?pageToken=abc123&pageSize=10",
    "/v1/files?next_page_token=abc123",
    "/v1/responses/resp_0123456789abcdef?include[]=reasoning.encrypted_content&key=",
    "/v1/messages/batches/msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d/results?max_tokens=5",
    "*",
    "",
  ];
  for (const target of targets) equal(redactTarget(target), target);
});

Deno.test("redactTarget masks secrets in the path, plain or percent-encoded", () => {
  equal(redactTarget(`/v1/keys/${KEY}/x`), "/v1/keys/[REDACTED:google-api-key]/x");
  equal(redactTarget(`/v1/keys/${KEY.replace("A", "%41")}/x`), "/v1/keys/[REDACTED:google-api-key]/x");
  equal(redactTarget("/users/alice%40example.com"), "/users/[REDACTED:email]");
});

Deno.test("redactTarget masks secrets in values of harmless names, encoded up to twice", () => {
  equal(redactTarget(`/x?q=a%2C${KEY}`), "/x?q=a%2C[REDACTED:google-api-key]");
  equal(redactTarget(`/x?q=${KEY.replace("z", "%7A")}&b=2`), "/x?q=[REDACTED:google-api-key]&b=2");
  equal(redactTarget(`/x?q=${KEY.replace("z", "%257A")}`), "/x?q=[REDACTED:google-api-key]");
});

Deno.test("redactTarget masks text, which may be a prompt, and keeps names", () => {
  equal(redactTarget("/x?q=Ask+the%20heron&b=2"), "/x?q=[REDACTED:text]&b=2");
  equal(redactTarget("/x/Ask%20the%20heron/y?b=2"), "/x/[REDACTED:text]/y?b=2");
  equal(redactTarget("/x?Ask%20the%20heron=1&Ask%20it"), "/x?[REDACTED:text]=1&[REDACTED:text]");
  equal(redactTarget("/x?q=%E4%BD%A0%E5%A5%BD"), "/x?q=[REDACTED:text]");
  equal(redactTarget(`/x?q=${"a".repeat(300)}#Ask%20it`), "/x?q=[REDACTED:text]#[REDACTED:text]");
});

Deno.test("redactTarget masks encoded secrets in a query without names", () => {
  equal(redactTarget(`/x?a%2C${KEY.replace("z", "%7A")}`), "/x?a%2C[REDACTED:google-api-key]");
});

Deno.test("redactTarget masks fragments, userinfo and ephemeral tokens", () => {
  equal(
    redactTarget("https://host.internal/cb#access_token=abc&x=1"),
    "https://host.internal/cb#access_token=[REDACTED:query]&x=1",
  );
  equal(redactTarget("https://user:pass0000@host.internal/"), "https://user:[REDACTED:url-password]@host.internal/");
  equal(redactTarget("/ws?access_token=auth_tokens/0011"), "/ws?access_token=[REDACTED:query]");
});

Deno.test("redactTarget masks a value that holds a semicolon to its end", () => {
  equal(redactTarget("/x?key=ab;cd&e=1"), "/x?key=[REDACTED:query]&e=1");
  equal(redactTarget("/x?a=1;key=ab"), "/x?a=1;key=[REDACTED:query]");
});

Deno.test("redactQuery counts what it masked", () => {
  deepEqual(redactQuery(`a=${KEY}&token=x&key=y`), {
    text: "a=[REDACTED:google-api-key]&token=[REDACTED:query]&key=[REDACTED:query]",
    counts: { "google-api-key": 1, query: 2 },
  });
});
