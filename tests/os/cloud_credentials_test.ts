import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import {
  type Credentials,
  isToken,
  readCredentials,
  removeCredentials,
  writeCredentials,
} from "../../src/os/cloud_credentials.ts";

const CREDENTIALS: Credentials = {
  token: `hm_sync_${"a".repeat(43)}`,
  baseUrl: "https://meter.example.com",
  workspaceId: "w",
  workspaceName: "Example team",
  machineId: "0198a000-0000-4000-8000-00000000000a",
  hostname: null,
};

async function withPaths(
  test: (paths: { home: string; socket: string; cloudCredentials: string }) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync({ dir: "/tmp", prefix: "hm-" });
  const home = `${folder}/home`;
  try {
    await test({ home, socket: `${home}/s`, cloudCredentials: `${home}/cloud-credentials.json` });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("writeCredentials makes a file of its owner's alone, replaced whole", async () => {
  await withPaths(async (paths) => {
    equal(readCredentials(paths), null);
    await writeCredentials(paths, CREDENTIALS);
    equal((Deno.statSync(paths.cloudCredentials).mode ?? 0) & 0o777, 0o600);
    deepEqual(readCredentials(paths), CREDENTIALS);
    const before = Deno.statSync(paths.cloudCredentials).ino;
    await writeCredentials(paths, { ...CREDENTIALS, hostname: "h" });
    equal(Deno.statSync(paths.cloudCredentials).ino === before, false, "a reader of the old file sees all of it");
    deepEqual([...Deno.readDirSync(paths.home)].map(({ name }) => name), ["cloud-credentials.json"]);
    equal(removeCredentials(paths), true);
    equal(removeCredentials(paths), false);
  });
});

Deno.test("readCredentials takes from others what they may read", async () => {
  await withPaths(async (paths) => {
    await writeCredentials(paths, CREDENTIALS);
    Deno.chmodSync(paths.cloudCredentials, 0o644);
    readCredentials(paths);
    equal((Deno.statSync(paths.cloudCredentials).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("readCredentials refuses what it did not write, without quoting it", async () => {
  await withPaths(async (paths) => {
    await writeCredentials(paths, CREDENTIALS);
    const good: Record<string, unknown> = JSON.parse(Deno.readTextFileSync(paths.cloudCredentials));
    const bad = [
      { ...good, token: "hm_sync_secret\r\nx: y" },
      { ...good, base_url: "http://meter.example.com" },
      { ...good, machine_id: "secret" },
      "secret",
      null,
    ];
    for (const value of bad) {
      Deno.writeTextFileSync(paths.cloudCredentials, JSON.stringify(value));
      throws(() => readCredentials(paths), (error: Error) => !error.message.includes("secret"));
    }
    Deno.removeSync(paths.cloudCredentials);
    Deno.symlinkSync("/etc/hosts", paths.cloudCredentials);
    throws(() => readCredentials(paths), /not a file/);
  });
});

Deno.test("isToken takes nothing that could break out of a field", () => {
  equal(isToken(CREDENTIALS.token), true);
  for (const odd of [null, "", "hm_sync_", "sk-ant-aaaaaaaaaaaaaaaaaaaaa", `${CREDENTIALS.token}\n`]) {
    equal(isToken(odd), false);
  }
});
