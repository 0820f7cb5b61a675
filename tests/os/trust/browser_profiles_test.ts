import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { databasesOf, profilesIn } from "../../../src/os/trust/browser_profiles.ts";
import { type TrustMachine, trustMachine } from "./trust_machine.ts";

async function database({ home }: TrustMachine, path: string): Promise<string> {
  await Deno.mkdir(`${home}/${path}`, { recursive: true });
  for (const name of ["cert9.db", "key4.db"]) await Deno.writeTextFile(`${home}/${path}/${name}`, "");
  return `${home}/${path}`;
}

Deno.test("profilesIn reads relative and absolute paths and passes over other sections", () => {
  const text = [
    "[Install4F96D1932A9F858E]\r\nDefault=xyz.default\r\nPath=not-a-profile\r\n\r\n",
    "[Profile1]\r\nName=work\r\nIsRelative=0\r\nPath=/srv/it's work\r\n\r\n",
    "[Profile0]\nName=default\nIsRelative=1\nPath=Profiles/a b.default\n\n[General]\nVersion=2\n",
  ].join("");
  deepEqual(profilesIn(text, "/home/user/.mozilla/firefox"), [
    "/srv/it's work",
    "/home/user/.mozilla/firefox/Profiles/a b.default",
  ]);
  deepEqual(profilesIn("", "/f"), []);
  deepEqual(profilesIn("[Profile0]\nName=without a path\n", "/f"), []);
});

Deno.test("databasesOf finds Firefox in every kind of package, and no profile twice", async () => {
  await using test = await trustMachine();
  const folders = [
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/config/mozilla/firefox",
  ];
  const expected: string[] = [];
  for (const folder of folders) {
    expected.push(await database(test, `${folder}/p`));
    const ini = "[Profile0]\nPath=p\n[Profile1]\nPath=p/../p\n[Profile2]\nPath=gone\n";
    await Deno.writeTextFile(`${test.home}/${folder}/profiles.ini`, ini);
  }
  deepEqual(await databasesOf("firefox", test.machine), expected.sort());
  deepEqual(await databasesOf("chromium", test.machine), []);
});

Deno.test("databasesOf finds Chromium's database in the data folder that the user chose", async () => {
  await using test = await trustMachine();
  const fallback = await database(test, ".local/share/pki/nssdb");
  const chosen = await database(test, "data/pki/nssdb");
  deepEqual(await databasesOf("chromium", test.machine), [fallback]);
  const env = { get: (name: string) => name === "XDG_DATA_HOME" ? `${test.home}/data` : undefined };
  deepEqual(await databasesOf("chromium", { ...test.machine, env }), [chosen]);
});
