/**
 * The bundles of Python's certifi as one place: those of the interpreters that are found now, and those that were changed
 * before.
 *
 * The copy of certifi inside pip is left alone: pip calls no provider, so that no call would be metered by it.
 *
 * Imports: domain, os/machine.ts, os/place.ts (types), os/trust.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import type { Machine } from "../machine.ts";
import type { Place, PlaceState } from "../place.ts";
import { type BlockState, blockState, withCertificate, withoutCertificate } from "./certifi_block.ts";
import { clearLeftover, readBundle, replaceBundle } from "./certifi_file.ts";
import { forgetBundles, noteBundles, notedBundles } from "./certifi_record.ts";
import { type Certificate, certificateAt, requiredCertificate } from "./fingerprint.ts";
import type { TrustOptions } from "./options.ts";
import { askPythons } from "./pythons.ts";
import { commandLine } from "./shell_words.ts";

/** One bundle, or one interpreter without any, for a report. */
export interface CertifiRow {
  /** The interpreter as it was named or found; null as below. */
  readonly command: string | null;
  /** The interpreter; null for a bundle that is known from an earlier time only. */
  readonly python: string | null;
  /** The bundle; null where the interpreter has no certifi. */
  readonly bundle: string | null;
  /** `none`: nothing to change here, for the reason in `detail`. */
  readonly state: BlockState | "none";
  readonly detail: string;
}

const NO_CERTIFI = "has no certifi";
const REINSTALL = "Reinstall certifi there: python -m pip install --force-reinstall certifi";

/** The bundles as a place. */
export function certifiTrust(machine: Machine, options: TrustOptions): Place {
  const file = options.certificateFile;
  const look = async () => await certifiRows(machine, options.pythons, await certificateAt(file));
  return {
    id: "trust.certifi",
    label: "trust the certificate in Python's certifi",
    check: async () => summary(await look()),
    async apply() {
      const own = await requiredCertificate(file);
      const rows = await certifiRows(machine, options.pythons, own);
      const [failure] = await putInto(machine, own, rows);
      await forgetReplaced(machine, rows);
      if (failure !== undefined) throw failure;
      return summary(await certifiRows(machine, options.pythons, own));
    },
    async remove() {
      const rows = await look();
      const bundles = rows.flatMap(({ bundle }) => bundle === null ? [] : [bundle]);
      const [failure] = await takeFrom(machine, [...new Set([...bundles, ...await notedBundles(machine.paths)])]);
      if (failure !== undefined) throw failure;
      return summary(await look());
    },
  };
}

/** What is known of every interpreter and every bundle. */
export async function certifiRows(
  machine: Machine,
  pythons: readonly string[],
  own: Certificate,
): Promise<readonly CertifiRow[]> {
  const rows: CertifiRow[] = [];
  const noted = await notedBundles(machine.paths);
  for (const python of await askPythons(machine, pythons)) {
    if ("reason" in python) {
      const { command, reason } = python;
      rows.push({ command, python: command, bundle: null, state: "none", detail: reason });
      continue;
    }
    const { command, executable, certifi, roots } = python;
    const base = { command, python: executable };
    if (certifi.length === 0) rows.push({ ...base, bundle: null, state: "none", detail: NO_CERTIFI });
    for (const bundle of certifi) {
      if (rows.some((row) => row.bundle === bundle)) continue;
      rows.push({ ...base, bundle, ...await stateOf(bundle, noted.includes(bundle) ? null : roots, own) });
    }
  }
  for (const bundle of noted) {
    if (!rows.some((row) => row.bundle === bundle)) {
      rows.push({ command: null, python: null, bundle, ...await stateOf(bundle, null, own) });
    }
  }
  return rows;
}

/**
 * Holds the interpreters that the user named to trusting the certificate; of those that are merely found one without
 * certifi is no failure.
 *
 * @throws {MeterError} `failed` with each that does not, and why.
 */
export async function requireTrustOf(machine: Machine, named: readonly string[], file: string): Promise<void> {
  if (named.length === 0) return;
  const rows = await certifiRows(machine, named, await requiredCertificate(file));
  const without = rows.filter(({ command, state }) =>
    command !== null && named.includes(command) && state !== "present"
  );
  const [first] = without;
  if (first === undefined) return;
  const reasons = without.map(({ command, bundle, detail }) => {
    return `${JSON.stringify(command)} ${bundle === null ? "" : `(${bundle}) `}${detail || "does not trust it"}`;
  });
  const hint = first.detail === NO_CERTIFI
    ? `Install certifi there: ${commandLine([first.python ?? "", "-m", "pip", "install", "certifi"])}`
    : "Name an interpreter with a certifi of its own, by its path";
  throw new MeterError("failed", `Cannot make Python's certifi trust the certificate: ${reasons.join("; ")}`, { hint });
}

