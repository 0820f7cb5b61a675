/**
 * Text that somebody else wrote, made safe to look at: redactions stand out, and characters that hide or reorder text are
 * shown by their code instead of taking effect. Markup in it is text like any other.
 *
 * Imports: hono/jsx.
 *
 * @module
 */

/**
 * Characters without a form of their own: controls but tab and line feed, marks and overrides of writing direction, invisible
 * operators, line and paragraph separators, variation of tags. Joiners that emoji and scripts need stay.
 */
const HIDDEN =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

const PLACEHOLDER = /\[REDACTED:([a-z0-9][a-z0-9_-]{0,63})\]/g;

/** A piece of marked text. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "redacted"; readonly rule: string }
  | { readonly kind: "hidden"; readonly code: string };

function code(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** A short text with hidden characters replaced by their codes, for names, titles and attributes. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => `⟨${code(character)}⟩`);
}

/** Takes text apart at redactions and hidden characters. A carriage return before a line feed belongs to the line's end. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    pieces.push(...hiddenPieces(text.slice(from, match.index)), { kind: "redacted", rule: match[1] ?? "" });
    from = match.index + match[0].length;
  }
  return [...pieces, ...hiddenPieces(text.slice(from))];
}

function hiddenPieces(source: string): Piece[] {
  const text = source.replaceAll("\r\n", "\n");
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > from) pieces.push({ kind: "text", text: text.slice(from, match.index) });
    pieces.push({ kind: "hidden", code: code(match[0]) });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ kind: "text", text: text.slice(from) });
  return pieces;
}

/** The text as markup. */
export function Marked({ text }: { text: string }) {
  return <>{piecesOf(text).map(markup)}</>;
}

function markup(piece: Piece) {
  switch (piece.kind) {
    case "text":
      return piece.text;
    case "redacted":
      return <mark class="redacted" title={`Removed before it was stored: ${piece.rule}`}>redacted {piece.rule}</mark>;
    case "hidden":
      return <span class="control" title="A character that cannot be seen">{piece.code}</span>;
  }
}
