/**
 * What comes with an installation goes with it: D4 and D6 with the compiled program, in a machine of its own.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { CANNOT_INSTALL, type Machine, succeed, withMachine } from "../e2e/support/installed.ts";

const ROOT = { name: "root", home: "/", shell: "/bin/sh" };

Deno.test({
  name:
    "D4 uninstall keeps the CA for the documented command, and with everything purged takes it out of the system's store",
  ignore: CANNOT_INSTALL,
  fn: () =>
    withMachine("root", "none", async (machine) => {
      const { sandbox, account } = machine;
      const store = sandbox.inside("/etc/ssl/certs/ca-certificates.crt");
      const body = async (path: string) => (await Deno.readTextFile(path)).replaceAll(/-----[A-Z ]+-----|\s/g, "");
      await succeed(machine, "init", "--non-interactive");
      const certificate = await body(`${account.home}/.mitmproxy/mitmproxy-ca-cert.pem`);
      equal((await body(store)).includes(certificate), true, "trusted after init");
      match(await succeed(machine, "uninstall"), /certificate authority stays in .*\.mitmproxy/);
      equal((await body(store)).includes(certificate), false, "not trusted any more");
      equal((await Deno.stat(`${account.home}/.mitmproxy/mitmproxy-ca.pem`)).isFile, true);
      await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
    }),
});

/** A Python environment with a certifi of its own, made by the user inside the machine. @returns its bundle. */
async function environment({ sandbox, account }: Machine, name: string): Promise<{ python: string; bundle: string }> {
  const folder = `${account.home}/${name}`;
  const made = await sandbox.run(account, ["/usr/bin/python3", "-m", "venv", "--without-pip", folder]);
  equal(made.code, 0, made.stderr);
  const script = "import os, sysconfig; d = sysconfig.get_paths()['purelib'] + '/certifi'; os.makedirs(d); " +
    "open(d + '/__init__.py', 'w').write(\"def where(): return __file__.replace('__init__.py', 'cacert.pem')\"); " +
    "open(d + '/cacert.pem', 'w').write(open('/etc/ssl/certs/ca-certificates.crt').read()); print(d + '/cacert.pem')";
  const { code, stdout, stderr } = await sandbox.run(account, [`${folder}/bin/python`, "-c", script]);
  equal(code, 0, stderr);
  return { python: `${folder}/bin/python`, bundle: stdout.trim() };
}

Deno.test({
  name:
    "D6 setup --force patches the interpreter that it is run for, and uninstall takes the patch out of the old ones too",
  ignore: CANNOT_INSTALL,
  fn: () =>
    withMachine("user", "none", async (machine) => {
      const { sandbox, account } = machine;
      const [old, fresh] = [await environment(machine, "old env"), await environment(machine, "new env")];
      const before = await Promise.all([old, fresh].map(({ bundle }) => Deno.readTextFile(bundle)));
      const holds = async ({ bundle }: { bundle: string }) => /halton-meter/.test(await Deno.readTextFile(bundle));
      await succeed(machine, "init", "--apps", "--non-interactive");
      await succeed(machine, "setup", "--force", "--non-interactive", "--python", old.python);
      deepEqual([await holds(old), await holds(fresh)], [true, false]);
      await succeed(machine, "setup", "--force", "--non-interactive", "--python", fresh.python);
      deepEqual([await holds(old), await holds(fresh)], [true, true]);
      const patched = await Deno.readTextFile(fresh.bundle);
      await succeed(machine, "setup", "--force", "--non-interactive", "--python", fresh.python);
      equal(await Deno.readTextFile(fresh.bundle), patched, "a second time changes nothing");
      await succeed(machine, "uninstall", "--purge", "--include-logs", "--yes");
      deepEqual(await Promise.all([old, fresh].map(({ bundle }) => Deno.readTextFile(bundle))), before);
      await sandbox.run({ ...ROOT, home: sandbox.folder }, [
        "rm",
        "-r",
        `${account.home}/old env`,
        `${account.home}/new env`,
      ]);
    }),
});
