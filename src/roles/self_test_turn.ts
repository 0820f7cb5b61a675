/**
 * Whose self-test runs: the interceptor is told where that one's stand-in answers, and when there is none.
 *
 * @module
 */

import type { SelfTestStandIn } from "./messages.ts";
import type { Workers } from "./workers.ts";

/** One test at a time: a later one takes the place of an earlier. */
export class SelfTestTurn {
  readonly #port: number;
  readonly #workers: Pick<Workers, "send">;
  #current: SelfTestStandIn | null = null;

  constructor(port: number, workers: Pick<Workers, "send">) {
    this.#port = port;
    this.#workers = workers;
  }

  /** @returns where the tester has to listen, and what to call when the test is over. */
  begin(caCertPem: string): { readonly port: number; readonly ended: () => void } {
    const test = { port: this.#port, caCertPem };
    this.#tell(test);
    // The end of one test may be heard of after the next has begun.
    return { port: this.#port, ended: () => this.#current === test && this.#tell(null) };
  }

  #tell(standIn: SelfTestStandIn | null): void {
    this.#current = standIn;
    this.#workers.send("interceptor", { kind: "interceptor.selfTest", standIn });
  }
}
