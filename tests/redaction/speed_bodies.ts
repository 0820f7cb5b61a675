/**
 * Bodies for measuring the speed of redaction: ordinary ones, and pieces that make hostile ones when repeated.
 *
 * @module
 */

import { RULES } from "../../src/redact/rules.ts";
import { type Draw, drawFrom, letters } from "./secret_shapes.ts";

/** A body to be timed. */
export interface SpeedBody {
  readonly name: string;
  readonly text: string;
  readonly contentType: string;
}

const WORDS =
  ("the quick function return const await token usage model request response body password error import export from " +
    "in of a user data value = => { } ( ) [ ] ; , . \" ' \n \t 0 1 42 0x1f path/to/file.ts https://host.example/a?b=c " +
    "max_tokens 4096 key: secret authorization").split(" ");

function prose(draw: Draw, length: number): string {
  const words: string[] = [];
  for (let size = 0; size < length;) {
    const word = WORDS[draw(WORDS.length)] ?? "";
    words.push(word);
    size += word.length + 1;
  }
  return words.join(" ").slice(0, length);
}

/** Ordinary bodies of about `size` characters. */
export function speedBodies(size: number): SpeedBody[] {
  const draw = drawFrom("speed");
  const text = prose(draw, size);
  const secret = `sk-ant-api03-${letters(draw, "abcdefghij0123456789", 93)}AA`;
  const messages = Array.from({ length: 8 }, (_, index) => ({
    role: "user",
    content: prose(draw, size / 10) + (index % 2 === 0 ? ` key ${secret} ` : ""),
  }));
  const base64 = letters(draw, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", size);
  const events = Array.from(
    { length: Math.ceil(size / 120) },
    (_, index) =>
      `event: content_block_delta\ndata: ${
        JSON.stringify({
          type: "content_block_delta",
          index: 0,
          delta: { type: "text_delta", text: text.slice(index * 12, index * 12 + 12) },
        })
      }\n\n`,
  );
  return [
    { name: "JSON messages", text: JSON.stringify({ model: "m", messages }), contentType: "application/json" },
    { name: "plain text", text, contentType: "text/plain" },
    { name: "an event stream", text: events.join("").slice(0, size), contentType: "text/event-stream" },
    { name: "an image in JSON", text: JSON.stringify({ data: base64 }), contentType: "application/json" },
    {
      name: "encoded text in JSON",
      text: JSON.stringify({ data: btoa(text.slice(0, size * 0.75)) }),
      contentType: "application/json",
    },
    {
      name: "embeddings",
      text: JSON.stringify(Array.from({ length: size / 20 }, () => draw(1e9) / 1e9 - 0.5)),
      contentType: "application/json",
    },
  ];
}

const SEPARATORS = ["", " ", "\n", "=", '":"', "/"];

/** Pieces whose repetition might make a rule try again and again: every literal, example and half of an example. */
export const HOSTILE_UNITS: readonly string[] = [
  ...new Set(
    RULES.flatMap((rule) => [
      ...("fields" in rule ? rule.fields.map((field) => field.replaceAll(" ", "_")) : rule.literals),
      ...rule.examples,
      ...rule.examples.map((example) => example.slice(0, example.length >> 1)),
    ]).flatMap((piece, index) => [piece, piece + (SEPARATORS[index % SEPARATORS.length] ?? "")]),
  ),
  ...[
    "\\",
    '"',
    '{"a":',
    "[",
    '{"index":1,',
    "a@b.",
    "a@",
    "://a:b",
    "4111 ",
    "4111-",
    "DE89 ",
    "eyJaaaaaaaa.",
    "%41",
    "%2541",
    "a=%",
    "&;=",
  ],
  ..."host=a pwd=abcd|x;pwd=abcde|curl -u a:b1c2d|login a password bcde1|user=a;".split("|"),
  ..." -u a:b1c2; -p a1b2;user= ;password=a;aGVsbG8gd29ybGQgaGVsbG8gd29ybGQg ".split(";"),
];
