/**
 * A real PostgreSQL of its own for a test file: `initdb` in a temporary folder, a port of its own, stopped and removed at the
 * end. Started by somebody without rights when the tests run as root, since the server refuses root.
 *
 * Needs Debian's package `postgresql`. Without it the tests are skipped and say so, unless HALTON_METER_REQUIRE_POSTGRES=1.
 *
 * @module
 */

/** A cluster that runs. */
export interface Cluster {
  readonly port: number;
  /** Makes an empty database with an owner of its own. */
  database(): Promise<DatabaseUrls>;
  stop(): Promise<void>;
  /** Stops it at once, as a crash would, and starts it again on the same port after `meanwhile`. */
  restart(meanwhile: () => Promise<void>): Promise<void>;
}

/** URLs of one database. */
export interface DatabaseUrls {
  /** Owns the database and may make roles; no superuser, so that row-level security binds it too. */
  readonly owner: string;
  /** The login that migrate prepares. */
  readonly server: string;
  /** Sees everything, for looking at what is there. */
  readonly admin: string;
}

const MAJORS = [18, 17, 16, 15];

function binaries(): string | null {
  for (const major of MAJORS) {
    const folder = `/usr/lib/postgresql/${major}/bin`;
    try {
      if (Deno.statSync(`${folder}/initdb`).isFile) return folder;
    } catch {
      // Not this one.
    }
  }
  return null;
}

const found = binaries();
if (found === null && Deno.env.get("HALTON_METER_REQUIRE_POSTGRES") === "1") {
  throw new Error("There is no PostgreSQL 15 or newer in /usr/lib/postgresql: install the package postgresql");
}

/** Whether tests that need a server are skipped; the reason is in their names' list as "ignored". */
export const WITHOUT_POSTGRES = found === null;
if (WITHOUT_POSTGRES) {
  console.log("Skipped: there is no PostgreSQL in /usr/lib/postgresql; install the package postgresql");
}

/** Registers a test that needs a server. */
export function postgresTest(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  Deno.test({ name, ignore: WITHOUT_POSTGRES, fn });
}

/** Starts a cluster. */
export async function startCluster(): Promise<Cluster> {
  if (found === null) throw new Error("There is no PostgreSQL");
  const folder = Deno.makeTempDirSync({ dir: "/tmp", prefix: "hm-pg-" });
  const data = `${folder}/data`;
  const asNobody = Deno.uid() === 0;
  if (asNobody) await output("chown", ["nobody", folder]);
  const as = (program: string, args: readonly string[]) => {
    const path = `${found}/${program}`;
    return asNobody
      ? output("setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", path, ...args])
      : output(path, args);
  };
  await as("initdb", ["-D", data, "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]);
  // SCRAM for the server's login, so that the verifier that migrate makes is put to the test.
  Deno.writeTextFileSync(
    `${data}/pg_hba.conf`,
    "host all admin,owner 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
  );
  const port = freePort();
  const start = () =>
    as("pg_ctl", [
      "-D",
      data,
      "-w",
      "-t",
      "60",
      "-l",
      `${folder}/log`,
      "-o",
      `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=60 -c shared_buffers=128MB`,
      "start",
    ]);
  const stop = (mode: string) => as("pg_ctl", ["-D", data, "-w", "-m", mode, "stop"]);
  await start();
  let databases = 0;
  return {
    port,
    async database() {
      const name = `team_${++databases}`;
      const admin = (database: string) => `postgresql://admin@127.0.0.1:${port}/${database}`;
      const roles = databases === 1 ? ["-c", "CREATE ROLE owner LOGIN CREATEROLE"] : [];
      await output(`${found}/psql`, ["-d", admin("postgres"), ...roles, "-c", `CREATE DATABASE ${name} OWNER owner`]);
      return {
        owner: `postgresql://owner@127.0.0.1:${port}/${name}`,
        server: `postgresql://meter_server:plain-and-long@127.0.0.1:${port}/${name}`,
        admin: admin(name),
      };
    },
    async stop() {
      await stop("immediate");
      Deno.removeSync(folder, { recursive: true });
    },
    async restart(meanwhile) {
      await stop("immediate");
      await meanwhile();
      await start();
    },
  };
}

async function output(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    cwd: "/",
  }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
