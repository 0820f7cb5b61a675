/**
 * The meter's certificate inside the text of a certifi bundle, between two marks at its end. Everything else keeps every
 * byte, and taking the block out gives back the text that was there before. No I/O.
 *
 * Texts are bytes as characters U+0000 to U+00FF. The block itself is ASCII, since certifi reads its bundle as that.
 *
 * Imports: os/trust/fingerprint.ts (types).
 *
 * @module
 */

import type { Certificate } from "./fingerprint.ts";

const BEGIN = "# halton-meter begin";
const END = "# halton-meter end";
/** Says that the line before the block had no line end. */
const UNENDED = ", the line above had no end";

/** How a bundle stands to the certificate. `broken`: only one of the two marks is there. */
export type BlockState = "present" | "absent" | "differs" | "broken";

/** Finds the blocks in a bundle. */
export function blockState(text: string, certificate: Certificate): BlockState {
  const found = blocksIn(text);
  if (found === null) return "broken";
  const [block] = found;
  if (block === undefined) return "absent";
  return found.length === 1 && [true, false].some((unended) => block[0] === render(certificate, unended))
    ? "present"
    : "differs";
}

/** The text with the certificate in one block at its end; `null` where the marks are broken. */
export function withCertificate(text: string, certificate: Certificate): string | null {
  const bare = withoutCertificate(text);
  if (bare === null) return null;
  const unended = bare !== "" && !bare.endsWith("\n");
  return `${bare}${unended ? "\n" : ""}${render(certificate, unended)}`;
}

/** The text without any block; `null` where the marks are broken. */
export function withoutCertificate(text: string): string | null {
  const found = blocksIn(text);
  if (found === null) return null;
  return [...found].reverse().reduce((left, { index, 0: block }) => {
    // Lines that were added after the block need the line end.
    const last = index + block.length === left.length;
    const before = block.startsWith(BEGIN + UNENDED) && last ? index - 1 : index;
    return left.slice(0, before) + left.slice(index + block.length);
  }, text);
}

function render({ pem }: Certificate, unended: boolean): string {
  return `${BEGIN}${unended ? UNENDED : ""}\n${pem}${END}\n`;
}

/** `null` where a mark has no other, or one block begins inside another. */
function blocksIn(text: string): RegExpExecArray[] | null {
  const marks = (mark: string) => text.split("\n").filter((line) => line.startsWith(mark)).length;
  const block = new RegExp(`^${BEGIN}[^\\n]*\\n(?:(?!# halton-meter )[^\\n]*\\n)*?${END}(?:\\n|$)`, "gm");
  const blocks = [...text.matchAll(block)];
  return marks(BEGIN) === blocks.length && marks(END) === blocks.length ? blocks : null;
}
