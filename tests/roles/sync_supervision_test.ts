import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { writeCredentials } from "../../src/os/cloud_credentials.ts";
import { type SyncStart, SyncSupervision } from "../../src/roles/sync_supervision.ts";
import { cloudConfig } from "./sync_world.ts";
import { withFolder } from "./tools.ts";

const URL_A = "https://a.example.com";

interface Watched {
  readonly supervision: SyncSupervision;
  readonly starts: SyncStart[];
  readonly stops: number[];
  pair(baseUrl?: string): Promise<void>;
}

async function withSupervision(test: (watched: Watched) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const paths = { home: `${folder}/h`, socket: `${folder}/h/s`, cloudCredentials: `${folder}/h/c.json` };
    const starts: SyncStart[] = [];
    const stops: number[] = [];
    const supervision = new SyncSupervision({
      paths,
      start: (start) => starts.push(start),
      stop: () => Promise.resolve(void stops.push(starts.length)),
    });
    const pair = (baseUrl = URL_A) =>
      writeCredentials(paths, {
        token: `hm_sync_${"t".repeat(43)}`,
        baseUrl,
        workspaceId: "w",
        workspaceName: "W",
        machineId: "0198a000-0000-4000-8000-00000000000a",
        hostname: null,
      });
    await test({ supervision, starts, stops, pair });
  });
}

Deno.test("SyncSupervision starts nothing unless paired, enabled and told the same server", async () => {
  await withSupervision(async ({ supervision, starts, pair }) => {
    const on = { cloud: cloudConfig({ base_url: URL_A }) };
    await supervision.look(on);
    await pair();
    await supervision.look({ cloud: cloudConfig({ base_url: URL_A, enabled: false }) });
    await supervision.look({ cloud: cloudConfig({ base_url: "https://evil.example.com" }) });
    match(supervision.problems[0] ?? "", /not the server/);
    equal(starts.length, 0);
    await supervision.look(on);
    deepEqual(starts.map(({ server }) => [server.host, server.port]), [["a.example.com", 443]]);
    deepEqual(supervision.problems, []);
  });
});

Deno.test("SyncSupervision replaces the role when what it needs has changed, and only then", async () => {
  await withSupervision(async ({ supervision, starts, stops, pair }) => {
    await pair();
    const on = { cloud: cloudConfig({ base_url: URL_A }) };
    await supervision.look(on);
    await supervision.look(on);
    equal(starts.length, 1);
    await supervision.look(on, true);
    equal(starts.length, 2, "somebody said that something has changed");
    await supervision.look({ cloud: cloudConfig({ base_url: URL_A, body_sync: true }) });
    equal(starts.length, 3);
    equal(starts[2]?.cloud.bodySync, true);
    await supervision.look({ cloud: cloudConfig({ base_url: URL_A, enabled: false }) });
    equal(starts.length, 3);
    equal(supervision.wanted, false);
    equal(stops.at(-1), 3);
  });
});

Deno.test("SyncSupervision stops an idle role, and calls only a pause by hand no problem", async () => {
  await withSupervision(async ({ supervision, starts, stops, pair }) => {
    await pair();
    const on = { cloud: cloudConfig({ base_url: URL_A }) };
    await supervision.look(on);
    supervision.idle("the server does not accept the token any more");
    await supervision.look(on);
    equal(stops.length, 2);
    equal(starts.length, 1, "until somebody says that something has changed");
    match(supervision.problems[0] ?? "", /does not accept the token/);
    supervision.idle("paused by hand");
    deepEqual(supervision.problems, []);
    await supervision.close();
    await supervision.look(on, true);
    equal(starts.length, 1);
  });
});
