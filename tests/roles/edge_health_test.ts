import { strictEqual as equal } from "node:assert/strict";
import { INTERCEPTED_HOSTS, type InterceptedHost } from "../../src/domain/hosts.ts";
import { InterceptorHealth } from "../../src/roles/edge_health.ts";
import { updatePorts } from "../../src/roles/ports_file.ts";
import { healthServer } from "./edge_bench.ts";
import { close, closedPort, type Server, tcpServer, withFolder } from "./tools.ts";

const HOST = "api.openai.com";

interface Bench {
  readonly health: InterceptorHealth;
  readonly server: Server<Deno.TcpConn>;
  /** Moves the clock on. */
  later(ms: number): void;
  publish(hostPort: number, healthPort?: number): void;
  withdraw(): void;
}

async function withHealth(body: (bench: Bench) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = `${folder}/ports.json`;
    const server = healthServer();
    let now = 5_000;
    try {
      await body({
        health: new InterceptorHealth(path, () => now),
        server,
        later: (ms) => void (now += ms),
        publish(hostPort, healthPort = server.port) {
          const hosts = Object.fromEntries(INTERCEPTED_HOSTS.map((host) => [host, hostPort]));
          const ports = hosts as Record<InterceptedHost, number>;
          const interceptor = { hosts: ports, health: healthPort, selfTest: hostPort, token: "1" };
          updatePorts(path, { daemon: { pid: 1, apiPort: null, interceptor, startedAt: 1 } });
        },
        withdraw: () => updatePorts(path, { daemon: null }),
      });
    } finally {
      server.stop();
    }
  });
}

Deno.test("InterceptorHealth believes good health for 1000 ms, without another look", async () => {
  await withHealth(async ({ health, server, later, publish, withdraw }) => {
    equal(health.word, "unknown");
    publish(7001);
    equal(await health.portFor(HOST), 7001);
    equal(health.word, "good");
    publish(7002);
    later(999);
    equal(await health.portFor(HOST), 7001);
    equal(server.connections.length, 1);
    later(1);
    equal(await health.portFor(HOST), 7002);
    equal(server.connections.length, 2);
    withdraw();
    later(1_000);
    equal(await health.portFor(HOST), null);
    equal(health.word, "bad");
  });
});

Deno.test("InterceptorHealth believes bad health for 200 ms only", async () => {
  await withHealth(async ({ health, later, publish }) => {
    equal(await health.portFor(HOST), null);
    publish(7001);
    later(199);
    equal(await health.portFor(HOST), null);
    later(1);
    equal(await health.portFor(HOST), 7001);
  });
});

Deno.test("InterceptorHealth looks again at once after a refusal", async () => {
  await withHealth(async ({ health, publish }) => {
    publish(7001);
    equal(await health.portFor(HOST), 7001);
    publish(7002);
    health.drop();
    equal(health.word, "unknown");
    equal(await health.portFor(HOST), 7002);
  });
});

Deno.test("InterceptorHealth looks once for any number of callers", async () => {
  await withHealth(async ({ health, server, publish }) => {
    publish(7001);
    const ports = await Promise.all(INTERCEPTED_HOSTS.flatMap((host) => [health.portFor(host), health.portFor(host)]));
    equal(ports.every((port) => port === 7001), true);
    equal(server.connections.length, 1);
  });
});

Deno.test("InterceptorHealth is bad for ports that refuse, hang up, or never accept", async () => {
  const hangsUp = tcpServer((connection) => Promise.resolve(close(connection)));
  const hung = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const port of [closedPort(), hangsUp.port, hung.addr.port]) {
    await withHealth(async ({ health, publish }) => {
      publish(7001, port);
      const started = performance.now();
      equal(await health.portFor(HOST), null);
      equal(performance.now() - started < 1_000, true);
    });
  }
  hung.close();
  hangsUp.stop();
});

Deno.test("InterceptorHealth does not take another program at the old port for the interceptor", async () => {
  await withHealth(async ({ health, publish }) => {
    const stranger = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = stranger.accept().then(async (connection) => {
      await connection.write(new TextEncoder().encode("SSH-2.0-stranger"));
      connection.close();
    });
    publish(7001, stranger.addr.port);
    equal(await health.portFor(HOST), null);
    await serving;
    stranger.close();
  });
});
