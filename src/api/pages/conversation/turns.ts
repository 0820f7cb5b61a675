/**
 * A conversation as pages show it, whatever wire format it came in. Types only.
 *
 * @module
 */

/** Who speaks. */
export type Role = "system" | "user" | "assistant" | "tool";

/** A piece of what somebody says. Texts are as stored: redacted, and never to be taken for markup. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "thinking"; readonly text: string }
  /** `input` is JSON, indented where it could be read. */
  | { readonly kind: "call"; readonly id: string | null; readonly name: string; readonly input: string }
  | { readonly kind: "result"; readonly of: string | null; readonly text: string; readonly failed: boolean }
  /** Something that is not text and is not shown: an image, a sound, a file. */
  | { readonly kind: "media"; readonly what: string; readonly detail: string | null }
  /** Something of a kind that pages do not know, or a remark of the format, such as why an answer stopped. */
  | { readonly kind: "note"; readonly text: string };

/** What one side says at once. */
export interface Turn {
  readonly role: Role;
  readonly parts: readonly Part[];
}

/** One body, read. */
export interface Conversation {
  readonly turns: readonly Turn[];
  /** Names of the tools that the model was offered. */
  readonly tools: readonly string[];
  /** Settings worth showing, such as `max_tokens`, in the order of the body. */
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/** A turn in the making, while a stream is put together. */
export interface OpenTurn {
  readonly role: Role;
  readonly parts: Part[];
}

/** Adds text to the last part when it is of the same kind, else as a part of its own. Empty text adds nothing. */
export function appendText(parts: Part[], kind: "text" | "thinking", text: string): void {
  if (text === "") return;
  const last = parts.at(-1);
  if (last?.kind === kind) parts[parts.length - 1] = { kind, text: last.text + text };
  else parts.push({ kind, text });
}
