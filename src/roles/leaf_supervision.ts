/**
 * The certificates of a daemon: an authority that is loaded or made once, leaves that are renewed long before they expire, and what is to be
 * said of both in the audit trail.
 *
 * Holds the CA key while it mints, never longer.
 *
 * Imports: domain, log.ts, os, roles.
 *
 * @module
 */

import { INTERCEPTED_HOSTS } from "../domain/hosts.ts";
import type { LogEvent } from "../log.ts";
import { loadOrCreateCa } from "../os/ca_files.ts";
import { noteMissing } from "../os/install_state.ts";
import type { Paths } from "../os/paths.ts";
import { renewalDue } from "./leaves.ts";
import type { IssuedLeaves } from "./messages.ts";
import { mintAuthority, mintLeaves } from "./minter.ts";

/** An event for the audit trail. */
export interface AuditFact {
  readonly event: string;
  readonly details: Readonly<Record<string, string>>;
}

/** What is started with, and told. */
export interface LeafSupervisionOptions {
  readonly paths: Paths;
  readonly log: (event: LogEvent) => void;
  /** Folders and files that were found open to others and closed before the start. */
  readonly tightened: readonly string[];
}

/** The leaves that are served right now. */
export class LeafSupervision {
  readonly #options: LeafSupervisionOptions;
  #issued: IssuedLeaves | null = null;

  constructor(options: LeafSupervisionOptions) {
    this.#options = options;
  }

  /** Null until the first were issued. */
  get issued(): IssuedLeaves | null {
    return this.#issued;
  }

  /** Issues leaves. @returns what the audit trail has to say. @throws {MeterError} `ca_unusable` and others */
  async issue(): Promise<readonly AuditFact[]> {
    const { paths, log } = this.#options;
    const now = Date.now();
    await noteMissing(paths, [paths.caFolder, paths.caKey, paths.caCertificate]);
    const ca = await loadOrCreateCa({ dir: paths.caFolder, create: () => mintAuthority(now) });
    // Leaves are issued again and again; the others were looked at once.
    const tightened = [...this.#issued === null ? this.#options.tightened : [], ...ca.tightened];
    for (const path of tightened) log({ event: "daemon.permissions.tightened", path });
    this.#issued = await mintLeaves(ca.pem, now);
    const not_after = new Date(this.#issued.notAfter).toISOString();
    for (const host of INTERCEPTED_HOSTS) log({ event: "leaf.issued", host, not_after });
    return [
      ...ca.created ? [{ event: "ca.created", details: {} }] : [],
      ...tightened.map((path) => ({ event: "permissions.tightened", details: { path } })),
    ];
  }

  /** Whether it is time for new ones. */
  renewalDue(): boolean {
    return this.#issued !== null && renewalDue(this.#issued, Date.now());
  }
}
