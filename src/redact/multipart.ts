/**
 * Cuts a multipart body (RFC 2046 section 5.1, RFC 7578) into its parts, without copying what they hold.
 *
 * Imports nothing.
 *
 * @module
 */

/** One part, `[start, end)` being its content. */
export interface Part {
  readonly start: number;
  readonly end: number;
  readonly contentType: string | null;
  /** The field's name; null when it has none. */
  readonly name: string | null;
  readonly isFile: boolean;
}

/** Heads beyond this are not heads. */
const MAX_HEAD = 4096;
/** More parts than this are left in one piece, which is searched as text. */
const MAX_PARTS = 1000;

/** The parts of a body, as far as it was kept; null when it does not look like what its content type says. */
export function partsOf(text: string, contentType: string): Part[] | null {
  const boundary = boundaryOf(contentType) ?? /^--([^\r\n]{1,200}?)[ \t]{0,8}\r?\n/.exec(text.slice(0, 300))?.[1];
  if (boundary === undefined) return null;
  const line = `--${boundary}`;
  const parts: Part[] = [];
  let at = text.indexOf(line);
  while (at >= 0 && parts.length < MAX_PARTS) {
    const head = at + line.length;
    if (text.startsWith("--", head)) break;
    const next = text.indexOf(`\n${line}`, head);
    const part = partAt(text, head, next < 0 ? text.length : next);
    if (part !== null) parts.push(part);
    if (next < 0) return parts;
    at = next + 1;
  }
  const last = parts.at(-1);
  if (last !== undefined && parts.length === MAX_PARTS) parts[MAX_PARTS - 1] = { ...last, end: text.length };
  return parts.length === 0 ? null : parts;
}

function boundaryOf(contentType: string): string | undefined {
  const match = /;\s{0,8}boundary=(?:"([^"\r\n]{1,200})"|([^\s;,"]{1,200}))/i.exec(contentType);
  return match?.[1] ?? match?.[2];
}

/** The part between two boundary lines; null when it has no content. */
function partAt(text: string, start: number, end: number): Part | null {
  const head = text.slice(start, Math.min(end, start + MAX_HEAD));
  const blank = /\r?\n\r?\n/.exec(head);
  if (blank === null) return null;
  const fields = head.slice(0, blank.index);
  const disposition = /^content-disposition:([^\r\n]{0,1000})/im.exec(fields)?.[1] ?? "";
  return {
    start: start + blank.index + blank[0].length,
    end: text[end - 1] === "\r" ? end - 1 : end,
    contentType: /^content-type:[ \t]{0,8}([^\r\n]{1,200})/im.exec(fields)?.[1] ?? null,
    name: /;\s{0,8}name="([^"]{0,200})"/i.exec(disposition)?.[1] ?? null,
    isFile: /;\s{0,8}filename\*?=/i.test(disposition),
  };
}
