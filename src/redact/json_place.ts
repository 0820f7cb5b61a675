/**
 * Where in JSON source a place is: inside a string or between strings. Imports nothing.
 *
 * @module
 */

/** Tells whether a place in JSON lies inside a string. Strings hold no raw line break, so each line starts outside. */
export class StringTracker {
  /** Whether the text is JSON, JSON lines or an event stream, as far as its first characters tell. */
  readonly isJson: boolean;
  readonly #text: string;
  #at = 0;
  #inside = false;

  constructor(text: string) {
    this.#text = text;
    this.isJson = /^\s{0,64}(?:[{[]|(?:data|event|id|retry)?:)/.test(text.slice(0, 80));
  }

  /** `position` must not be less than that of the call before. */
  inside(position: number): boolean {
    while (this.#at < position) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x0a || code === 0x0d) this.#inside = false;
      else if (code === 0x22) this.#inside = !this.#inside;
      else if (code === 0x5c && this.#inside) this.#at++;
      this.#at++;
    }
    return this.#inside;
  }
}
