/**
 * mitmproxy before the same stand-in, for comparison. It records nothing here, which favours it.
 *
 * @module
 */

import { type Children, freePort, until } from "./children.ts";
import { runs } from "./machine.ts";

/** A running mitmdump. */
export interface Mitmproxy {
  readonly port: number;
  readonly caCertPem: string;
}

/** Starts it, or gives null when it is not installed. */
export async function startMitmproxy(
  children: Children,
  providerPort: number,
  providerCa: string,
): Promise<Mitmproxy | null> {
  if (!await runs("mitmdump", ["--version"])) return null;
  const confdir = `${children.folder}/mitmproxy`;
  const script = `${children.folder}/to_stand_in.py`;
  Deno.mkdirSync(confdir);
  Deno.writeTextFileSync(`${confdir}/provider-ca.pem`, providerCa);
  Deno.writeTextFileSync(
    script,
    `def server_connect(data):\n    data.server.address = ("127.0.0.1", ${providerPort})\n`,
  );
  const port = freePort();
  const settings = [
    `confdir=${confdir}`,
    "connection_strategy=lazy",
    `ssl_verify_upstream_trusted_ca=${confdir}/provider-ca.pem`,
  ];
  const args = ["--quiet", "--listen-host", "127.0.0.1", "--listen-port", String(port), "--scripts", script];
  children.run("mitmdump", [...args, ...settings.flatMap((setting) => ["--set", setting])]);
  const caCertPem = await until("mitmproxy", () => certificateOnceListening(port, `${confdir}/mitmproxy-ca-cert.pem`));
  return { port, caCertPem };
}

async function certificateOnceListening(port: number, path: string): Promise<string | null> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}
