/**
 * Reads the corpus and puts each case into the form in which it would travel.
 *
 * A line of a corpus file is `{id, form, body, secrets}`. `body` is the text as a person or a tool wrote it, with
 * `{{kind:seed}}` for each secret (secret_shapes.ts) and `{{base64|text|base64}}` for text that a tool encoded (`base64|wrap|` in lines of 76); `form` says how
 * it is carried: inside the JSON of a provider's request, cut into the deltas of a stream, in a form, in a file upload.
 * `secrets` lists what must be masked. Everything else must not be.
 *
 * Every character of a secret is marked while the form is built, so that its place in the finished body is known exactly,
 * whatever escapes it or comes between.
 *
 * @module
 */

import { drawFrom, ruleOfKind, secretOf } from "./secret_shapes.ts";

/** Ways in which a text is carried. */
export const FORMS = [
  "text",
  "json",
  "escaped-json",
  "double-escaped-json",
  "sse-anthropic",
  "sse-openai",
  "gemini",
  "ndjson",
  "form",
  "multipart",
  "env-file",
  "log-line",
] as const;
export type Form = (typeof FORMS)[number];

/** One line of a corpus file. */
export interface CorpusLine {
  readonly id: string;
  readonly form: Form;
  readonly body: string;
  readonly secrets: readonly { readonly rule: string; readonly value: string }[];
}

/** A case ready to be redacted. */
export interface Case {
  readonly id: string;
  readonly form: Form;
  readonly contentType: string;
  readonly body: string;
  /** Rules by number of secret. */
  readonly rules: readonly string[];
  /** For each UTF-16 unit of `body` the number of the secret that it belongs to, or -1. */
  readonly owner: Int16Array;
}

/** First of the private-use characters that mark secrets, one per secret. */
const MARK = 0xe000;
const MAX_SECRETS = 64;

/** Reads one file's text. @throws {Error} when a line lists other secrets than its body holds. */
export function readCorpus(text: string): Case[] {
  return text.split("\n").filter((line) => line !== "").map((line) => caseOf(JSON.parse(line)));
}

/** Builds the case of a line. */
export function caseOf(line: CorpusLine): Case {
  const rules: string[] = [];
  const values: string[] = [];
  const text = expanded(line.body, rules, values);
  const listed = line.secrets.map(({ rule, value }) => `${rule} ${value}`).join("\n");
  if (listed !== rules.map((rule, index) => `${rule} ${values[index]}`).join("\n")) {
    throw new Error(`Corpus line ${line.id} lists other secrets than its body holds`);
  }
  if (rules.length > MAX_SECRETS) throw new Error(`Corpus line ${line.id} holds more secrets than there are marks`);
  const { body, contentType } = carried(text, line.form, drawFrom(line.id));
  return { id: line.id, form: line.form, contentType, rules, ...unmarked(body) };
}

const PLACEHOLDER = /\{\{(?:base64\|([^]*?)\|base64|([a-z0-9.-]+):([a-z0-9-]+))\}\}/g;

function expanded(body: string, rules: string[], values: string[]): string {
  return body.replaceAll(PLACEHOLDER, (placeholder, encoded: string | undefined, kind: string, seed: string) => {
    let value: string;
    if (encoded === undefined) {
      value = secretOf(kind, seed);
      rules.push(ruleOfKind(kind));
      values.push(placeholder);
    } else {
      const inner: string[] = [];
      const wrapped = encoded.startsWith("wrap|");
      value = btoa(withoutMarks(expanded(wrapped ? encoded.slice(5) : encoded, inner, [])));
      if (wrapped) value = value.replaceAll(/.{76}(?=.)/g, "$&\n");
      if (inner[0] === undefined) return value;
      rules.push(inner[0]);
      values.push(placeholder);
    }
    const mark = String.fromCharCode(MARK + rules.length - 1);
    return [...value].map((character) => mark + character).join("");
  });
}

function withoutMarks(text: string): string {
  return text.replaceAll(/[\ue000-\ue03f]/g, "");
}

/** A character as it may stand in a body: plain, escaped any number of times, or percent-encoded. */
const MARKED = /(?:[\ue000-\ue03f]|%EE%80%[89AB][0-9A-F])(\\+(?:u[0-9a-fA-F]{4}|[^])|%[0-9A-F]{2}|[^])/g;

