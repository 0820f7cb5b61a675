import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { createAuthority } from "../../src/ca/authority.ts";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";
import { MeterError } from "../../src/domain/errors.ts";
import { authorityPlace, madeAuthority } from "../../src/install/authority_place.ts";
import { purgeHome } from "../../src/install/purge.ts";
import { type Paths, paths } from "../../src/os/paths.ts";
import type { Place } from "../../src/os/place.ts";

interface Given {
  readonly files: Paths;
  readonly place: Place;
  readonly events: { created: boolean; tightened: readonly string[] }[];
}

async function withFolder(body: (given: Given) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  const variables: Record<string, string> = { HOME: folder };
  const files = paths({ get: (name) => variables[name] });
  const events: Given["events"] = [];
  const create = () => createAuthority({ hosts: INTERCEPTED_HOSTS, now: Date.now() });
  try {
    await body({ files, events, place: authorityPlace(files, create, (event) => events.push(event)) });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function mode(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}

Deno.test("authorityPlace makes an authority, keeps it, and takes it and its folder away again", async () => {
  await withFolder(async ({ files, place, events }) => {
    equal((await place.check()).state, "absent");
    equal((await place.apply()).state, "present");
    deepEqual([mode(files.caFolder), mode(files.caKey)], [0o700, 0o600]);
    const key = Deno.readTextFileSync(files.caKey);
    equal((await place.apply()).state, "present");
    equal(Deno.readTextFileSync(files.caKey), key);
    deepEqual(events, [{ created: true, tightened: [] }]);
    equal((await place.remove()).state, "absent");
    equal((await place.remove()).state, "absent");
    await rejects(() => Deno.stat(files.caFolder), Deno.errors.NotFound);
  });
});

Deno.test("authorityPlace never takes away an authority that was there before it", async () => {
  await withFolder(async ({ files, place }) => {
    const made = await createAuthority({ hosts: ["api.anthropic.com"], now: Date.now(), commonName: "mitmproxy" });
    Deno.mkdirSync(files.caFolder, { mode: 0o700 });
    Deno.writeTextFileSync(files.caKey, made.certPem + made.keyPem, { mode: 0o600 });
    equal((await place.check()).state, "differs"); // Its public file is missing.
    equal((await place.apply()).state, "present");
    equal(await madeAuthority(files), true); // The public file.
    equal((await place.remove()).state, "absent"); // Nothing of the meter is there any more.
    equal(await madeAuthority(files), false);
    equal(Deno.readTextFileSync(files.caKey), made.certPem + made.keyPem);
  });
});

Deno.test("madeAuthority tells an authority that the meter made, also without any other file of it", async () => {
  await withFolder(async ({ files, place }) => {
    equal(await madeAuthority(files), false);
    await place.apply();
    equal(await madeAuthority(files), true);
    purgeHome(files.home, { database: false });
    equal(await madeAuthority(files), true);
    await place.remove();
    equal(await madeAuthority(files), false);
  });
});

Deno.test("authorityPlace keeps a folder in which somebody else has a file", async () => {
  await withFolder(async ({ files, place }) => {
    await place.apply();
    Deno.writeTextFileSync(`${files.caFolder}/config.yaml`, "mine");
    equal((await place.remove()).state, "absent");
    equal(Deno.readTextFileSync(`${files.caFolder}/config.yaml`), "mine");
  });
});

Deno.test("authorityPlace tightens what others could read, and says so", async () => {
  await withFolder(async ({ files, place, events }) => {
    await place.apply();
    Deno.chmodSync(files.caKey, 0o644);
    Deno.chmodSync(files.caFolder, 0o755);
    equal((await place.check()).state, "differs");
    equal((await place.apply()).state, "present");
    deepEqual(events[1]?.tightened, [files.caFolder, files.caKey]);
  });
});

Deno.test("authorityPlace refuses a key that is a link, and changes nothing", async () => {
  await withFolder(async ({ files, place }) => {
    Deno.mkdirSync(files.caFolder, { mode: 0o700 });
    Deno.writeTextFileSync(`${files.userHome}/elsewhere.pem`, "secret", { mode: 0o644 });
    Deno.symlinkSync(`${files.userHome}/elsewhere.pem`, files.caKey);
    await rejects(() => place.apply(), MeterError);
    equal(mode(`${files.userHome}/elsewhere.pem`), 0o644);
  });
});

Deno.test("authorityPlace says what is wrong where its folder is a file, and has nothing to take away then", async () => {
  await withFolder(async ({ files, place }) => {
    Deno.writeTextFileSync(files.caFolder, "mine");
    await rejects(
      () => place.apply(),
      (error) => error instanceof MeterError && error.message.includes(files.caFolder),
    );
    equal((await place.remove()).state, "absent");
    equal(Deno.readTextFileSync(files.caFolder), "mine");
  });
});

Deno.test("authorityPlace does not take a damaged key file for an authority, and leaves it to its owner", async () => {
  await withFolder(async ({ files, place }) => {
    await place.apply();
    const certificate = Deno.readTextFileSync(files.caCertificate);
    Deno.writeTextFileSync(files.caKey, "garbage");
    equal((await place.check()).state, "differs");
    await rejects(() => place.apply(), /Cannot use the CA at .*: it holds no certificate/);
    Deno.writeTextFileSync(files.caKey, certificate); // Cut before the key.
    const { state, detail, hint } = await place.apply();
    equal(state, "differs");
    match(detail, /does not hold a certificate and its key$/);
    match(hint ?? "", /^Move it away/);
    equal(Deno.readTextFileSync(files.caKey), certificate);
  });
});
