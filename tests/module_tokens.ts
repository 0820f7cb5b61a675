/**
 * Reads the tokens of a TypeScript file, as far as finding imports and uses of globals needs: names, punctuation and strings.
 * Comments, and what stands inside strings, templates and regular expressions, is not taken for code.
 *
 * @module
 */

/** One token. Of a template only the code inside `${}` gives tokens. */
export interface Token {
  readonly kind: "name" | "string" | "mark";
  readonly text: string;
}

/** Another module, as a file names it; null where the name is computed. */
export interface Import {
  readonly specifier: string | null;
  readonly how: "static" | "dynamic" | "re-export" | "type";
}

/** Words after which a slash begins a regular expression. */
const BEFORE_PATTERN = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "do",
  "else",
  "void",
  "delete",
  "await",
  "yield",
]);

const NAME = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;

/** The tokens of `source`, in order. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  /** One entry per open template: braces that are open inside its current `${}`. */
  const templates: number[] = [];
  let at = 0;

  function template(): void {
    while (at < source.length) {
      if (source[at] === "\\") at += 2;
      else if (source[at] === "`") {
        at++;
        return;
      } else if (source.startsWith("${", at)) {
        at += 2;
        templates.push(0);
        return;
      } else at++;
    }
  }

  while (at < source.length) {
    const character = source[at] ?? "";
    if (/\s/.test(character)) at++;
    else if (source.startsWith("//", at)) at = endOf(source, "\n", at);
    else if (source.startsWith("/*", at)) at = endOf(source, "*/", at + 2);
    else if (character === '"' || character === "'") {
      const start = ++at;
      while (at < source.length && source[at] !== character) at += source[at] === "\\" ? 2 : 1;
      tokens.push({ kind: "string", text: source.slice(start, at++) });
    } else if (character === "`") {
      at++;
      tokens.push({ kind: "mark", text: "`" });
      template();
    } else if (character === "/" && beginsPattern(tokens.at(-1))) {
      at = endOfPattern(source, at + 1);
      tokens.push({ kind: "mark", text: "/pattern/" });
    } else if (character === "}" && templates.at(-1) === 0) {
      templates.pop();
      at++;
      template();
    } else {
      NAME.lastIndex = at;
      const name = NAME.exec(source)?.[0];
      if (templates.length > 0 && character === "{") templates[templates.length - 1] = (templates.at(-1) ?? 0) + 1;
      if (templates.length > 0 && character === "}") templates[templates.length - 1] = (templates.at(-1) ?? 0) - 1;
      tokens.push(name === undefined ? { kind: "mark", text: character } : { kind: "name", text: name });
      at += name?.length ?? 1;
    }
  }
  return tokens;
}

function endOf(source: string, mark: string, from: number): number {
  const end = source.indexOf(mark, from);
  return end < 0 ? source.length : end + mark.length;
}

function beginsPattern(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "name") return BEFORE_PATTERN.has(before.text);
  return before.kind === "mark" && !/^[)\]}`\d]$|^\/pattern/.test(before.text);
}

function endOfPattern(source: string, from: number): number {
  let inClass = false;
  for (let at = from; at < source.length; at++) {
    const character = source[at];
    if (character === "\\") at++;
    else if (character === "[") inClass = true;
    else if (character === "]") inClass = false;
    else if (character === "\n" || (character === "/" && !inClass)) return at + 1;
  }
  return source.length;
}

/** Every module that `source` names: static, dynamic, re-exported, for its side effects, and in types. */
export function importsOf(source: string): Import[] {
  const tokens = tokensOf(source);
  const found: Import[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== "name" || isMark(tokens[i - 1], ".")) continue;
    const next = tokens[i + 1];
    if (token.text === "import") {
      if (next?.kind === "string") found.push({ specifier: next.text, how: "static" });
      else if (isMark(next, "(")) {
        const name = tokens[i + 2];
        const type = tokens[i - 1]?.text === "typeof" || isMark(tokens[i - 1], ":");
        const literal = name?.kind === "string" && (isMark(tokens[i + 3], ")") || isMark(tokens[i + 3], ","));
        found.push({ specifier: literal ? name.text : null, how: type ? "type" : "dynamic" });
      } else if (!isMark(next, ".") && !isMark(next, ":")) {
        found.push({ specifier: fromAfter(tokens, i + 1), how: "static" });
      }
    } else if (token.text === "export") {
      const start = next?.text === "type" ? i + 2 : i + 1;
      if (!isMark(tokens[start], "*") && !isMark(tokens[start], "{")) continue;
      const specifier = fromAfter(tokens, start);
      if (specifier !== null) found.push({ specifier, how: "re-export" });
    }
  }
  return found;
}

/** The string after the clause that begins at `start` and its `from`; null without one. */
function fromAfter(tokens: readonly Token[], start: number): string | null {
  for (let i = start; i < tokens.length; i++) {
    if (isMark(tokens[i], "{")) { while (i < tokens.length && !isMark(tokens[i], "}")) i++; }
    if (tokens[i]?.text === "from" && tokens[i + 1]?.kind === "string") return tokens[i + 1]?.text ?? null;
    if (isMark(tokens[i], ";") || isMark(tokens[i], "=") || isMark(tokens[i], "(")) return null;
    if (isMark(tokens[i], "}") && tokens[i + 1]?.text !== "from") return null;
  }
  return null;
}

export function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}
