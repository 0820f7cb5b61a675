import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { trustStores } from "../../../src/os/trust/stores.ts";
import { noSuchCommand } from "../recorded_runner.ts";
import { snapshot, trustMachine } from "./trust_machine.ts";

Deno.test("trustStores lists the stores of each platform in the order in which they are filled", async () => {
  await using test = await trustMachine();
  const options = { ...test.options, interactive: false };
  const idsOn = (platform: "linux" | "darwin") =>
    trustStores({ ...test.machine, platform }, options).map(({ id }) => id);
  deepEqual(idsOn("linux"), [
    "trust.anchors",
    "trust.nss.firefox",
    "trust.nss.chromium",
    "trust.bundle",
    "trust.certifi",
  ]);
  deepEqual(idsOn("darwin"), ["trust.keychain", "trust.bundle", "trust.certifi"]);
});

Deno.test("trustStores gives places that answer on a machine without any store, before there is a certificate", async () => {
  for (const platform of ["linux", "darwin"] as const) {
    await using test = await trustMachine({ platform, run: (command) => Promise.reject(noSuchCommand(command)) });
    await Deno.remove(test.options.certificateFile);
    const before = await snapshot(test.home);
    for (const place of trustStores(test.machine, { ...test.options, interactive: true })) {
      const wanted = place.id === "trust.bundle" ? "absent" : "unavailable";
      equal((await place.check()).state, wanted, place.id);
      equal((await place.remove()).state, wanted, place.id);
    }
    deepEqual(await snapshot(test.home), before);
  }
});

Deno.test("trustStores fills every store of Linux and empties it again, twice, in a home with a space and a quote", async () => {
  await using test = await trustMachine();
  await Deno.mkdir(`${test.root}/etc/ssl`, { recursive: true });
  await Deno.writeTextFile(`${test.root}/etc/ssl/cert.pem`, (await test.makeCertificate("/CN=Root")).pem);
  const places = trustStores(test.machine, { ...test.options, interactive: false });
  const before = await snapshot(test.home);
  for (let again = 0; again < 2; again++) {
    const applied = await Array.fromAsync(places, async (place) => (await place.apply()).state);
    deepEqual(applied, ["unavailable", "unavailable", "unavailable", "present", "unavailable"]);
    for (const place of places.toReversed()) await place.remove();
  }
  await Deno.remove(test.machine.paths.home); // Empty, and private to its owner.
  deepEqual(await snapshot(test.home), before);
});
