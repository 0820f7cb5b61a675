import { strictEqual as equal } from "node:assert/strict";

import { readAssignment } from "../../src/redact/assignment.ts";

/** The value that `text` assigns to the name `secret`. */
function valueIn(text: string): string | null {
  const at = text.toLowerCase().indexOf("secret");
  return readAssignment(text, at, at + "secret".length)?.value ?? null;
}

Deno.test("readAssignment reads the notations in use", () => {
  const texts = [
    '{"secret":"v1"}',
    '{"secret" : "v1"}',
    '{\\"secret\\":\\"v1\\"}',
    '{\\\\\\"secret\\\\\\":\\\\\\"v1\\\\\\"}',
    "{'secret': 'v1'}",
    "{ secret: `v1` }",
    "secret = v1 # note",
    "SECRET=v1;",
    "secret := v1",
    "secret => 'v1'",
    "secret?: 'v1'",
    'env["SECRET"] = "v1"',
    "--secret v1",
    "--my-secret v1",
    "--secret=v1",
    "?a=b&secret=v1&c=d",
    "- secret: v1",
    "secret: v1. And",
    "secret: v1, and",
    "the secret is v1 for now",
    "Secret [None]: v1",
    "ENV APP_SECRET v1",
    "<secret>v1</secret>",
    '{"name":"APP_SECRET","value":"v1"}',
    '{\\"name\\":\\"APP_SECRET\\",\\"value\\":\\"v1\\"}',
    "- name: APP_SECRET\n  value: v1",
    '<add key="Secret" value="v1" />',
  ];
  for (const text of texts) equal(valueIn(text), "v1", text);
});

Deno.test("readAssignment reads nothing where nothing is assigned", () => {
  const texts = [
    "secret",
    "secrets: v1",
    "secret v1",
    '"secret", "v1"',
    '{"secret":12345678}',
    '{"secret":null}',
    '{"secret":{"a":"v1"}}',
    "secret = call(v1)",
    "secret = list[0]",
    "secret:",
    '"secret":\\"v1\\"',
    "secret = 'v1\n'",
    "a=secret=b=c=d=e=f=g",
  ];
  for (const text of texts) equal(valueIn(text), null, text);
});

Deno.test("readAssignment ends a quoted value at its own closing quote", () => {
  equal(valueIn('{"secret":"a\\"b","c":"d"}'), 'a\\"b');
  equal(valueIn('{"secret":"a\\\\","c":"d"}'), "a\\\\");
  equal(valueIn('{\\"secret\\":\\"a\\\\\\"b\\",\\"c\\":1}'), 'a\\\\\\"b');
  equal(valueIn('{\\"secret\\":\\"a\\\\\\\\\\",\\"c\\":1}'), "a\\\\\\\\");
  equal(valueIn("secret='a\\'b'"), "a\\'b");
});

Deno.test("readAssignment stops at the end of the string around it", () => {
  equal(valueIn('{"text":"{\\"secret\\":\\"abc"}'), "abc");
  equal(valueIn('{"text":"secret=abc"}'), "abc");
  equal(valueIn('{"text":"secret=\'abc","x":"y\'"}'), null);
});

Deno.test("readAssignment tells an unfinished value from a finished one", () => {
  const open = (text: string) => readAssignment(text, 0, 6)?.open;
  equal(open("secret=abc"), true);
  equal(open("secret=abc "), false);
  equal(open('secret="abc'), true);
  equal(open('secret="abc"'), false);
});
