/**
 * The meter's own services on this machine, whoever keeps them running: launchd, the user's systemd, or nobody.
 *
 * One file per manager. `start`, `stop`, `status`, `upgrade`, `init`, `uninstall` and `rescue` know only this interface.
 *
 * Imports: os/machine.ts, os/place.ts (types), os/services.
 *
 * @module
 */

import type { Machine } from "../machine.ts";
import type { Place } from "../place.ts";
import { detachedServices } from "./detached.ts";
import { launchdServices } from "./launchd.ts";
import { systemdServices } from "./systemd.ts";
import { userManagerProblem } from "./systemctl.ts";

/** `userenv` exists on macOS only. */
export type ServiceName = "daemon" | "edge" | "userenv";

/** What is known of one service. */
export interface ServiceState {
  /** The manager knows it and starts it at login. */
  readonly registered: boolean;
  readonly running: boolean;
  readonly pid: number | null;
  /** Exit code of its latest end; null: it never ended, or nobody knows. */
  readonly lastExit: number | null;
  /** The program that it starts; null when that is not known. */
  readonly startsProgram: string | null;
}

/** One service. */
export interface Service {
  readonly name: ServiceName;
  /** For people and for the manager's own commands, e.g. `com.haltonlabs.meter`. */
  readonly title: string;
  /** Its file and its registration. `apply` leaves a service that is as it should be untouched and running. */
  readonly place: Place;
  state(): Promise<ServiceState>;
  /** Starts it unless it runs. @throws {MeterError} `failed` with what the manager said. */
  start(): Promise<void>;
  /** Ends it until the next `start` or login. @throws {MeterError} `failed` when it still runs. */
  stop(): Promise<void>;
  /** Ends it and starts it again, from the program that its file names now. */
  restart(): Promise<void>;
  /**
   * Tells it to end when it has nothing left to do, however long that takes, and has it started again then. For the edge,
   * whose port a daemon serves meanwhile.
   */
  relieve(): Promise<void>;
}

/** All services of one manager. */
export interface ServiceManager {
  readonly kind: "launchd" | "systemd" | "detached";
  /** In the order in which to start: the edge last, so that it takes the port over from a daemon of an earlier version. */
  readonly services: readonly Service[];
  /** The service of this name; null where this manager has none. */
  service(name: ServiceName): Service | null;
  /** What the user should know of this manager, as a sentence without full stop; null: nothing. */
  advice(): Promise<string | null>;
}

/** The manager of this machine. */
export async function serviceManager(machine: Machine): Promise<ServiceManager> {
  if (machine.platform === "darwin") return managerOf("launchd", launchdServices(machine), () => Promise.resolve(null));
  if (await userManagerProblem(machine) !== null) {
    return managerOf(
      "detached",
      detachedServices(machine),
      () =>
        Promise.resolve(
          "No service manager was found, so the meter ends with this machine's session and is not started again",
        ),
    );
  }
  const systemd = systemdServices(machine);
  return managerOf("systemd", systemd.services, systemd.advice);
}

function managerOf(
  kind: ServiceManager["kind"],
  services: readonly Service[],
  advice: () => Promise<string | null>,
): ServiceManager {
  return { kind, services, advice, service: (name) => services.find((service) => service.name === name) ?? null };
}
