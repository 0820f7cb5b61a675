/**
 * The lines of this program inside a text that is the user's own, such as `~/.zshrc`, between two marks. Everything else
 * keeps every byte. No I/O.
 *
 * The text is bytes as characters U+0000 to U+00FF, since a start-up file need not be UTF-8.
 *
 * Imports nothing.
 *
 * @module
 */

const BEGIN = "# >>> halton-meter >>>";
const END = "# <<< halton-meter <<<";
/** Says that the line before the block had no line end, so that taking the block out can leave it so again. */
const UNENDED = "# (the line above had no line end)";

/** Where the block is. `broken` says what is wrong with the marks. */
export type Found =
  | { readonly kind: "none" }
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "blocks"; readonly blocks: readonly Block[] };

/** One block, by its place in the text. */
interface Block {
  /** Of the first mark. */
  readonly start: number;
  /** After the second mark and its line end. */
  readonly end: number;
}

/** Looks for marks, which may have been indented or given other line ends since. */
export function findBlocks(text: string): Found {
  const blocks: Block[] = [];
  let start: number | null = null;
  for (const { index, 0: line } of text.matchAll(/[^\n]+/g)) {
    const mark = line.trim();
    if (mark === BEGIN) {
      if (start !== null) return { kind: "broken", reason: "a first mark is followed by another first mark" };
      start = index;
    } else if (mark === END) {
      if (start === null) return { kind: "broken", reason: "a last mark has no first mark before it" };
      const lineEnd = index + line.length;
      blocks.push({ start, end: text[lineEnd] === "\n" ? lineEnd + 1 : lineEnd });
      start = null;
    }
  }
  if (start !== null) return { kind: "broken", reason: "a first mark has no last mark after it" };
  return blocks.length === 0 ? { kind: "none" } : { kind: "blocks", blocks };
}

/** Whether the text holds `lines` in exactly one block. */
export function holdsBlock(text: string, lines: readonly string[]): boolean {
  const found = findBlocks(text);
  if (found.kind !== "blocks" || found.blocks.length !== 1) return false;
  const [block] = found.blocks;
  if (block === undefined) return false;
  const body = text.slice(block.start, block.end);
  return body === render(lines, false) || body === render(lines, true);
}

/**
 * The text with `lines` in one block: where the first block was, else at the end.
 *
 * @returns `null` where the marks are broken, since nobody can tell which lines are whose.
 */
export function withBlock(text: string, lines: readonly string[]): string | null {
  const found = findBlocks(text);
  if (found.kind === "broken") return null;
  if (found.kind === "none") {
    const unended = text !== "" && !text.endsWith("\n");
    return `${text}${unended ? "\n" : ""}${render(lines, unended)}`;
  }
  const [first, ...others] = found.blocks;
  if (first === undefined) return null;
  const rest = others.reverse().reduce((left, { start, end }) => left.slice(0, start) + left.slice(end), text);
  const unended = text.slice(first.start, first.end).includes(UNENDED);
  return rest.slice(0, first.start) + render(lines, unended) + rest.slice(first.end);
}

/** The text without any block; `null` where the marks are broken. */
export function withoutBlock(text: string): string | null {
  const found = findBlocks(text);
  if (found.kind === "broken") return null;
  if (found.kind === "none") return text;
  return [...found.blocks].reverse().reduce((left, { start, end }) => {
    // Lines that came after the block in the meantime need the line end.
    const unended = end === left.length && left.slice(start, end).includes(UNENDED) && left[start - 1] === "\n";
    return left.slice(0, unended ? start - 1 : start) + left.slice(end);
  }, text);
}

function render(lines: readonly string[], unended: boolean): string {
  return [BEGIN, ...(unended ? [UNENDED] : []), ...lines, END, ""].join("\n");
}
