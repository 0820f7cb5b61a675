/**
 * Everything that stands between the load client and the stand-in provider, started once per run.
 *
 * @module
 */

import { createAuthority, issueLeaf, readAuthority } from "../../src/ca/authority.ts";
import type { Children, Part } from "./children.ts";
import type { LoadOrder, Via } from "./load.ts";
import { type Meter, startMeter } from "./meter.ts";
import { startMitmproxy } from "./mitmproxy.ts";
import { HOST } from "./wire.ts";

/** One way, each way, to a provider across an ocean. */
const DELAY_MS = 20;

/** Ways to reach the provider, and who goes them. */
export interface Targets {
  readonly load: (order: LoadOrder) => Promise<unknown>;
  readonly meter: Meter;
  readonly direct: Via;
  readonly blind: Via;
  readonly floor: Via;
  /** A bare splice to the provider, to compare the blind tunnel with. */
  readonly bare: Via;
  readonly metered: Via;
  /** Null when mitmproxy is not installed. */
  readonly mitmproxy: Via | null;
  /** The same provider behind a line with latency. */
  readonly far: { readonly direct: Via; readonly metered: Via };
}

/** Starts all of them. @param program The meter's command and its first arguments. */
export async function startTargets(children: Children, program: readonly string[]): Promise<Targets> {
  const now = Date.now();
  const made = await createAuthority({ hosts: [HOST], now, commonName: "halton-meter bench provider" });
  const authority = await readAuthority(made.certPem + made.keyPem, { hosts: [HOST], now });
  const { certPem, keyPem } = await issueLeaf(authority, HOST, now, 1);
  const caCertPem = made.certPem;
  const provider = port(await children.part("./provider.ts", { certPem, keyPem }));
  const delayed = port(await children.part("./delay.ts", { to: provider, delayMs: DELAY_MS }));
  const ends = port(await children.part("./floor.ts", { role: "tls", to: provider, certPem, keyPem, caCertPem }));
  const hop = port(await children.part("./floor.ts", { role: "hop", to: ends }));
  const bare = port(await children.part("./floor.ts", { role: "hop", to: provider }));
  const load = await children.part("./load.ts", { do: "nothing" });
  const meter = await startMeter(children, "near", program, provider, caCertPem);
  const farMeter = await startMeter(children, "far", program, delayed, caCertPem);
  const mitmproxy = await startMitmproxy(children, provider, caCertPem);
  const direct: Via = { proxy: null, host: "127.0.0.1", port: provider, caCertPem };
  const metered: Via = { proxy: meter.port, host: HOST, port: 443, caCertPem: meter.caCertPem };
  return {
    load: (order) => load.order(order),
    meter,
    direct,
    blind: { ...direct, proxy: meter.port },
    floor: { ...metered, proxy: hop, caCertPem },
    bare: { ...direct, proxy: bare },
    metered,
    mitmproxy: mitmproxy === null ? null : { ...metered, proxy: mitmproxy.port, caCertPem: mitmproxy.caCertPem },
    far: {
      direct: { ...direct, port: delayed },
      metered: { ...metered, proxy: farMeter.port, caCertPem: farMeter.caCertPem },
    },
  };
}

function port(part: Part & { readonly ready: unknown }): number {
  return Number(part.ready);
}
