/**
 * What a process and its children did on the network, read from `strace -f`: who is which thread, and every address that
 * was connected or sent to.
 *
 * Threads are told apart by who created them (`clone`), so that a worker of the runtime owns its event loop and the
 * threads that this loop started, e.g. to look up names. Sends without an address go where their socket was connected to.
 *
 * @module
 */

/** System calls that this reader needs; `io_uring_setup` since what is asked of a ring shows up nowhere else. */
export const TRACED_CALLS = "network,clone,clone3,fork,vfork,prctl,execve,openat,io_uring_setup";

/** One system call. */
export interface SystemCall {
  readonly thread: number;
  readonly name: string;
  readonly args: string;
  /** What it returned, as printed; `?` when the thread ended in the middle of it. */
  readonly result: string;
}

/** An address as the kernel was given it. */
export type Peer =
  | { readonly family: "inet"; readonly host: string; readonly port: number }
  | { readonly family: "unix"; readonly path: string }
  /** Between a program and the kernel of the same machine. */
  | { readonly family: "netlink" }
  | { readonly family: "none" }
  | { readonly family: "other"; readonly text: string };

/** Something was connected, or sent to an address. */
export interface Contact {
  readonly thread: number;
  readonly call: string;
  readonly peer: Peer;
  /** `SOCK_STREAM`, `SOCK_DGRAM`, …; `?` when the socket's beginning was not seen. */
  readonly type: string;
  /** What was sent, as far as it was traced. */
  readonly payloads: readonly Uint8Array[];
}

/** Everything that is read from a trace. */
export class NetworkTrace {
  readonly calls: readonly SystemCall[];
  readonly contacts: readonly Contact[];
  readonly #parents = new Map<number, number>();
  readonly #names = new Map<number, string>();

  constructor(text: string) {
    this.calls = parseCalls(text);
    for (const call of this.calls) {
      const child = Number(/^\d+/.exec(call.result)?.[0] ?? 0);
      if (/^(?:clone3?|v?fork)$/.test(call.name) && child > 0) this.#parents.set(child, call.thread);
      const name = call.name === "prctl" ? /^PR_SET_NAME, "([^"]*)"/.exec(call.args)?.[1] : undefined;
      if (name !== undefined) this.#names.set(call.thread, name);
    }
    this.contacts = contactsOf(this.calls);
  }

  /** Name that a thread gave itself, cut to 15 characters by the kernel; null when it has none of its own. */
  nameOf(thread: number): string | null {
    return this.#names.get(thread) ?? null;
  }

  /** The worker of the runtime that `thread` is, or belongs to; null for the main thread and what it started. */
  workerOf(thread: number): number | null {
    for (let at: number | undefined = thread; at !== undefined; at = this.#parents.get(at)) {
      if (/^worker-\d+$/.test(this.nameOf(at) ?? "")) return at;
    }
    return null;
  }

  /** Whether it is known who started `thread`, up to the first thread of the trace. */
  isTraced(thread: number): boolean {
    let at = thread;
    for (let parent = this.#parents.get(at); parent !== undefined; parent = this.#parents.get(at)) at = parent;
    return at === this.calls[0]?.thread;
  }

  /** Workers in which a call with such a name and arguments was made. */
  workersThat(name: RegExp, args: RegExp): number[] {
    const found = this.calls.filter((call) => name.test(call.name) && args.test(call.args));
    return [...new Set(found.map(({ thread }) => this.workerOf(thread)))].filter((worker) => worker !== null);
  }
}

/** Reads the calls; those that were interrupted by another thread's line are joined. */
function parseCalls(text: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<number, string>();
  const add = (thread: number, line: string) => {
    const [, name, args, result] = /^(\w+)\((.*)\)\s+= (.*)$/s.exec(line) ?? [];
    if (name !== undefined && args !== undefined && result !== undefined) calls.push({ thread, name, args, result });
    else throw new Error(`A line of the trace cannot be read: ${line}`);
  };
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, pid, rest] = /^(\d+) +(.*)$/s.exec(line) ?? [];
    if (pid === undefined || rest === undefined) throw new Error(`A line of the trace cannot be read: ${line}`);
    const thread = Number(pid);
    if (/^(?:\+\+\+|---) /.test(rest)) continue; // Ends and signals.
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest)?.[1];
    if (resumed !== undefined) {
      add(thread, (unfinished.get(thread) ?? "unknown(") + resumed);
      unfinished.delete(thread);
    } else if (/ *<unfinished \.\.\.>$/.test(rest)) {
      unfinished.set(thread, rest.replace(/ *<unfinished \.\.\.>$/, ""));
    } else add(thread, rest);
  }
  // The thread ended in the middle of the call, which may have had its effect.
  for (const [thread, begun] of unfinished) add(thread, `${begun.replace(/\)\s*=?\s*$/, "")}) = ?`);
  return calls;
}

