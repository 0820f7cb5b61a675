/**
 * Ways to spoil bytes, repeatable by seed.
 *
 * @module
 */

import type { Random } from "./bodies.ts";
import { pick } from "./bodies.ts";
import { concat, utf8 } from "./wire.ts";

/** What is put into the middle of a message: grammar of every layer, numbers that overflow, nesting, broken UTF-8. */
const SPLICES: readonly Uint8Array[] = [
  ...[
    "\r\n",
    "\n\n",
    "\r\n0\r\n\r\n",
    "ffffffffffffffff\r\n",
    "-5\r\n",
    "7fffffff;x=y\r\n",
    "\r\nContent-Length: 3\r\n",
    "\r\nTransfer-Encoding: gzip\r\n",
    "\r\nContent-Encoding: br\r\n",
    "data: ",
    "data: {",
    "event: error\n",
    "data: [DONE]\n\n",
    ":\n",
    '"usage":{"input_tokens":99999999999999999999,"output_tokens":1e308,"prompt_tokens":-0.5}',
    '"usage":null,',
    '"usageMetadata":[{"promptTokenCount":[]}],',
    '{"type":"error","error":{"type":{"a":1},"message":3}}',
    '{"__proto__":{"input_tokens":7},"constructor":1}',
    "[".repeat(3000),
    '{"a":'.repeat(2000),
    '"\\ud800\\u0000',
    "9".repeat(400),
    ",,]]}}",
  ].map((text) => utf8(text)),
  Uint8Array.of(0xff, 0xfe, 0xfd),
  Uint8Array.of(0xc3),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0),
  Uint8Array.of(0x1f, 0x8b, 0x08, 0x00),
  Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x04, 0xff, 0xff),
];

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  function flipBits(bytes, random) {
    const copy = bytes.slice();
    for (let times = 1 + random(4); times > 0 && copy.length > 0; times--) {
      const at = random(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
    }
    return copy;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random(bytes.length + 1));
  },
  function duplicate(bytes, random) {
    const [from, to] = range(bytes, random);
    return concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  function remove(bytes, random) {
    const [from, to] = range(bytes, random);
    return concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function splice(bytes, random) {
    const at = random(bytes.length + 1);
    return concat([bytes.subarray(0, at), pick(random, SPLICES), bytes.subarray(at)]);
  },
  /** A length in a chunk or a field that is not the one of what follows. */
  function lieAboutNumbers(bytes, random) {
    const at = bytes.findIndex((byte, index) => index > random(bytes.length + 1) && byte >= 0x30 && byte <= 0x39);
    if (at < 0) return bytes;
    const copy = bytes.slice();
    copy[at] = 0x30 + random(10);
    return copy;
  },
];

function range(bytes: Uint8Array, random: Random): [number, number] {
  const from = random(bytes.length + 1);
  return [from, Math.min(bytes.length, from + random(200))];
}

/** Up to three mutations, one after the other; none in one case of eight, so that what is whole is met as well. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  if (random(8) === 0) return bytes;
  let result = bytes;
  for (let times = 1 + random(3); times > 0; times--) result = pick(random, MUTATIONS)(result, random);
  return result;
}

/** Bytes in a few pieces. */
export function pieces(bytes: Uint8Array, random: Random): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random(random(3) === 0 ? 40 : bytes.length));
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}
