/**
 * Roots of a Linux system that are files in a folder: `update-ca-certificates` (Debian, Ubuntu, Alpine, openSUSE) and
 * `update-ca-trust` (Fedora, RHEL, Arch).
 *
 * Removal has to do more than delete the file. Debian's command leaves the links to a local certificate behind and does not
 * tell its hooks (the one of Java's key store) that it has gone; it does both for a certificate that its configuration
 * deselects, so it is given a copy of the configuration in which ours is. What links are left after that are removed here.
 *
 * A command outlives the program that was killed while it waited, and two of them at once write one bundle: each is run
 * under a lock that it keeps until it ends.
 *
 * Imports: domain, os/ca_files.ts, os/install_state.ts, os/leftovers.ts, os/machine.ts (types), os/run.ts, os/trust.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import { replaceFile } from "../ca_files.ts";
import { noteMade, unmake } from "../install_state.ts";
import { removeLeftovers } from "../leftovers.ts";
import type { Machine } from "../machine.ts";
import { commandFailure } from "../run.ts";
import type { AnchorStore } from "./anchor_store.ts";
import { type Certificate, fileHolds } from "./fingerprint.ts";
import { commandLine } from "./shell_words.ts";

/** Where one family of systems keeps its anchors. Paths of the system, without a test's root. */
interface AnchorSystem {
  readonly tool: string;
  readonly folder: string;
  /** What the folder being there tells; where the package does not make it, the command alone has to do. */
  readonly folderRequired: boolean;
  /** Files that programs read; the first that exists is looked at. */
  readonly bundles: readonly string[];
}

const SYSTEMS: readonly AnchorSystem[] = [
  {
    tool: "update-ca-trust", // Fedora, RHEL
    folder: "/etc/pki/ca-trust/source/anchors",
    folderRequired: true,
    bundles: ["/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"],
  },
  {
    tool: "update-ca-trust", // Arch
    folder: "/etc/ca-certificates/trust-source/anchors",
    folderRequired: true,
    bundles: ["/etc/ca-certificates/extracted/tls-ca-bundle.pem", "/etc/ssl/certs/ca-certificates.crt"],
  },
  {
    tool: "update-ca-certificates", // openSUSE
    folder: "/etc/pki/trust/anchors",
    folderRequired: true,
    bundles: ["/var/lib/ca-certificates/ca-bundle.pem", "/etc/ssl/ca-bundle.pem"],
  },
  {
    tool: "update-ca-certificates", // Debian, Ubuntu, Alpine
    folder: "/usr/local/share/ca-certificates",
    folderRequired: false,
    bundles: ["/etc/ssl/certs/ca-certificates.crt"],
  },
];

/** An ordinary user's PATH need not name these. */
const TOOL_FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

const ANCHOR = "halton-meter.crt";
const LINK = "halton-meter.pem";
const LINK_FOLDER = "/etc/ssl/certs";
const CONFIGURATION = "/etc/ca-certificates.conf";
const TOOL_MS = 120_000;
/** What tells a command that can be given another configuration. Debian's is a script; Alpine's is not. */
const TAKES_CONFIGURATION = "--certsconf";
/** The file of the command itself is what is locked, so that the lock leaves no trace. */
const LOCKED = `if command -v flock >/dev/null; then exec flock "$1" "$@"; fi
exec "$@"`;

/** The folder of anchors that this machine has; `null` where it has none. */
export async function anchorFolder(
  machine: Machine,
  certificate: Certificate,
  certificateFile: string,
): Promise<AnchorStore | null> {
  const { root } = machine;
  for (const system of SYSTEMS) {
    const tool = await toolOf(root, system.tool);
    if (tool === null || (system.folderRequired && !await isFolder(`${root}${system.folder}`))) continue;
    const anchor = `${system.folder}/${ANCHOR}`;
    const command = tool.slice(root.length);
    return {
      tool: system.tool,
      look: () => look(root, system, certificate),
      put: () => put(machine, tool, system.folder, certificate),
      take: () => take(machine, tool, system.folder),
      sweep: () => removeLeftovers(`${root}${anchor}`),
      putByHand: `${commandLine(["sudo", "install", "-D", "-m", "644", certificateFile, anchor])} && ${
        commandLine(["sudo", command])
      }`,
      takeByHand: removalByHand(anchor, command, await readOrNull(tool)),
    };
  }
  return null;
}

/** What does by hand as much as {@link take}, or the links that are left would be found for ever. */
function removalByHand(anchor: string, command: string, script: string | null): string {
  if (script?.includes(TAKES_CONFIGURATION)) {
    const copy = `c=$(mktemp) && { echo "!${ANCHOR}"; cat ${CONFIGURATION}; } >"$c"`;
    const words = `rm -f ${anchor}; ${copy} && ${command} ${TAKES_CONFIGURATION} "$c"; rm -f "$c"`;
    return commandLine(["sudo", "sh", "-c", words]);
  }
  const fresh = command.endsWith("/update-ca-certificates") ? ["--fresh"] : [];
  return `${commandLine(["sudo", "rm", "-f", anchor])} && ${commandLine(["sudo", command, ...fresh])}`;
}

