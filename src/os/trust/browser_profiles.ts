/**
 * Where browsers on Linux keep the certificates that their user trusts: one NSS database per profile of Firefox, and one per
 * user for everything that is built on Chromium. Packages of snap and flatpak have homes of their own.
 *
 * Only databases that exist are named: one without a browser would help nobody, and NSS would make it.
 *
 * Imports: os/machine.ts (types).
 *
 * @module
 */

import type { Machine } from "../machine.ts";

/** Browsers that share a way of keeping certificates. */
export type BrowserFamily = "firefox" | "chromium";

/** NSS fills in what is missing of these, so a folder without one of them is not yet a database. */
const DATABASE_FILES = ["cert9.db", "key4.db"];

/** Folders of the family's databases, each once, in a stable order. */
export async function databasesOf(family: BrowserFamily, machine: Machine): Promise<string[]> {
  const candidates = family === "firefox" ? await firefoxProfiles(machine) : await chromiumDatabases(machine);
  const found = new Set<string>();
  for (const candidate of candidates) {
    const real = await Deno.realPath(candidate).catch(() => null); // Snap's "current" is a link.
    if (real !== null && await isDatabase(real)) found.add(real);
  }
  return [...found].sort();
}

/** Folders of the profiles that `profiles.ini` names, by the folder that it lies in. */
export function profilesIn(text: string, folder: string): string[] {
  const profiles: string[] = [];
  for (const section of text.split(/^(?=\[)/m)) {
    const path = /^Path=(.+?)\r?$/m.exec(section)?.[1];
    if (!/^\[Profile\d+\]/.test(section) || path === undefined) continue;
    profiles.push(/^IsRelative=0\r?$/m.test(section) ? path : `${folder}/${path}`);
  }
  return profiles;
}

async function firefoxProfiles(machine: Machine): Promise<string[]> {
  const homes = [machine.paths.userHome, ...await packageHomes(machine)];
  const folders = homes.flatMap((home) => [
    `${home}/.mozilla/firefox`,
    `${home}/.config/mozilla/firefox`, // Firefox 147 and later.
    `${home}/config/mozilla/firefox`,
  ]);
  const profiles: string[] = [];
  for (const folder of folders) {
    const text = await Deno.readTextFile(`${folder}/profiles.ini`).catch(() => "");
    profiles.push(...profilesIn(text, folder));
  }
  return profiles;
}

async function chromiumDatabases(machine: Machine): Promise<string[]> {
  const { userHome } = machine.paths;
  const data = machine.env.get("XDG_DATA_HOME");
  return [
    `${userHome}/.pki/nssdb`,
    `${data === undefined || data === "" ? `${userHome}/.local/share` : data}/pki/nssdb`,
    ...(await packageHomes(machine)).flatMap((home) => [`${home}/.pki/nssdb`, `${home}/data/pki/nssdb`]),
  ];
}

/** What programs of snap and flatpak take for the home folder. */
async function packageHomes({ paths: { userHome } }: Machine): Promise<string[]> {
  const snaps = (await namesIn(`${userHome}/snap`)).flatMap((name) => {
    return [`${userHome}/snap/${name}/common`, `${userHome}/snap/${name}/current`];
  });
  const flatpaks = (await namesIn(`${userHome}/.var/app`)).map((name) => `${userHome}/.var/app/${name}`);
  return [...snaps, ...flatpaks];
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

async function isDatabase(folder: string): Promise<boolean> {
  for (const file of DATABASE_FILES) {
    if (!(await Deno.stat(`${folder}/${file}`).catch(() => null))?.isFile) return false;
  }
  return true;
}
