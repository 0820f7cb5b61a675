/**
 * A machine of a test's own for trust stores: a home whose name holds a space and a quote, a root for the system's paths,
 * and certificates that share one subject.
 *
 * @module
 */

import type { Machine } from "../../../src/os/machine.ts";
import { paths } from "../../../src/os/paths.ts";
import { runForOutput } from "../../../src/os/run.ts";
import { type Certificate, certificatesIn } from "../../../src/os/trust/fingerprint.ts";
import type { TrustOptions } from "../../../src/os/trust/options.ts";

/** The machine and what is needed to put its certificate somewhere. */
export interface TrustMachine extends AsyncDisposable {
  readonly machine: Machine;
  readonly options: TrustOptions;
  /** The meter's certificate, as in `options.certificateFile`. */
  readonly own: Certificate;
  readonly home: string;
  readonly root: string;
  /** Another certificate with the subject of the meter's, or with `subject`. */
  makeCertificate(subject?: string): Promise<Certificate>;
  /** Replaces the meter's certificate by a new one, as a CA that was made anew does. */
  renew(): Promise<Certificate>;
}

/** @param changed Parts of the machine that differ; `env` holds variables beside `HOME`. */
export async function trustMachine(
  changed: Partial<Omit<Machine, "env">> & { readonly env?: Record<string, string> } = {},
  told: Partial<TrustOptions> = {},
): Promise<TrustMachine> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "halton-trust-" }));
  const home = `${folder}/it's a "home"`;
  const root = `${folder}/root`;
  await Deno.mkdir(home);
  await Deno.mkdir(root);
  const { env = {}, ...others } = changed;
  // Never the PATH of whoever runs the tests: interpreters are looked for on it, to change what they trust.
  const variables: Record<string, string> = { HOME: home, PATH: `${folder}/bin`, ...env };
  const environment = { get: (name: string) => variables[name] };
  const machine: Machine = {
    platform: "linux",
    run: runForOutput,
    paths: paths(environment),
    env: environment,
    uid: 0,
    binary: "/opt/halton-meter",
    edgePort: 8081,
    apiPort: 8765,
    root,
    ...others,
  };
  const certificateFile = machine.paths.caCertificate;
  await Deno.mkdir(machine.paths.caFolder);
  const renew = async () => {
    const made = await selfSigned(folder, "/CN=mitmproxy");
    await Deno.writeTextFile(certificateFile, made.pem);
    return made;
  };
  return {
    machine,
    options: { certificateFile, interactive: "never", pythons: [], ...told },
    own: await renew(),
    home,
    root,
    makeCertificate: (subject = "/CN=mitmproxy") => selfSigned(folder, subject),
    renew,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Everything below `folder`: mode, and what is in the file or behind the link. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = async (path: string): Promise<void> => {
    const info = await Deno.lstat(path);
    const mode = ((info.mode ?? 0) & 0o7777).toString(8);
    const name = path.slice(folder.length);
    if (info.isSymlink) found[name] = `link to ${await Deno.readLink(path)}`;
    else if (info.isFile) found[name] = `${mode} ${await Deno.readTextFile(path)}`;
    else {
      found[name] = `${mode} folder`;
      for await (const entry of Deno.readDir(path)) await walk(`${path}/${entry.name}`);
    }
  };
  await walk(folder);
  return found;
}

/** Writes a program for a test's root. */
export async function writeScript(path: string, lines: readonly string[]): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
}

async function selfSigned(folder: string, subject: string): Promise<Certificate> {
  const base = `${folder}/${crypto.randomUUID()}`;
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
  const made = await runForOutput("openssl", [...args, "-keyout", `${base}.key`, "-out", base, "-subj", subject]);
  if (made.code !== 0) throw new Error(made.stderr);
  const [certificate] = certificatesIn(await Deno.readTextFile(base));
  await Deno.remove(base);
  await Deno.remove(`${base}.key`);
  if (certificate === undefined) throw new Error("openssl made no certificate");
  return certificate;
}