function unmarked(text: string): { body: string; owner: Int16Array } {
  const pieces: string[] = [];
  const owners: { start: number; end: number; secret: number }[] = [];
  let copied = 0;
  let length = 0;
  for (const match of text.matchAll(MARKED)) {
    const [whole, character = ""] = match;
    const before = text.slice(copied, match.index);
    pieces.push(before, character);
    length += before.length + character.length;
    const secret = whole.startsWith("%")
      ? (decodeURIComponent(whole.slice(0, 9)).charCodeAt(0)) - MARK
      : whole.charCodeAt(0) - MARK;
    owners.push({ start: length - character.length, end: length, secret });
    copied = match.index + whole.length;
  }
  const body = pieces.join("") + text.slice(copied);
  const owner = new Int16Array(body.length).fill(-1);
  for (const { start, end, secret } of owners) owner.fill(secret, start, end);
  return { body, owner };
}

/** Cuts a text into pieces of 1 to 9 characters; a mark stays with its character. */
function deltas(text: string, draw: (below: number) => number): string[] {
  const units = text.match(/[\ue000-\ue03f]?[^]/gu) ?? [];
  const pieces: string[] = [];
  for (let at = 0; at < units.length;) {
    const size = 1 + draw(9);
    pieces.push(units.slice(at, at + size).join(""));
    at += size;
  }
  return pieces;
}

function event(value: unknown, name?: string): string {
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(value)}\n\n`;
}

const REQUEST = { model: "claude-sonnet-5-5", max_tokens: 8192 };

function carried(text: string, form: Form, draw: (below: number) => number): { body: string; contentType: string } {
  switch (form) {
    case "text":
    case "env-file":
    case "log-line":
      return { body: text, contentType: "text/plain; charset=utf-8" };
    case "json": {
      const messages = [{ role: "user", content: [{ type: "text", text, cache_control: { type: "ephemeral" } }] }];
      return { body: JSON.stringify({ ...REQUEST, messages }, null, draw(2) * 2), contentType: "application/json" };
    }
    case "escaped-json": {
      const call = {
        id: "call_1",
        type: "function",
        function: { name: "write_file", arguments: JSON.stringify({ path: "notes", content: text }) },
      };
      return {
        body: JSON.stringify({ model: "gpt-6-sol", messages: [{ role: "assistant", tool_calls: [call] }] }),
        contentType: "application/json",
      };
    }
    case "double-escaped-json": {
      const output = JSON.stringify({ stdout: JSON.stringify({ line: text }), exit_code: 0 });
      return {
        body: JSON.stringify({ input: [{ type: "function_call_output", call_id: "call_2", output }] }),
        contentType: "application/json",
      };
    }
    case "sse-anthropic": {
      const events = deltas(text, draw).map((piece) =>
        event(
          { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: piece } },
          "content_block_delta",
        )
      );
      const start = event(
        { type: "message_start", message: { id: "msg_1", usage: { input_tokens: 12 } } },
        "message_start",
      );
      return {
        body: start + events.join("") + event({ type: "message_stop" }, "message_stop"),
        contentType: "text/event-stream",
      };
    }
    case "sse-openai": {
      const events = deltas(text, draw).map((content) =>
        event({ id: "chatcmpl-1", choices: [{ index: 0, delta: { content } }] })
      );
      return { body: `${events.join("")}data: [DONE]\n\n`, contentType: "text/event-stream; charset=utf-8" };
    }
    case "gemini": {
      const chunks = deltas(text, draw).map((piece) =>
        JSON.stringify({ candidates: [{ content: { parts: [{ text: piece }], role: "model" }, index: 0 }] }, null, 2)
      );
      return { body: `[${chunks.join(",\r\n")}\n]`, contentType: "application/json; charset=UTF-8" };
    }
    case "ndjson": {
      const line = (content: string, index: number) =>
        JSON.stringify({
          custom_id: `request-${index}`,
          method: "POST",
          url: "/v1/chat/completions",
          body: { model: "gpt-6-sol", messages: [{ role: "user", content }] },
        });
      return {
        body: ["Say hello.", text, "Say goodbye."].map(line).join("\n") + "\n",
        contentType: "application/x-ndjson",
      };
    }
    case "form":
      return {
        body: `model=whisper&prompt=${encodeURIComponent(text)}&temperature=0`,
        contentType: "application/x-www-form-urlencoded",
      };
    case "multipart": {
      const boundary = "----formdata-0123456789";
      const part = (head: string, content: string) =>
        `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
      const file = part('name="file"; filename="notes.txt"\r\nContent-Type: text/plain', text);
      return {
        body: `${part('name="purpose"', "assistants")}${file}--${boundary}--\r\n`,
        contentType: `multipart/form-data; boundary=${boundary}`,
      };
    }
  }
}
