import { doesNotThrow, strictEqual as equal, throws } from "node:assert/strict";
import { ownerOf, requireOwnHome } from "../../src/os/own_home.ts";

function check(variables: Readonly<Record<string, string>>, uid: number | null, owner: number | null): void {
  requireOwnHome({ get: (name) => variables[name] }, uid, () => owner);
}

Deno.test("requireOwnHome refuses root by sudo in the home of the user who called it", () => {
  throws(() => check({ HOME: "/home/ann", SUDO_UID: "1000" }, 0, 1000), {
    code: "failed",
    message: "Cannot install as root into /home/ann: it is the home of another user",
    hint: "Run it without sudo; for root's own account: sudo -H",
  });
});

Deno.test("requireOwnHome leaves everybody else alone", () => {
  doesNotThrow(() => check({ HOME: "/root", SUDO_UID: "1000" }, 0, 0)); // sudo -H
  doesNotThrow(() => check({ HOME: "/github/home" }, 0, 1001)); // A container's home, mounted.
  doesNotThrow(() => check({ HOME: "/home/ann" }, 1000, 1000));
  doesNotThrow(() => check({ HOME: "/home/ann", SUDO_UID: "0" }, 0, 1000)); // Root called sudo.
  doesNotThrow(() => check({ SUDO_UID: "1000" }, 0, 1000));
  doesNotThrow(() => check({ HOME: "/home/gone", SUDO_UID: "1000" }, 0, null));
});

Deno.test("ownerOf follows a link, and knows no owner of nothing", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.symlinkSync(folder, `${folder}/link`);
    equal(ownerOf(`${folder}/link`), Deno.uid());
    equal(ownerOf(`${folder}/none`), null);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
