/**
 * Leaf certificates for the intercepted hosts: minted at start, renewed long before they expire.
 *
 * Runs in the supervisor, the only role that ever holds the CA key, and drops it when the leaves are made.
 *
 * Imports: domain, ca, os/ca_files.ts, roles/messages.ts (types).
 *
 * @module
 */

import { issueLeaf, readAuthority } from "../ca/authority.ts";
import { INTERCEPTED_HOSTS, type InterceptedHost } from "../domain/hosts.ts";
import type { Leaf, Leaves } from "./messages.ts";

/** Days a leaf is valid; design limit 7. */
const LEAF_DAYS = 7;

/** Leaves are renewed when less than this is left: a laptop that slept over a weekend still has days. */
const RENEW_BEFORE_MS = 4 * 24 * 60 * 60 * 1000;

/** How often the wall clock is looked at; timers stand still while a machine sleeps. */
export const RENEWAL_CHECK_MS = 10 * 60 * 1000;

/** Leaves and when they must be replaced. */
export interface IssuedLeaves {
  readonly leaves: Leaves;
  /** UTC epoch ms. */
  readonly notAfter: number;
  /** Whether the root itself limits which hosts its key can sign for. */
  readonly constrained: boolean;
}

/** Issues one leaf per intercepted host. @throws {MeterError} `ca_unusable` */
export async function issueLeaves(caPem: string, now: number): Promise<IssuedLeaves> {
  const authority = await readAuthority(caPem, { hosts: INTERCEPTED_HOSTS, now });
  const issued = await Promise.all(INTERCEPTED_HOSTS.map(async (host) => {
    return [host, await issueLeaf(authority, host, now, LEAF_DAYS)] as const;
  }));
  const leaves = Object.fromEntries(
    issued.map(([host, { certPem, keyPem }]): [InterceptedHost, Leaf] => [host, { certPem, keyPem }]),
  ) as Record<InterceptedHost, Leaf>;
  return { leaves, constrained: authority.constrained, notAfter: Math.min(...issued.map(([, leaf]) => leaf.notAfter)) };
}

/** Whether it is time for new leaves. */
export function renewalDue(issued: IssuedLeaves, now: number): boolean {
  return issued.notAfter - now < RENEW_BEFORE_MS;
}
