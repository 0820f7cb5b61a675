/**
 * The least that this design can cost: a process that splices TCP after a CONNECT, and one that ends TLS and begins it
 * anew. No copy, no parser, no record. The order names the role; a child of the bench for each.
 *
 * @module
 */

import { serveOrders } from "./part.ts";
import { HOST } from "./wire.ts";

type Order =
  | { readonly role: "hop"; readonly to: number }
  | { readonly role: "tls"; readonly to: number; certPem: string; keyPem: string; caCertPem: string };

type Connection = Deno.TcpConn | Deno.TlsConn;

await serveOrders((order: Order) => {
  const listener = order.role === "hop" ? Deno.listen({ hostname: "127.0.0.1", port: 0 }) : Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: order.certPem,
    key: order.keyPem,
    alpnProtocols: ["http/1.1"],
  });
  accept(listener, order);
  return Promise.resolve((listener.addr as Deno.NetAddr).port);
});

async function accept(listener: Deno.TcpListener | Deno.TlsListener, order: Order): Promise<void> {
  for (;;) {
    const client = await listener.accept();
    join(client, order).catch(() => {});
  }
}

async function join(client: Connection, order: Order): Promise<void> {
  if (order.role === "hop") {
    await client.read(new Uint8Array(1024));
    await client.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
  }
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: order.to });
  tcp.setNoDelay(true);
  const far = order.role === "hop"
    ? tcp
    : await Deno.startTls(tcp, { hostname: HOST, caCerts: [order.caCertPem], alpnProtocols: ["http/1.1"] });
  await Promise.all([copy(client, far), copy(far, client)]).catch(() => {});
  for (const end of [client, far]) {
    try {
      end.close();
    } catch {
      // The other side was faster.
    }
  }
}

async function copy(from: Connection, to: Connection): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return to.closeWrite();
    for (let written = 0; written < count;) written += await to.write(buffer.subarray(written, count));
  }
}
