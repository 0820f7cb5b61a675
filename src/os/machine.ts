/**
 * What a {@link Place} needs to know of the machine and of the meter on it. Tests give one of a platform that they do not
 * run on.
 *
 * Imports: os/paths.ts, os/run.ts.
 *
 * @module
 */

import { type Environment, type Paths, paths } from "./paths.ts";
import { runForOutput, type Runner } from "./run.ts";

/** Platforms that the meter can be installed on. */
export type Platform = "darwin" | "linux";

/** One user's account on one machine. */
export interface Machine {
  readonly platform: Platform;
  readonly run: Runner;
  readonly paths: Paths;
  readonly env: Environment;
  /** Of the user who installs. 0 = root. */
  readonly uid: number;
  /** Absolute path of this program. Service files name it. */
  readonly binary: string;
  /** The port of the edge that tools are pointed at. */
  readonly edgePort: number;
  /** The port of the local API. */
  readonly apiPort: number;
  /** Put before every absolute path of the system, e.g. `/etc/ssl`; empty but in tests. The user's home is not below it. */
  readonly root: string;
}

/** The machine that this program runs on. @throws {MeterError} when its folders cannot be named. */
export function thisMachine(ports: { readonly edgePort: number; readonly apiPort: number }): Machine {
  return {
    platform: Deno.build.os === "darwin" ? "darwin" : "linux",
    run: runForOutput,
    paths: paths(Deno.env),
    env: Deno.env,
    uid: Deno.uid() ?? -1,
    binary: Deno.execPath(),
    ...ports,
    root: "",
  };
}
