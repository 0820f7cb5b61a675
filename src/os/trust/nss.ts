/**
 * The certificates that browsers on Linux trust, as one place for each family of browsers: all its databases together.
 *
 * Imports: domain, os/machine.ts, os/paths.ts, os/place.ts (types), os/run.ts, os/trust.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import type { Machine } from "../machine.ts";
import { ensureHome } from "../paths.ts";
import type { Place, PlaceState } from "../place.ts";
import { hasCommand } from "../run.ts";
import { type BrowserFamily, databasesOf } from "./browser_profiles.ts";
import { type Certificate, certificateAt, requiredCertificate } from "./fingerprint.ts";
import { type DatabaseState, lookAtDatabase, putIntoDatabase, takeFromDatabase } from "./nss_database.ts";
import type { TrustOptions } from "./options.ts";

/** A database and what was found in it. */
interface Seen {
  readonly folder: string;
  readonly found: DatabaseState;
}

const NAMES: Readonly<Record<BrowserFamily, string>> = { firefox: "Firefox", chromium: "Chromium" };

const INSTALL = "Install certutil (Debian: libnss3-tools, Fedora: nss-tools, Arch: nss) and run it again";

/** States of a database that holds an entry of ours. */
const HELD: readonly DatabaseState["state"][] = ["present", "differs"];

/** The databases of one family as a place. */
export function browserTrust(family: BrowserFamily, machine: Machine, options: TrustOptions): Place {
  const file = options.certificateFile;
  const { run } = machine;
  const name = NAMES[family];
  const visit = (act: (folder: string) => Promise<DatabaseState>) => visitAll(family, machine, act);
  const look = async () => {
    const own = await certificateAt(file);
    return await visit((folder) => lookAtDatabase(run, folder, own));
  };
  return {
    id: `trust.nss.${family}`,
    label: `trust the certificate in ${name}`,
    check: async () => summary(name, await look()),
    async apply() {
      const own = await requiredCertificate(file);
      const fill = async (folder: string) => {
        await note(machine, family);
        return await putIntoDatabase(run, folder, own, file);
      };
      return summary(name, await visit(fill));
    },
    async remove() {
      const own = await certificateAt(file);
      const seen = await visit((folder) => takeIfOurs(machine, folder, own));
      if (seen === "no certutil" && await isNoted(machine, family)) {
        throw new MeterError("failed", `Cannot remove the certificate from ${name}: the command certutil is gone`, {
          hint: INSTALL,
        });
      }
      const stuck = typeof seen === "string" ? [] : seen.filter(({ found: { state } }) => HELD.includes(state));
      if (stuck.length === 0) {
        await forget(machine, family);
        return summary(name, await look());
      }
      throw new MeterError(
        "failed",
        `Cannot remove the certificate from ${name}: ${stuck.map(({ folder }) => folder)}`,
        {
          hint: `Close ${name} and run it again`,
        },
      );
    },
  };
}

/** Visits every database in turn; a phrase where there is none to visit. */
async function visitAll(
  family: BrowserFamily,
  machine: Machine,
  act: (folder: string) => Promise<DatabaseState>,
): Promise<readonly Seen[] | "no database" | "no certutil"> {
  const folders = await databasesOf(family, machine);
  if (folders.length === 0) return "no database";
  if (!await hasCommand(machine.run, "certutil")) return "no certutil";
  const seen: Seen[] = [];
  for (const folder of folders) seen.push({ folder, found: await orBlocked(() => act(folder)) });
  return seen;
}

/** A database that refuses to be changed is still there: what it holds decides. */
async function takeIfOurs(machine: Machine, folder: string, own: Certificate): Promise<DatabaseState> {
  const taken = await takeFromDatabase(machine.run, folder, own);
  return taken.state === "blocked" ? await lookAtDatabase(machine.run, folder, own) : taken;
}

/** Notes that a database may hold the certificate, so that none is taken for empty because it cannot be looked at. */
async function note(machine: Machine, family: BrowserFamily): Promise<void> {
  ensureHome(machine.paths);
  await Deno.writeTextFile(noteOf(machine, family), "", { mode: 0o600 });
}

async function isNoted(machine: Machine, family: BrowserFamily): Promise<boolean> {
  return await Deno.stat(noteOf(machine, family)).catch(() => null) !== null;
}

async function forget(machine: Machine, family: BrowserFamily): Promise<void> {
  if (await isNoted(machine, family)) await Deno.remove(noteOf(machine, family));
}

function noteOf({ paths: { home } }: Machine, family: BrowserFamily): string {
  return `${home}/trusted-by-${family}`;
}

async function orBlocked(act: () => Promise<DatabaseState>): Promise<DatabaseState> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Deno.errors.TimedOut)) throw error;
    return { state: "blocked", reason: "did not answer in time" };
  }
}

function summary(name: string, seen: readonly Seen[] | "no database" | "no certutil"): PlaceState {
  if (seen === "no database") {
    return { state: "unavailable", detail: `no profile of ${name} was found`, hint: null };
  }
  if (seen === "no certutil") {
    return {
      state: "unavailable",
      detail: `${name} is here, and the command certutil is not`,
      hint: INSTALL,
    };
  }
  const having = (...states: DatabaseState["state"][]) => seen.filter(({ found }) => states.includes(found.state));
  const notes = seen.flatMap(({ folder, found }): string[] => {
    if (found.state === "blocked") return [`${folder} ${found.reason}`];
    return found.state === "elsewhere" ? [`${folder} has it as "${found.nickname}", which is left alone`] : [];
  });
  const detail = [`in ${having("present").length} of ${seen.length} databases`, ...notes].join("; ");
  const hint = having("blocked").length === 0 ? null : `Import the certificate in ${name}'s own settings`;
  if (having("differs").length > 0) return { state: "differs", detail, hint };
  if (having("present").length > 0) return { state: having("absent").length > 0 ? "differs" : "present", detail, hint };
  return { state: having("absent").length > 0 ? "absent" : "unavailable", detail, hint };
}
