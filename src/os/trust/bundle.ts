/**
 * The file of roots that variables point clients at, as a place: the system's roots, what the user had set, and the meter's
 * certificate.
 *
 * Imports: domain, os/client_variables.ts, os/machine.ts, os/place.ts (types), os/trust_bundle.ts, os/trust.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import { REPLACING_VARIABLES } from "../client_variables.ts";
import type { Machine } from "../machine.ts";
import type { Place, PlaceState } from "../place.ts";
import { ensureBundle, SYSTEM_ROOT_FILES, type TrustBundle } from "../trust_bundle.ts";
import { type Certificate, certificateAt, NO_CERTIFICATE, requiredCertificate } from "./fingerprint.ts";
import type { TrustOptions } from "./options.ts";

/** The bundle as a place. */
export function bundleFile(machine: Machine, options: TrustOptions): Place {
  const { caBundle, nodeExtraCa } = machine.paths;
  const look = async () => await check(machine, await certificateAt(options.certificateFile));
  return {
    id: "trust.bundle",
    label: "write the bundle of certificates that tools are pointed at",
    check: look,
    async apply() {
      await build(machine, await requiredCertificate(options.certificateFile), false);
      return await look();
    },
    async remove() {
      for (const path of [caBundle, nodeExtraCa]) await removeFile(path);
      return await look();
    },
  };
}

async function check(machine: Machine, own: Certificate): Promise<PlaceState> {
  const { caBundle } = machine.paths;
  const there = await Deno.stat(caBundle).catch(() => null) !== null;
  if (own === NO_CERTIFICATE) {
    return there
      ? { state: "differs", detail: `${caBundle} is of an earlier certificate`, hint: null }
      : { state: "absent", detail: "there is no certificate yet", hint: null };
  }
  const { path, reason, rebuilt } = await build(machine, own, true);
  if (path === null) return { state: "unavailable", detail: reason ?? "", hint: null };
  if (!there) return { state: "absent", detail: `there is no ${caBundle}`, hint: null };
  return rebuilt
    ? { state: "differs", detail: `${caBundle} is not up to date`, hint: null }
    : { state: "present", detail: caBundle, hint: null };
}

/** The bundle itself stands for what it was built from, so that one shell's settings are not lost in another. */
async function build({ paths, env, root }: Machine, own: Certificate, onlyLook: boolean): Promise<TrustBundle> {
  const set = REPLACING_VARIABLES.map((name) => env.get(name)).filter((file) => file !== undefined && file !== "");
  return await ensureBundle({
    home: paths.home,
    caCertPem: own.pem,
    base: [...new Set([paths.caBundle, ...set as string[]])],
    systemRootFiles: SYSTEM_ROOT_FILES.map((file) => root + file),
    onlyLook,
  });
}

async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    throw new MeterError("failed", `Cannot remove ${path}`, { hint: "Check the owner of its folder", cause });
  }
}
