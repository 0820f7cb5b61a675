/**
 * What every trust store is told of the certificate and of the user. Imports nothing.
 *
 * @module
 */

/**
 * How an administrator's password may be asked for.
 *
 * - `terminal`: by `sudo`, on the terminal. - `dialog`: by the desktop; there is no terminal. - `never`: only what needs no
 * asking, as `--non-interactive` wants it.
 */
export type Interaction = "terminal" | "dialog" | "never";

/** The certificate that is to be trusted, and how. */
export interface TrustOptions {
  /** Absolute path of the file that holds the meter's public certificate. It need not be there yet, or any more. */
  readonly certificateFile: string;
  readonly interactive: Interaction;
  /** Python interpreters that the user named beside those that are found: commands or absolute paths. */
  readonly pythons: readonly string[];
}
