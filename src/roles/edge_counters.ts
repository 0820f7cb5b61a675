/**
 * What an edge counts. Every connection ends under one of these, so that nothing goes unmetered unseen.
 *
 * @module
 */

/** Counters since the edge started, all in connections. */
export interface EdgeCounters {
  connections: number;
  open: number;
  intercepted: number;
  tunnel_not_intercepted: number;
  tunnel_daemon_down: number;
  tunnel_interceptor_failed: number;
  tunnel_not_tls: number;
  tunnel_other_sni: number;
  tunnel_no_http1: number;
  clear_forwarded: number;
  /** Absolute-form `https://`, refused since it would put a credential on the wire in clear. */
  clear_refused: number;
  no_head: number;
  /** Left, or sent nothing, between CONNECT and ClientHello; clients open connections ahead of need. */
  no_hello: number;
  /** Questions to the edge itself, answered. */
  probes: number;
  bad_requests: number;
  unreachable: number;
  broken: number;
  accept_failed: number;
}

/** All zero. */
export function newEdgeCounters(): EdgeCounters {
  return {
    connections: 0,
    open: 0,
    intercepted: 0,
    tunnel_not_intercepted: 0,
    tunnel_daemon_down: 0,
    tunnel_interceptor_failed: 0,
    tunnel_not_tls: 0,
    tunnel_other_sni: 0,
    tunnel_no_http1: 0,
    clear_forwarded: 0,
    clear_refused: 0,
    no_head: 0,
    no_hello: 0,
    probes: 0,
    bad_requests: 0,
    unreachable: 0,
    broken: 0,
    accept_failed: 0,
  };
}
