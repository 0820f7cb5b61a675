/**
 * What a redaction rule is. Types only.
 *
 * Limits every rule keeps, because rules run on hostile text: a pattern is sticky and begins at one of its literals
 * (lookbehind aside), each quantifier has an upper bound, and a try that fails costs no more than a few hundred steps.
 *
 * Imports nothing.
 *
 * @module
 */

interface RuleFacts {
  /** Kebab case, unique; the name inside `[REDACTED:<name>]`. Its category is in domain/redaction_categories.ts. */
  readonly name: string;
  /** Texts that the rule finds. Synthetic: none ever opened anything. */
  readonly examples: readonly string[];
  /** Texts of similar shape that the rule leaves alone. */
  readonly nearMisses: readonly string[];
}

/** A secret that is known by its shape. */
export interface TokenRule extends RuleFacts {
  /** The pattern is tried only where one of these stands. ASCII; one character at least. */
  readonly literals: readonly string[];
  /** Compare literals without regard to case. Default false. */
  readonly ignoreCase?: boolean;
  /**
   * What may not stand right before the literal: a letter or digit (default), also `_` and `-` ("word"), or "none".
   * A letter that ends an escape sequence (`\n`, `\u003d`, `%3D`) is no obstacle.
   */
  readonly boundary?: "alnum" | "word" | "none";
  /**
   * Sticky. Without groups the whole match is masked. A group `secret`, which must end the match, narrows the mask to
   * itself; a group `lead`, inside a lookbehind that ends at the literal, widens it to the left.
   */
  readonly pattern: RegExp;
  /** After a match the mask grows over following `[A-Za-z0-9_-]`, so that patterns only state a minimum. Default true. */
  readonly extend?: boolean;
  /** A last check. `before` is up to 160 characters that precede the literal; `whole` goes from the literal to the end. */
  readonly validate?: (secret: string, before: string, whole: string) => boolean;
  /**
   * What an unfinished secret looks like when the text is cut inside it. Sticky; counts only where it reaches the end of
   * the text. Default: a literal and then only `[A-Za-z0-9_-]`. `false`: it cannot be told from ordinary text.
   */
  readonly open?: RegExp | false;
}

/** A secret that is known by the name it is assigned to, in JSON at any depth of escaping, code, YAML, shell or queries. */
export interface FieldRule extends RuleFacts {
  /** Lower-case words separated by spaces: `api key` stands for `api_key`, `api-key`, `apiKey`, and `MY_API_KEY` too. */
  readonly fields: readonly string[];
  readonly accepts: (assigned: AssignedValue) => boolean;
}

/** A name and its value as found in a text. */
export interface AssignedValue {
  /** The name in lower case with `_` and `-` taken out. */
  readonly field: string;
  /** Up to 16 characters that precede the name. */
  readonly prefix: string;
  /** The source of the value without its quotes; escape sequences stay as written. */
  readonly value: string;
  readonly quoted: boolean;
  /** `NAME=value` as in an environment file: name in capitals, no blanks around the sign. */
  readonly shouting: boolean;
  /** `the password is value`, in a sentence. */
  readonly spoken: boolean;
  /** The text ended before the value did. */
  readonly open: boolean;
}

/** One line of the table. */
export type Rule = TokenRule | FieldRule;
