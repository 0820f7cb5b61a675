/**
 * In which line of a TOML text each key stands. Reads no file and no value.
 *
 * For texts that a TOML parser has accepted: where the text is no TOML, the answers mean nothing, but the scan ends. It
 * exists because the parser reports places only for what it rejects itself.
 *
 * Imports: nothing of this program.
 *
 * @module
 */

import { parse } from "smol-toml";

/** Names and list positions that lead to a value. */
type Path = readonly (string | number)[];

/** Answers with a line from 1: that of the key, else that of the nearest table or list around it, else 1. */
export type LineOf = (path: Path) => number;

/** Reads the places of all keys. */
export function locateKeys(source: string): LineOf {
  const lines = new Map<string, number>();
  new Scan(source, (path, line) => {
    // A key also opens every table on the way to it, unless that was opened before.
    for (let length = path.length; length > 0; length--) {
      const key = JSON.stringify(path.slice(0, length));
      if (!lines.has(key)) lines.set(key, line);
    }
  }).document();
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
}

/** One pass over a text. */
class Scan {
  readonly #text: string;
  readonly #note: (path: Path, line: number) => void;
  /** Path of an array of tables → position of its last table. */
  readonly #lastTable = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string, note: (path: Path, line: number) => void) {
    this.#text = text;
    this.#note = note;
  }

  document(): void {
    let table: Path = [];
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      const start = this.#at;
      if (this.#text[this.#at] === "[") table = this.#header();
      else this.#keyValue(table);
      if (this.#at === start) this.#advance(1);
    }
  }

  /** `[a.b]` or `[[a.b]]`. */
  #header(): Path {
    const isArray = this.#text[this.#at + 1] === "[";
    this.#advance(isArray ? 2 : 1);
    const line = this.#line;
    const names = this.#key();
    this.#advance(isArray ? 2 : 1);
    const path: (string | number)[] = [];
    for (const [index, name] of names.entries()) {
      path.push(name);
      const key = JSON.stringify(path);
      if (isArray && index === names.length - 1) this.#lastTable.set(key, (this.#lastTable.get(key) ?? -1) + 1);
      const position = this.#lastTable.get(key);
      if (position !== undefined) path.push(position);
    }
    this.#note(path, line);
    return path;
  }

  #keyValue(table: Path): void {
    const line = this.#line;
    const path = [...table, ...this.#key()];
    this.#note(path, line);
    this.#skipSpaces();
    if (this.#text[this.#at] !== "=") return;
    this.#advance(1);
    this.#skipSpaces();
    this.#value(path);
  }

  /** A dotted key: names, each bare or quoted. */
  #key(): string[] {
    const names: string[] = [];
    for (;;) {
      this.#skipSpaces();
      const start = this.#at;
      const quote = this.#text[this.#at];
      if (quote === '"' || quote === "'") {
        this.#string();
        names.push(unquoted(this.#text.slice(start, this.#at)));
      } else {
        names.push(this.#take(/[A-Za-z0-9_-]*/y));
      }
      this.#skipSpaces();
      if (this.#text[this.#at] !== ".") return names;
      this.#advance(1);
    }
  }

  #value(path: Path): void {
    const first = this.#text[this.#at];
    if (first === "{") this.#items("}", () => this.#keyValue(path));
    else if (first === "[") this.#items("]", (index) => this.#item([...path, index]));
    else if (first === '"' || first === "'") this.#string();
    else this.#take(/[^,\]}#\n]*/y);
  }

  #item(path: Path): void {
    this.#note(path, this.#line);
    this.#value(path);
  }

  /** What stands between brackets, separated by commas. */
  #items(close: string, read: (index: number) => void): void {
    this.#advance(1);
    for (let index = 0;; index++) {
      this.#skipBlank();
      const start = this.#at;
      if (start >= this.#text.length || this.#text[start] === close) break;
      read(index);
      this.#skipBlank();
      if (this.#text[this.#at] === ",") this.#advance(1);
      if (this.#at === start) break;
    }
    this.#advance(1);
  }

  #string(): void {
    this.#take(
      /"""(?:[^"\\]|\\[^]|"{1,2}(?!"))*"{3,5}|'''(?:[^']|'{1,2}(?!'))*'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|["']/y,
    );
  }

  #skipSpaces(): void {
    this.#take(/[ \t]*/y);
  }

  /** Spaces, line ends and comments. */
  #skipBlank(): void {
    this.#take(/(?:[ \t\r\n]+|#[^\n]*)*/y);
  }

  /** Moves past what a sticky pattern matches here, and returns it. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0] ?? "";
    this.#advance(match.length);
    return match;
  }

  #advance(count: number): void {
    for (const end = Math.min(this.#at + count, this.#text.length); this.#at < end; this.#at++) {
      if (this.#text[this.#at] === "\n") this.#line++;
    }
  }
}

/** The name that a quoted key stands for. */
function unquoted(quoted: string): string {
  try {
    const { name } = parse(`name = ${quoted}`);
    return typeof name === "string" ? name : quoted;
  } catch {
    return quoted;
  }
}
