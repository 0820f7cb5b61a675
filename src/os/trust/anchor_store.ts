/**
 * What the ways have in common in which a Linux system is given another root: a file in a folder of anchors and a command
 * that extracts bundles from it, or p11-kit's own command. Imports nothing.
 *
 * @module
 */

/** One way. Only root may change anything by it. */
export interface AnchorStore {
  /** The command that it goes by, e.g. `update-ca-certificates`. */
  readonly tool: string;
  /**
   * Looks at what programs read, not only at what was put in. `differs`: another certificate of the meter, or one that did
   * not reach the bundle. `elsewhere`: the certificate is in, and somebody else put it there.
   */
  look(): Promise<"present" | "absent" | "differs" | "elsewhere">;
  /** @throws {MeterError} `failed` with what the command said. */
  put(): Promise<void>;
  /** @throws {MeterError} `failed` with what the command said. */
  take(): Promise<void>;
  /** Removes what a killed {@link put} left that no program reads. */
  sweep(): Promise<void>;
  /** What a user types to do the same, as command lines for `sudo`. */
  readonly putByHand: string;
  readonly takeByHand: string;
}
