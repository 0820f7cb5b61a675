/**
 * What is wrong with a running daemon, as sentences. Every counter of a swallowed error has its line here.
 *
 * Imports: roles (types).
 *
 * @module
 */

import type { DaemonStatus } from "../roles/daemon_status.ts";
import type { LiveEdge } from "../roles/edge_probe.ts";

/** Counters that mean a problem: role, counter, and what the number counts. */
const COUNTED: readonly (readonly [string, string, string])[] = [
  ["recorder", "rows_dropped", "Rows given up because the database could not be written"],
  ["recorder", "bodies_dropped", "Bodies given up because the database could not be written"],
  ["recorder", "bodies_withheld", "Calls stored without bodies: whose they are was not found, and some project is off"],
  ["recorder", "failed", "Copies that could not be processed"],
  ["interceptor", "opaqueConnections", "Connections that could not be followed and were passed on unmetered"],
  ["interceptor", "exchangesGivenUp", "Calls not metered because the recorder was too far behind"],
  ["interceptor", "dropped_request_bytes", "Bytes of requests not copied, to bound memory"],
  ["interceptor", "dropped_response_bytes", "Bytes of responses not copied, to bound memory"],
  ["interceptor", "accept_failed", "Connections that the interceptor could not accept"],
  ["edge", "tunnel_interceptor_failed", "Connections tunnelled unmetered because the interceptor did not answer"],
  ["edge", "tunnel_no_http1", "Connections tunnelled unmetered because their client speaks HTTP/2 only"],
  ["edge", "accept_failed", "Connections that the edge could not accept"],
  ["edge", "notices_lost", "Calls not attributed because the daemon was not told of them"],
];

/** Every problem. `edge` is what the proxy port answers, also when a process of its own serves it; null = nothing. */
export function problemsOf(daemon: DaemonStatus, edge: LiveEdge | null): string[] {
  const problems: string[] = [...daemon.configProblems];
  if (edge === null) problems.push("The edge does not answer: tools that use the proxy cannot connect");
  if (daemon.caConstrained === false) {
    problems.push("The certificate authority may sign for any host: it was made by another program and is reused");
  }
  if (daemon.apiProblem !== null) problems.push(daemon.apiProblem);
  for (const [name, role] of Object.entries(daemon.roles)) {
    if (role.restarts > 0) problems.push(`The ${name} stopped and was started again: ${role.restarts} times so far`);
    problems.push(...role.notes);
  }
  for (const [role, counter, sentence] of COUNTED) {
    const counters = role === "edge" ? edge?.counters : daemon.roles[role]?.counters;
    const value = counters?.[counter] ?? 0;
    if (value > 0) problems.push(`${sentence}: ${value}`);
  }
  return problems;
}
