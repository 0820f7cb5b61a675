/**
 * Reads a regular expression with flag `u` into a tree, as far as its cost depends on it.
 *
 * Owns which constructs a user's pattern may use: no back references, no named groups' references, no flags within, and
 * lookbehind only over a bounded stretch. Expects a pattern that compiles; does not check the grammar again.
 *
 * Imports nothing.
 *
 * @module
 */

/** Codes of ASCII characters, and {@link BEYOND} for all others together. */
export type CharSet = ReadonlySet<number>;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** A part of a pattern. */
export type Node =
  /** One character. */
  | Span & { readonly kind: "set"; readonly set: CharSet }
  /** `^`, `$`, `\b`, `\B`. */
  | Span & { readonly kind: "check" }
  | Span & { readonly kind: "look"; readonly body: Node; readonly bodyStart: number }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[]; readonly grouped: boolean }
  | Span & {
    readonly kind: "repeat";
    readonly body: Node;
    readonly min: number;
    readonly max: number;
    readonly lazy: boolean;
    readonly signStart: number;
  };

/** Stands for every character that is not ASCII. */
const BEYOND = 128;
const EVERYTHING: CharSet = new Set(Array.from({ length: BEYOND + 1 }, (_, code) => code));

/** Characters that lookbehind may cover. */
const MAX_LOOKBEHIND = 64;
const MAX_DEPTH = 50;

/** The characters in either set. */
export function union(one: CharSet, other: CharSet): CharSet {
  return new Set([...one, ...other]);
}

/** The tree of a pattern, or what in it may not be used. */
export function parsePattern(pattern: string): { readonly node: Node } | { readonly reason: string } {
  try {
    return { node: new Reader(pattern).choice(0, false) };
  } catch (error) {
    if (error instanceof Refused) return { reason: error.message };
    throw error;
  }
}

class Refused extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  choice(depth: number, grouped: boolean): Node {
    if (depth > MAX_DEPTH) throw new Refused("too many nested groups");
    const options: Node[] = [this.#sequence(depth)];
    while (this.#text[this.#at] === "|") {
      this.#at++;
      options.push(this.#sequence(depth));
    }
    return { kind: "choice", options, grouped };
  }

  #sequence(depth: number): Node {
    const items: Node[] = [];
    while (this.#at < this.#text.length && !"|)".includes(this.#text.charAt(this.#at))) {
      items.push(this.#quantified(this.#atom(depth)));
    }
    return { kind: "sequence", items };
  }

  #quantified(body: Node): Node {
    const signStart = this.#at;
    const sign = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})(\??)/.exec(this.#text.slice(this.#at, this.#at + 40));
    if (sign === null) return body;
    this.#at += sign[0].length;
    const [whole, least, comma, most] = sign;
    const min = least === undefined ? (whole.startsWith("+") ? 1 : 0) : Number(least);
    const max = least === undefined
      ? (whole.startsWith("?") ? 1 : Infinity)
      : comma === undefined
      ? min
      : most === ""
      ? Infinity
      : Number(most);
    const lazy = sign[4] === "?";
    return { kind: "repeat", body, min, max, lazy, signStart, start: signStart, end: this.#at };
  }

  #atom(depth: number): Node {
    const start = this.#at;
    switch (this.#text[start]) {
      case "(":
        return this.#group(depth);
      case "[":
        return { kind: "set", set: this.#class(), start, end: this.#at };
      case "\\":
        return this.#escape();
      case "^":
      case "$":
        this.#at++;
        return { kind: "check", start, end: this.#at };
      case ".":
        this.#at++;
        return { kind: "set", set: EVERYTHING, start, end: this.#at };
    }
    const code = this.#text.codePointAt(start) ?? 0;
    this.#at += code > 0xffff ? 2 : 1;
    return { kind: "set", set: setOf(code), start, end: this.#at };
  }

  #group(depth: number): Node {
    const start = this.#at;
    const opening = /^\((?:\?(?::|<?[=!]|<[^>=!]+>|(.)))?/.exec(this.#text.slice(start, start + 200))?.[0] ?? "(";
    const isLook = /^\(\?<?[=!]$/.test(opening);
    if (!isLook && opening !== "(" && opening !== "(?:" && !opening.endsWith(">")) {
      throw new Refused("a group with flags");
    }
    this.#at += opening.length;
    const bodyStart = this.#at;
    const body = this.choice(depth + 1, !isLook);
    this.#at++; // The closing bracket.
    if (!isLook) return body;
    if (opening.startsWith("(?<") && longest(body) > MAX_LOOKBEHIND) {
      throw new Refused(`lookbehind over more than ${MAX_LOOKBEHIND} characters`);
    }
    return { kind: "look", body, bodyStart, start, end: this.#at };
  }

  #escape(): Node {
    const start = this.#at;
    const letter = this.#text.charAt(start + 1);
    if (letter === "b" || letter === "B") {
      this.#at += 2;
      return { kind: "check", start, end: this.#at };
    }
    if (letter === "k" || /[1-9]/.test(letter)) throw new Refused("a back reference");
    return { kind: "set", set: this.#escapedSet(), start, end: this.#at };
  }

  /** Reads an escape sequence that stands for one character. */
  #escapedSet(): CharSet {
    const source = /^\\(?:[pP]\{[^}]*\}|u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[^])/u
      .exec(this.#text.slice(this.#at, this.#at + 80))?.[0] ?? "\\";
    this.#at += source.length;
    return matching(source);
  }

  /** Reads `[…]`. A range or an escape is left to the engine: whatever the class matches is in the set. */
  #class(): CharSet {
    const start = this.#at;
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== "]") {
      this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    }
    this.#at++;
    return matching(this.#text.slice(start, this.#at));
  }
}

/** Which characters a class or an escape matches. Those beyond ASCII are not told apart, so they count as matched. */
function matching(source: string): CharSet {
  const pattern = new RegExp(`^${source}$`, "u");
  const codes = Array.from({ length: BEYOND }, (_, code) => code).filter((code) =>
    pattern.test(String.fromCharCode(code))
  );
  const onlyAscii = /^(?:\[(?!\^)(?:[\x20-\x7e])*\]|\\[dw]|\\[^a-zA-Z])$/.test(source) && !/\\[DWSspPux]/.test(source);
  return new Set(onlyAscii ? codes : [...codes, BEYOND]);
}

function setOf(code: number): CharSet {
  return new Set([Math.min(code, BEYOND)]);
}

/** Characters that a part of a pattern can cover at most. */
function longest(node: Node): number {
  switch (node.kind) {
    case "set":
      return 1;
    case "check":
    case "look":
      return 0;
    case "sequence":
      return node.items.reduce((sum, item) => sum + longest(item), 0);
    case "choice":
      return Math.max(...node.options.map(longest));
    case "repeat":
      return longest(node.body) * node.max;
  }
}
