/**
 * The local-only guarantee, as far as it is about the network: L5, L6, L15.
 *
 * A whole session runs where there is no network but loopback, traced at the boundary of the system, so that what it tries is
 * seen whether it could succeed or not. Linux only: elsewhere an outbound firewall shows the same.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { denoDir, NEW_RUNTIME, programCommand } from "../e2e/support/program.ts";

/** An older runtime cannot end a traced child that it knows by a pidfd; without those it waits for the signal instead. */
const TRACED = "-e trace=connect,sendto,sendmsg,sendmmsg" +
  (NEW_RUNTIME ? "" : ",pidfd_open -e inject=pidfd_open:error=ENOSYS");

/** One session and every address that it called. */
interface Traced {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  /** `family address port`, once each. */
  readonly called: readonly string[];
  /** How many calls of the system were seen. */
  readonly lines: number;
}

/**
 * Runs a command of the program in a network of its own that has loopback only.
 *
 * @param ready What the command says on standard error before it is told to stop; without it, it ends by itself.
 */
async function traced(args: readonly string[], ready?: string): Promise<Traced> {
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "hm-trace-" });
  try {
    const trace = `${folder}/trace`;
    const command = [...programCommand(), ...args].map((part) => `'${part}'`).join(" ");
    const strace = `strace -f --seccomp-bpf -qq ${TRACED} -o ${trace} ${command}`;
    // A second more than it takes to be ready, for whatever would call home then.
    const stopped = `${strace} 2>${folder}/said & p=$!; ` +
      `until grep -q '${ready}' ${folder}/said || ! kill -0 $p; do sleep 0.1; done; sleep 1; ` +
      `kill -TERM $(ps -o pid= --ppid $p); wait $p; cat ${folder}/said >&2`;
    const script = `ip link set lo up || exit 9; ${ready === undefined ? `exec ${strace}` : stopped}`;
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["--map-root-user", "--net", "sh", "-c", script],
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
        HOME: folder,
        TMPDIR: folder,
        DENO_DIR: await denoDir(),
        // The version check of the runtime under test is none of the program's; a compiled binary has none.
        DENO_NO_UPDATE_CHECK: "1",
        NO_COLOR: "1",
      },
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const lines = await Deno.readTextFile(trace).then((text) => text.split("\n"), () => []);
    return { code, stdout: decode(stdout), stderr: decode(stderr), called: addressesIn(lines), lines: lines.length };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function addressesIn(lines: readonly string[]): string[] {
  const found = lines.flatMap((line) => {
    const inet = /sa_family=AF_INET, sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)/.exec(line);
    if (inet !== null) return [`ipv4 ${inet[2]} ${inet[1]}`];
    const inet6 = /sa_family=AF_INET6, sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"/.exec(line);
    if (inet6 !== null) return [`ipv6 ${inet6[2]} ${inet6[1]}`];
    const family = /sa_family=(AF_\w+)/.exec(line)?.[1];
    return family === undefined || family === "AF_UNIX" || family === "AF_NETLINK" ? [] : [family];
  });
  return [...new Set(found)];
}

/** What is not on this machine, and what asks for names. */
function outbound(called: readonly string[]): string[] {
  return called.filter((each) => !/^(?:ipv4 127\.|ipv6 ::1 )/.test(each) || / 53$/.test(each));
}

const LINUX_ONLY = { ignore: Deno.build.os !== "linux" };

Deno.test({
  name: "L5 a session of several calls sends nothing but to the providers' places, and asks for no name",
  ...LINUX_ONLY,
  fn: async () => {
    const { code, stdout, stderr, called, lines } = await traced(["demo"]);
    equal(code, 0, stderr);
    match(stdout, /claude|gpt/, "calls were metered");
    ok(lines > 10 && called.length > 3, `${lines} lines, ${called.length} addresses`);
    deepEqual(outbound(called), []);
  },
});

Deno.test({
  name: "L6 a daemon that starts and stops calls nobody: no analytics, no crash report, no version check",
  ...LINUX_ONLY,
  fn: async () => {
    const { stderr, called } = await traced(["daemon"], "is metering");
    match(stderr, /is metering on 127\.0\.0\.1:/);
    deepEqual(outbound(called), []);
  },
});

Deno.test({
  name: "L15 no command asks for an update, sends a fingerprint or offers a channel for feedback",
  ...LINUX_ONLY,
  fn: async () => {
    for (const args of [["--version"], ["--help"], ["status"], ["pricing", "list"]]) {
      const { stdout, stderr, called } = await traced(args);
      ok(stdout + stderr !== "", args.join(" "));
      deepEqual(outbound(called), [], args.join(" "));
      equal(/feedback|telemetry|analytics|update available/i.test(stdout), false, stdout);
    }
  },
});

Deno.test({
  name: "L5 the trace shows an address and a name when somebody asks for one",
  ...LINUX_ONLY,
  fn: async () => {
    const lines = [
      '12 connect(5, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 ENETUNREACH',
      '12 connect(5, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0',
      '12 connect(5, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1',
      '12 connect(5, {sa_family=AF_INET, sin_port=htons(8081), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
    ];
    deepEqual(outbound(addressesIn(lines)), ["ipv4 192.0.2.1 443", "ipv4 127.0.0.53 53", "ipv6 2001:db8::1 443"]);
    // The same with a real program that calls somebody.
    const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "hm-trace-" });
    try {
      const script =
        `ip link set lo up; strace -f -qq -e trace=connect -o ${folder}/t curl -s --max-time 1 http://192.0.2.1/; true`;
      await new Deno.Command("unshare", { args: ["--map-root-user", "--net", "sh", "-c", script] }).output();
      const seen = addressesIn((await Deno.readTextFile(`${folder}/t`)).split("\n"));
      deepEqual(outbound(seen), ["ipv4 192.0.2.1 80"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