async function look(root: string, system: AnchorSystem, certificate: Certificate) {
  const anchor = `${root}${system.folder}/${ANCHOR}`;
  const inFolder = await fileHolds(anchor, certificate);
  const inBundle = await bundleHolds(root, system.bundles, certificate);
  if (inFolder && inBundle) return "present";
  if (await exists(anchor)) return "differs";
  if (await otherHolds(`${root}${system.folder}`, certificate)) return "elsewhere";
  // Without any file, a certificate in the bundle is left from an interruption.
  return inBundle || (await leftLinks(root)).length > 0 ? "differs" : "absent";
}

/** Whether a file of the folder with another name holds the certificate. */
async function otherHolds(folder: string, certificate: Certificate): Promise<boolean> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => []);
  for (const name of names) if (name !== ANCHOR && await fileHolds(`${folder}/${name}`, certificate)) return true;
  return false;
}

async function put(machine: Machine, tool: string, folder: string, certificate: Certificate): Promise<void> {
  const { root, paths } = machine;
  if (!await isFolder(`${root}${folder}`)) {
    await noteMade(paths, [`${root}${folder}`]);
    await Deno.mkdir(`${root}${folder}`, { recursive: true });
    await Deno.chmod(`${root}${folder}`, 0o755); // Everybody reads it, whatever root's umask.
  }
  await changing("write", `${folder}/${ANCHOR}`, () => {
    return replaceFile(`${root}${folder}/${ANCHOR}`, certificate.pem, 0o644);
  });
  await update(machine, tool, []);
}

async function take(machine: Machine, tool: string, folder: string): Promise<void> {
  const { root, paths } = machine;
  await changing("remove", `${folder}/${ANCHOR}`, () => removeIfThere(`${root}${folder}/${ANCHOR}`));
  const deselected = await deselection(root, tool);
  try {
    await update(machine, tool, deselected === null ? [] : [TAKES_CONFIGURATION, deselected]);
  } finally {
    if (deselected !== null) await removeIfThere(deselected);
  }
  const left = await leftLinks(root);
  for (const link of left) await changing("remove", link, () => removeIfThere(link));
  // A gap in the numbers of links of the same hash would hide those after it.
  if (left.length > 0) await update(machine, tool, ["--fresh"]);
  await unmake(paths, `${root}${folder}`);
}

/** @throws {MeterError} `failed` with everything that the command said. */
async function update(machine: Machine, tool: string, args: readonly string[]): Promise<void> {
  const output = await machine.run("sh", ["-c", LOCKED, "sh", tool, ...args], { timeoutMs: TOOL_MS });
  if (output.code !== 0) throw commandFailure("Cannot update the roots of this system", tool, output);
}

/** A copy of Debian's configuration that deselects our certificate; `null` for a command that cannot be given one. */
async function deselection(root: string, tool: string): Promise<string | null> {
  try {
    if (!(await Deno.readTextFile(tool)).includes(TAKES_CONFIGURATION)) return null;
    const configuration = await Deno.readTextFile(`${root}${CONFIGURATION}`);
    const copy = await Deno.makeTempFile({ prefix: "halton-meter-", suffix: ".conf" });
    // In front: the command passes over a last line that has no end.
    await Deno.writeTextFile(copy, `!${ANCHOR}\n${configuration}`);
    return copy;
  } catch {
    return null; // Then only the links are removed.
  }
}

/** Links to our certificate in the folder that OpenSSL looks certificates up in, the one by name and those by hash. */
async function leftLinks(root: string): Promise<string[]> {
  const folder = `${root}${LINK_FOLDER}`;
  const links: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (!entry.isSymlink) continue;
      const target = await Deno.readLink(`${folder}/${entry.name}`);
      const ours = target === LINK || (entry.name === LINK && target.endsWith(`/${ANCHOR}`));
      if (ours) links.push(`${folder}/${entry.name}`);
    }
  } catch {
    return links; // No such folder on this system.
  }
  return links;
}

async function bundleHolds(root: string, bundles: readonly string[], certificate: Certificate): Promise<boolean> {
  for (const bundle of bundles) {
    if (await exists(`${root}${bundle}`)) return await fileHolds(`${root}${bundle}`, certificate);
  }
  return false;
}

async function toolOf(root: string, name: string): Promise<string | null> {
  for (const folder of TOOL_FOLDERS) if (await exists(`${root}${folder}/${name}`)) return `${root}${folder}/${name}`;
  return null;
}

async function changing(action: string, path: string, change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (cause) {
    const state = cause instanceof Error ? cause.name : "unknown error";
    throw new MeterError("failed", `Cannot ${action} ${path}: ${state}`, {
      hint: "Check whether the system's folders may be written",
      cause,
    });
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function readOrNull(path: string): Promise<string | null> {
  return await Deno.readTextFile(path).catch(() => null);
}

async function isFolder(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => null))?.isDirectory ?? false;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).catch(() => null) !== null;
}