async function stateOf(
  bundle: string,
  roots: readonly string[] | null,
  own: Certificate,
): Promise<Pick<CertifiRow, "state" | "detail">> {
  const found = await readBundle(bundle, roots);
  if (found.kind === "missing") return { state: "none", detail: "is gone" };
  if (found.kind === "refused") {
    const state = found.text === null ? "none" : blockState(found.text, own);
    return { state: state === "absent" ? "none" : state, detail: found.reason };
  }
  return { state: blockState(found.text, own), detail: "" };
}

/**
 * Changes every bundle of an interpreter, and those of an earlier time that hold an earlier certificate, whatever becomes of
 * the others. @returns what failed.
 */
async function putInto(machine: Machine, own: Certificate, rows: readonly CertifiRow[]): Promise<MeterError[]> {
  const failures: MeterError[] = [];
  for (const { python, bundle, state } of rows) {
    const wanted = state === "differs" || (state === "absent" && python !== null);
    if (bundle === null || !wanted) continue;
    const found = await readBundle(bundle, null);
    if (found.kind !== "file") continue;
    const text = withCertificate(found.text, own);
    if (text === null) continue;
    await noteBundles(machine.paths, [bundle]);
    await replaceBundle(bundle, text).catch((error) => failures.push(asMeterError(error)));
  }
  return failures;
}

/** A bundle without our marks was replaced by its package manager; where no interpreter has it, it is no longer ours. */
async function forgetReplaced(machine: Machine, rows: readonly CertifiRow[]): Promise<void> {
  const replaced = rows.flatMap(({ python, bundle, state, detail }) => {
    const gone = state === "absent" || (state === "none" && detail === "is gone");
    return python === null && bundle !== null && gone ? [bundle] : [];
  });
  await forgetBundles(machine.paths, replaced);
}

/** Takes the block out of every bundle, whatever becomes of the others. @returns what failed. */
async function takeFrom(machine: Machine, bundles: readonly string[]): Promise<MeterError[]> {
  const failures: MeterError[] = [];
  for (const bundle of bundles) {
    try {
      await takeFromOne(bundle);
      await forgetBundles(machine.paths, [bundle]);
    } catch (error) {
      failures.push(asMeterError(error));
    }
  }
  return failures;
}

/** @throws {unknown} anything else. */
function asMeterError(error: unknown): MeterError {
  if (error instanceof MeterError) return error;
  throw error;
}

/** @throws {MeterError} `failed` when our block is still there. */
async function takeFromOne(bundle: string): Promise<void> {
  const found = await readBundle(bundle, null);
  if (found.kind === "missing" || (found.kind === "refused" && found.text === null)) return;
  const text = found.text ?? "";
  const bare = withoutCertificate(text);
  if (bare === null) {
    const message = `Cannot remove the certificate from ${bundle}: its marks were changed by hand`;
    throw new MeterError("failed", message, { hint: REINSTALL });
  }
  if (bare === text) return await clearLeftover(bundle).catch(() => {});
  if (found.kind === "refused") {
    const hint = "Make it writable, or run this as the user it belongs to";
    throw new MeterError("failed", `Cannot remove the certificate from ${bundle}: it ${found.reason}`, { hint });
  }
  await replaceBundle(bundle, bare);
}

function summary(rows: readonly CertifiRow[]): PlaceState {
  // A bundle of an earlier time without our marks was replaced by its package manager, and is nobody's business here.
  const known = rows.filter(({ python, state, detail }) =>
    python !== null || (state !== "absent" && detail !== "is gone")
  );
  const notes = known.filter(({ detail }) => detail !== "").map(({ python, bundle, detail }) =>
    `${bundle ?? python} ${detail}`
  );
  const usable = known.filter(({ state }) => state !== "none");
  if (usable.length === 0) {
    const detail = ["no Python with a bundle of its own", ...notes].join("; ");
    return { state: "unavailable", detail, hint: null };
  }
  const count = (state: BlockState) => usable.filter((row) => row.state === state).length;
  const [present, absent] = [count("present"), count("absent")];
  const detail = [`in ${present} of ${usable.length} bundles`, ...notes].join("; ");
  const hint = count("broken") > 0 ? REINSTALL : null;
  if (present === usable.length) return { state: "present", detail, hint };
  return { state: absent === usable.length ? "absent" : "differs", detail, hint };
}