/** What a descriptor of a process is. */
interface Socket {
  readonly type: string;
  peer: Peer;
}

function contactsOf(calls: readonly SystemCall[]): Contact[] {
  const contacts: Contact[] = [];
  const processes = new Map<number, number>();
  const sockets = new Map<string, Socket>();
  const keyOf = (thread: number, fd: string) => `${processes.get(thread) ?? thread} ${fd}`;
  // Threads first: the line that tells of a thread may come after the thread's own.
  for (const { thread, name, args, result } of calls) {
    if (!/^clone3?$/.test(name) || !/CLONE_THREAD/.test(args)) continue;
    processes.set(Number(/^\d+/.exec(result)?.[0] ?? 0), processes.get(thread) ?? thread);
  }
  for (const { thread, name, args, result } of calls) {
    const fd = /^(\d+)/.exec(args)?.[1] ?? "?";
    const made = /^(\d+)/.exec(result)?.[1];
    if (name === "socket" && made !== undefined) {
      const [, type = "?"] = /^\w+, (\w+)/.exec(args) ?? [];
      sockets.set(keyOf(thread, made), { type, peer: { family: "none" } });
    } else if (/^accept4?$/.test(name) && made !== undefined) {
      sockets.set(keyOf(thread, made), { type: "accepted", peer: { family: "none" } });
    } else if (name === "connect") {
      const peer = peerIn(args);
      const socket = sockets.get(keyOf(thread, fd));
      if (socket !== undefined) socket.peer = peer;
      contacts.push({ thread, call: name, peer, type: socket?.type ?? "?", payloads: [] });
    } else if (/^(?:sendto|sendmsg|sendmmsg)$/.test(name)) {
      const socket = sockets.get(keyOf(thread, fd));
      const named = peerIn(args);
      const peer = named.family === "none" ? socket?.peer ?? named : named;
      if (peer.family === "none") continue; // An accepted connection, or one end of a pair.
      contacts.push({ thread, call: name, peer, type: socket?.type ?? "?", payloads: payloadsIn(args) });
    }
  }
  return contacts;
}

/** The address in the arguments of a call. What is sent is blanked first, so that its text is not taken for one. */
function peerIn(args: string): Peer {
  const bare = args.replace(
    /(inet_addr\(|inet_pton\(AF_INET6, |sun_path=@?)?"(?:[^"\\]|\\.)*"/gs,
    (whole, before?: string) => before === undefined ? '""' : whole,
  );
  const address = /\{sa_family=(AF_\w+)([^}]*)\}/.exec(bare);
  if (address === null) return { family: "none" };
  const [, family = "", rest = ""] = address;
  const port = Number(/sin6?_port=htons\((\d+)\)/.exec(rest)?.[1] ?? -1);
  const host = /inet_addr\("([^"]+)"\)/.exec(rest)?.[1] ?? /inet_pton\(AF_INET6, "([^"]+)"/.exec(rest)?.[1];
  const path = /sun_path=@?"([^"]*)"/.exec(rest)?.[1];
  if (family === "AF_UNIX" && path !== undefined) return { family: "unix", path };
  if (family === "AF_NETLINK") return { family: "netlink" };
  if (family === "AF_UNSPEC") return { family: "none" }; // Takes an address away.
  if (/^AF_INET6?$/.test(family) && host !== undefined && port >= 0) return { family: "inet", host, port };
  return { family: "other", text: address[0] };
}

function payloadsIn(args: string): Uint8Array[] {
  const texts = [...args.matchAll(/(?:iov_base=|^\d+, )"((?:[^"\\]|\\.)*)"/gs)];
  return texts.map(([, text = ""]) => unescaped(text));
}

/** Bytes of a string as strace prints it: the escapes of C, octal ones without leading zeros where that is clear. */
function unescaped(text: string): Uint8Array {
  const named: Readonly<Record<string, number>> = { n: 10, t: 9, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };
  const bytes: number[] = [];
  for (const [whole, octal, hex, letter] of text.matchAll(/\\([0-7]{1,3})|\\x([0-9a-f]{2})|\\(.)|[^\\]/gs)) {
    if (octal !== undefined) bytes.push(parseInt(octal, 8));
    else if (hex !== undefined) bytes.push(parseInt(hex, 16));
    else bytes.push(letter === undefined ? whole.charCodeAt(0) : named[letter] ?? letter.charCodeAt(0));
  }
  return Uint8Array.from(bytes);
}

/** The name that a DNS message asks for (RFC 1035 section 4.1); null when it is none. */
export function nameAsked(message: Uint8Array): string | null {
  const labels: string[] = [];
  for (let at = 12; at < message.length;) {
    const length = message[at] ?? 0;
    if (length === 0) return labels.length === 0 ? null : labels.join(".").toLowerCase();
    if (length > 63 || at + 1 + length > message.length) return null;
    labels.push(new TextDecoder().decode(message.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return null;
}
