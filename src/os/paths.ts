/**
 * Where this program keeps its files, and the folder that holds them.
 *
 * Owns every file name; opens none of the files. The data folder is private to its owner (0700), since the database in
 * it is not encrypted. The certificate folder keeps mitmproxy's name, so that documented checks and removal commands work.
 *
 * Imports: domain.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { MeterError } from "../domain/errors.ts";

/** Absolute paths. */
export interface Paths {
  /** The user's home folder. */
  readonly userHome: string;
  /** `~/.halton-meter`, or `HALTON_METER_HOME`. */
  readonly home: string;
  readonly database: string;
  readonly config: string;
  /** Ports chosen at the last start. */
  readonly effectivePorts: string;
  /** Unix socket of the supervisor. */
  readonly socket: string;
  /** Unix socket of the process `edge`, which says where it has connected to. */
  readonly edgeSocket: string;
  readonly daemonLog: string;
  readonly edgeLog: string;
  /** Public roots plus the meter's own certificate, for clients that take one bundle. */
  readonly caBundle: string;
  /** The meter's certificate and what the user had in `NODE_EXTRA_CA_CERTS`, for Node. */
  readonly nodeExtraCa: string;
  readonly installMode: string;
  /** What `init` found before it changed the system's proxy. */
  readonly systemState: string;
  readonly proxyManaged: string;
  readonly appsManaged: string;
  /** Is there when `init` was told to leave the start-up files of shells alone. */
  readonly noShellRc: string;
  /** Locked while a command changes the installation. */
  readonly installLock: string;
  readonly pac: string;
  /** What a shell reads at its start to be metered. */
  readonly shellEnvironment: string;
  /** Folders and files that `init` made where there were none, so that `uninstall` can take them away again. */
  readonly madePaths: string;
  readonly cloudCredentials: string;
  /** `~/.mitmproxy`, or `HALTON_METER_CA_DIR`. */
  readonly caFolder: string;
  /** Certificate and private key. */
  readonly caKey: string;
  readonly caCertificate: string;
}

/** Tells this data folder from every other one, by whatever path it is reached. It says nothing of the path. */
export function installationId({ home }: Pick<Paths, "home">): string {
  return createHash("sha256").update(realPath(home)).digest("hex").slice(0, 16);
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path; // It is not there yet, so that it is no link either.
  }
}

/** Reads one environment variable. */
export type Environment = Pick<Deno.Env, "get">;

const HOME_MODE = 0o700;
/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const MAX_SOCKET_PATH_BYTES = 103;

/**
 * Names every file of the program.
 *
 * @throws {MeterError} `failed` if `HOME` is needed and unset, or a folder is not given as an absolute path.
 */
export function paths(env: Environment = Deno.env): Paths {
  const userHome = absolute(env, "HOME");
  const home = absolute(env, "HALTON_METER_HOME") ?? `${required(userHome)}/.halton-meter`;
  const caFolder = absolute(env, "HALTON_METER_CA_DIR") ?? `${required(userHome)}/.mitmproxy`;
  return {
    userHome: userHome ?? home,
    home,
    database: `${home}/db.sqlite`,
    config: `${home}/config.toml`,
    effectivePorts: `${home}/effective-ports.json`,
    socket: `${home}/daemon.sock`,
    edgeSocket: `${home}/edge.sock`,
    daemonLog: `${home}/daemon.err.log`,
    edgeLog: `${home}/edge.err.log`,
    caBundle: `${home}/ca-bundle.pem`,
    nodeExtraCa: `${home}/node-extra-ca.pem`,
    installMode: `${home}/install-mode`,
    systemState: `${home}/system_state.json`,
    proxyManaged: `${home}/proxy-managed`,
    appsManaged: `${home}/apps-managed`,
    noShellRc: `${home}/no-shell-rc`,
    installLock: `${home}/install.lock`,
    pac: `${home}/proxy.pac`,
    shellEnvironment: `${home}/env.sh`,
    madePaths: `${home}/made-paths.json`,
    cloudCredentials: `${home}/cloud-credentials.json`,
    caFolder,
    caKey: `${caFolder}/mitmproxy-ca.pem`,
    caCertificate: `${caFolder}/mitmproxy-ca-cert.pem`,
  };
}

/**
 * Creates the data folder with mode 0700, or sets that mode on the one that is there.
 *
 * @returns Whether the folder was there with a mode that gave more than it should.
 * @throws {MeterError} `failed` if the path is a symbolic link, not a folder, another user's, too long for a Unix
 *   socket inside it, or cannot be created.
 */
export function ensureHome({ home, socket }: Pick<Paths, "home" | "socket">): boolean {
  if (new TextEncoder().encode(socket).length > MAX_SOCKET_PATH_BYTES) {
    throw new MeterError("failed", `Cannot use ${home}: its path is too long for a Unix socket`, {
      hint: "Set HALTON_METER_HOME to a shorter path",
    });
  }
  let info: Deno.FileInfo;
  try {
    if (!exists(home)) Deno.mkdirSync(home, { recursive: true, mode: HOME_MODE });
    info = Deno.lstatSync(home);
  } catch (cause) {
    throw new MeterError("failed", `Cannot create ${home}: ${reason(cause)}`, {
      hint: "Check the owner, the mode and the free space of the folder that it is to lie in",
      cause,
    });
  }
  const wrong = whatIsWrong(info);
  if (wrong !== null) {
    throw new MeterError("failed", `Cannot use ${home}: ${wrong}`, {
      hint: "Move it away, or set HALTON_METER_HOME to a folder of your own",
    });
  }
  const mode = (info.mode ?? 0) & 0o7777;
  if (mode !== HOME_MODE) Deno.chmodSync(home, HOME_MODE);
  return (mode & ~HOME_MODE) !== 0;
}

function whatIsWrong(info: Deno.FileInfo): string | null {
  if (info.isSymlink) return "it is a symbolic link";
  if (!info.isDirectory) return "it is not a folder";
  return info.uid === Deno.uid() ? null : "it belongs to another user";
}

/** Whether anything is there, a dangling link included. */
function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Value of a variable that names a folder, without closing slashes; unset and empty are alike. */
function absolute(env: Environment, name: string): string | null {
  const value = env.get(name);
  if (value === undefined || value === "") return null;
  if (!value.startsWith("/")) {
    throw new MeterError("failed", `Cannot find the data folder: ${name} is not an absolute path`, {
      hint: `Set ${name} to a path that begins with a slash`,
    });
  }
  return value.replace(/(?<=.)\/+$/, "");
}

function required(userHome: string | null): string {
  if (userHome !== null) return userHome;
  throw new MeterError("failed", "Cannot find the data folder: HOME is not set", {
    hint: "Set HOME, or both HALTON_METER_HOME and HALTON_METER_CA_DIR",
  });
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.name : "unknown error";
}
