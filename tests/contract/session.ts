/**
 * What the tests of the contract share: a meter, calls through it, and looks at what they left.
 *
 * @module
 */

import { strictEqual as equal } from "node:assert/strict";
import { readBodies } from "../../src/store/bodies.ts";
import { type Database, openReadOnly } from "../../src/store/database.ts";
import { anthropicEvents, eventStream } from "../e2e/support/answers.ts";
import { type Meter, type MeterOptions, withMeter } from "../e2e/support/meter.ts";
import { until } from "../e2e/support/program.ts";
import { startProvider } from "../e2e/support/provider.ts";
import { messagesRequest, oneCall } from "../e2e/support/raw_client.ts";

/** A meter whose daemon serves the proxy port itself, with a stand-in that says `words`. */
export async function withSession(
  options: Omit<MeterOptions, "providers" | "edge">,
  test: (meter: Meter) => Promise<void>,
  words?: readonly string[],
): Promise<void> {
  const provider = await startProvider({
    host: "api.anthropic.com",
    answer: () => eventStream(anthropicEvents(`msg_${crypto.randomUUID()}`, words), 1),
  });
  try {
    await withMeter({ ...options, providers: [provider], edge: false }, test);
  } finally {
    await provider.stop();
  }
}

/** One call that asks `prompt`. @returns how many bodies were stored of it. */
export async function say(meter: Meter, prompt: string): Promise<number> {
  const before = meter.rows().length;
  const caCerts = [await Deno.readTextFile(meter.caFile)];
  await oneCall(meter.edgePort, caCerts, messagesRequest({ messages: [{ role: "user", content: prompt }] }));
  const row = (await meter.waitForRows(before + 1)).at(-1);
  return look(meter, (db) => readBodies(db, row?.id ?? "").length);
}

/** Looks into the database. */
export function look<T>(meter: Meter, at: (db: Database) => T): T {
  const db = openReadOnly(meter.database);
  if (db === null) throw new Error("There is no database");
  try {
    return at(db);
  } finally {
    db.close();
  }
}

/** Runs a command that must succeed. @returns what it printed. */
export async function succeed(meter: Meter, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await meter.command(args);
  equal(code, 0, stderr);
  return stdout;
}

/** Adds lines to config.toml and waits until the running daemon has taken them up. */
export async function configure(meter: Meter, lines: string): Promise<void> {
  const changes = () => /"daemon\.config\.changed"/g[Symbol.match](readLog(meter))?.length ?? 0;
  const before = changes();
  await Deno.writeTextFile(`${meter.home}/config.toml`, lines, { append: true });
  await until("the daemon to take up the settings", () => changes() > before);
}

/** The daemon's log. */
export function readLog(meter: Meter): string {
  return Deno.readTextFileSync(`${meter.home}/daemon.err.log`);
}

/** Permission bits. */
export function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

/** Files and folders below a folder, from it, in order. */
export function pathsBelow(folder: string, inner = ""): string[] {
  return [...Deno.readDirSync(`${folder}${inner}`)].flatMap(({ name, isDirectory }) => {
    const path = `${inner}/${name}`;
    return isDirectory ? [path, ...pathsBelow(folder, path)] : [path];
  }).toSorted();
}

const DESCRIPTORS = `
import json, os, re, sys
pid = sys.argv[1]
written, inodes = [], set()
for fd in os.listdir("/proc/%s/fd" % pid):
    try:
        target = os.readlink("/proc/%s/fd/%s" % (pid, fd))
        flags = int(re.search(r"flags:\\s*(\\d+)", open("/proc/%s/fdinfo/%s" % (pid, fd)).read()).group(1), 8)
    except OSError:
        continue
    socket = re.match(r"socket:\\[(\\d+)\\]", target)
    if socket:
        inodes.add(socket.group(1))
    elif os.path.isfile(target) and flags & 3:
        written.append(target)
datagrams = [line.split()[6] for line in open("/proc/%s/net/unix" % pid).readlines()[1:]
             if line.split()[4] == "0002" and line.split()[6] in inodes]
print(json.dumps({"written": written, "sockets": len(inodes), "datagrams": datagrams}))
`;

/** What a process has open: files that it may write, how many sockets, and sockets such as a system's logger takes. */
export async function descriptorsOf(
  pid: number,
): Promise<{ readonly written: string[]; readonly sockets: number; readonly datagrams: string[] }> {
  return JSON.parse(await output("python3", "-c", DESCRIPTORS, String(pid)));
}

/** Output of a program of the system. @throws when it fails. */
export async function output(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${program} failed: ${decode(stderr)}`);
  return decode(stdout);
}
