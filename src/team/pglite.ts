/**
 * The database embedded in this process, for a trial: PostgreSQL compiled to WebAssembly, in a folder.
 *
 * The same SQL and the same row-level security: every transaction gives up the owner's rights first. What differs: one
 * connection, so that requests take turns; one process, so that a second instance or command cannot open the folder; and
 * no network, so that nothing else can look inside. Measured: 4 s for a new folder, 0.6 GB of memory.
 *
 * Imports: @electric-sql/pglite, domain, ./database.ts, ./migrations.ts (the role's name).
 *
 * @module
 */

import { PGlite } from "@electric-sql/pglite";
import { MeterError } from "../domain/errors.ts";
import type { Database, Param, Row } from "./database.ts";
import { APP_ROLE } from "./migrations.ts";

const LOCK_FILE = "halton-meter-team.lock";
const LOCK_WAIT_MS = 2_000;

/**
 * Opens the folder, which is made (0700) when it is not there.
 *
 * @param asOwner True = for migrations: keep the owner's rights.
 * @throws {MeterError} `database_unusable` if another process has it open.
 */
export async function openPglite(folder: string, asOwner = false): Promise<Database> {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(folder);
  const pglite = await PGlite.create({ dataDir: `${folder}/pgdata` }).catch((cause) => {
    lock.close();
    throw new MeterError("database_unusable", "Cannot open the embedded database: its folder cannot be read as one", {
      hint: "Choose an empty folder with --data-dir, or restore this one from a backup",
      cause,
    });
  });
  await pglite.exec("SET TimeZone = 'UTC'");
  return {
    kind: "pglite",
    async transaction(work) {
      const { value } = await pglite.transaction(async (transaction) => {
        if (!asOwner) await transaction.exec(`SET LOCAL ROLE ${APP_ROLE}`);
        const sql = async (text: string, params: readonly Param[] = []): Promise<readonly Row[]> => {
          return (await transaction.query<Row>(text, [...params])).rows;
        };
        return { value: await work(sql) };
      });
      return value;
    },
    async script(text) {
      await pglite.exec(text);
    },
    async close() {
      await pglite.close();
      lock.close();
    },
  };
}

/** The lock ends with the process, however it ends. Nobody holds it for a moment only, so waiting longer would not help. */
async function lockFolder(folder: string): Promise<Deno.FsFile> {
  const file = Deno.openSync(`${folder}/${LOCK_FILE}`, { create: true, write: true, mode: 0o600 });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const taken = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), LOCK_WAIT_MS));
  const locked = await Promise.race([file.lock(true).then(() => true, () => false), taken]);
  clearTimeout(timer);
  if (locked) return file;
  throw new MeterError("database_unusable", "Cannot open the embedded database: another process has it open", {
    hint: "Stop the server that uses this --data-dir first",
  });
}
