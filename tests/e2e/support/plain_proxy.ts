/**
 * The comparison: a proxy without a meter, which takes every CONNECT to one port.
 *
 * @module
 */

import net from "node:net";

/** A running proxy. */
export interface PlainProxy {
  readonly port: number;
  readonly url: string;
  /** `host:port` of every CONNECT. */
  readonly targets: readonly string[];
  stop(): void;
}

/** Starts a proxy whose every tunnel ends at `port`, whatever host was asked for. */
export async function startPlainProxy(port: number): Promise<PlainProxy> {
  const open = new Set<net.Socket>();
  const targets: string[] = [];
  const server = net.createServer((client) => {
    open.add(client);
    let head = "";
    const onData = (bytes: Uint8Array) => {
      head += new TextDecoder("latin1").decode(bytes);
      if (!head.includes("\r\n\r\n")) return;
      client.off("data", onData).pause();
      targets.push(head.split(" ")[1] ?? "");
      const far = net.connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        client.pipe(far);
        far.pipe(client);
      });
      open.add(far);
      far.on("error", () => client.destroy()).on("close", () => client.end());
      client.on("close", () => far.destroy());
    };
    client.setNoDelay(true).on("data", onData).on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    port: address.port,
    targets,
    url: `http://127.0.0.1:${address.port}`,
    stop() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
