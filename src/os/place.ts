/**
 * A place of this machine into which `init` puts something and from which `uninstall` takes it out again: a trust store, a
 * service, a block in a shell's start-up file. One file per place; which ones there are on a platform is the business of
 * the list that makes them. Imports nothing.
 *
 * @module
 */

/**
 * What is found in a place.
 *
 * - `present`: what is wanted, as this program would put it.
 * - `absent`: nothing of this program.
 * - `differs`: something of this program, or in its name, but not what is wanted. Putting it in repairs it.
 * - `unavailable`: the place does not exist here, or may not be changed by this user. An answer, not a failure.
 */
export interface PlaceState {
  readonly state: "present" | "absent" | "differs" | "unavailable";
  /** What was found, as a short phrase for a table. */
  readonly detail: string;
  /** One thing that the user can do about it, as an instruction; null where there is nothing to do. */
  readonly hint: string | null;
}

/** One place. Each operation may be repeated and interrupted, and does nothing where nothing is to be done. */
export interface Place {
  /** Stable name for programs, e.g. `trust.keychain`. */
  readonly id: string;
  /** What is done here, for people, e.g. "trust the certificate in the System keychain". */
  readonly label: string;
  /** Looks without changing anything. Never throws for a place that is missing. */
  check(): Promise<PlaceState>;
  /**
   * Puts it in and looks again; success is never taken from an exit code alone.
   *
   * @returns what is there now: `present`, or `unavailable` where it cannot be put.
   * @throws {MeterError} `failed` with everything that a failed command said. What was there before is then unchanged.
   */
  apply(): Promise<PlaceState>;
  /**
   * Takes out what this program put in, and only that, and looks again.
   *
   * @throws {MeterError} `failed` when it is still there.
   */
  remove(): Promise<PlaceState>;
}
