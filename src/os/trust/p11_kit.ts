/**
 * Roots of a Linux system by p11-kit's `trust`, for systems that have it and none of the known folders of anchors.
 *
 * Anchors have no names of ours there. What was put in is noted in the data folder, so that a certificate that was made anew
 * takes the place of the one before it.
 *
 * Imports: os/machine.ts (types), os/run.ts, os/trust.
 *
 * @module
 */

import type { Machine } from "../machine.ts";
import { commandFailure, type CommandOutput } from "../run.ts";
import { addedCertificates, forgetAdded, noteAdded } from "./added_certificates.ts";
import type { AnchorStore } from "./anchor_store.ts";
import { type Certificate, certificatesIn } from "./fingerprint.ts";
import { commandLine } from "./shell_words.ts";

const TOOL_MS = 120_000;

/** The store that this machine has by p11-kit; `null` where it has none. */
export async function p11Kit(
  machine: Machine,
  certificate: Certificate,
  certificateFile: string,
): Promise<AnchorStore | null> {
  const tool = `${machine.root}/usr/bin/trust`;
  if (await Deno.stat(tool).catch(() => null) === null) return null;
  return {
    tool: "trust",
    look: async () => {
      const anchors = await digests(machine, tool);
      const earlier = (await addedCertificates(machine.paths)).filter(({ sha256 }) => sha256 !== certificate.sha256);
      if (earlier.some(({ sha256 }) => anchors.includes(sha256))) return "differs";
      return anchors.includes(certificate.sha256) ? "present" : "absent";
    },
    put: async () => {
      await noteAdded(machine.paths, certificate);
      const args = ["anchor", "--store", certificateFile];
      demand(
        "Cannot add the certificate to the roots of this system",
        await machine.run(tool, args, { timeoutMs: TOOL_MS }),
      );
      await takeNoted(machine, tool, ({ sha256 }) => sha256 !== certificate.sha256);
    },
    take: async () => {
      await noteAdded(machine.paths, certificate); // Whoever added it, it is the meter's.
      await takeNoted(machine, tool, () => true);
    },
    sweep: () => Promise.resolve(),
    putByHand: commandLine(["sudo", "trust", "anchor", "--store", certificateFile]),
    takeByHand: commandLine(["sudo", "trust", "anchor", "--remove", certificateFile]),
  };
}

/** Takes out the noted certificates that `wanted` names, as far as they are in. */
async function takeNoted(machine: Machine, tool: string, wanted: (certificate: Certificate) => boolean): Promise<void> {
  for (const noted of (await addedCertificates(machine.paths)).filter(wanted)) {
    if ((await digests(machine, tool)).includes(noted.sha256)) {
      const output = await machine.run(tool, ["anchor", "--remove", noted.file], { timeoutMs: TOOL_MS });
      demand("Cannot remove the certificate from the roots of this system", output);
    }
    await forgetAdded(machine.paths, noted);
  }
}

/** SHA-256 of every root that servers may be trusted by. */
async function digests(machine: Machine, tool: string): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "halton-meter-" });
  try {
    const bundle = `${folder}/roots.pem`;
    const args = ["extract", "--format=pem-bundle", "--filter=ca-anchors", "--purpose=server-auth", bundle];
    demand("Cannot list the roots of this system", await machine.run(tool, args, { timeoutMs: TOOL_MS }));
    return certificatesIn(await Deno.readTextFile(bundle)).map(({ sha256 }) => sha256);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function demand(action: string, output: CommandOutput): void {
  if (output.code !== 0) throw commandFailure(action, "trust", output);
}
