/**
 * Leaf certificates for the intercepted hosts: minted at start, renewed long before they expire.
 *
 * Runs in the minter, a worker that ends when the leaves are made.
 *
 * Imports: domain, ca, os/ca_files.ts, roles/messages.ts (types).
 *
 * @module
 */

import { issueLeaf, readAuthority } from "../ca/authority.ts";
import { INTERCEPTED_HOSTS, type InterceptedHost } from "../domain/hosts.ts";
import type { IssuedLeaves, Leaf } from "./messages.ts";

/** Days a leaf is valid; design limit 7. */
const LEAF_DAYS = 7;

/** Leaves are renewed when less than this is left: a laptop that slept over a weekend still has days. */
const RENEW_BEFORE_MS = 4 * 24 * 60 * 60 * 1000;

/** How often the wall clock is looked at; timers stand still while a machine sleeps. */
export const RENEWAL_CHECK_MS = 10 * 60 * 1000;

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
