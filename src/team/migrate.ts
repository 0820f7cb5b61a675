/**
 * Brings the schema up to date and prepares the role that the server connects as. Runs as the owner of the tables.
 *
 * The server's login is made with the password that `DATABASE_URL` holds; what goes to the database is its SCRAM verifier, so
 * that no statement log ever shows the password.
 *
 * Imports: domain, ./database.ts, ./migrations.ts, ./scram.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { type Database, flagIn, numberIn, type Sql, sqlState, textIn } from "./database.ts";
import { APP_ROLE, GRANTS, MIGRATIONS } from "./migrations.ts";
import { scramVerifier } from "./scram.ts";

/** The newest version that this build knows. */
export const NEWEST = MIGRATIONS.length;

/** One migration of a database at a time. */
const LOCK = "SELECT pg_advisory_xact_lock(7100416)";

/** A login that the server uses. */
export interface Login {
  readonly name: string;
  /** Empty = the database asks for none, as over a socket with `peer`. */
  readonly password: string;
}

/** The login in a database URL; null where it names none. */
export function loginIn(url: string): Login | null {
  if (!URL.canParse(url)) return null;
  const { username, password } = new URL(url);
  return username === "" ? null : { name: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/**
 * Runs what is missing, each step in one transaction, one caller at a time.
 *
 * @param login The login to prepare for the server; null leaves logins alone.
 * @returns the version before and after.
 * @throws {MeterError} `database_newer` if a newer build has been here.
 */
export async function migrate(
  db: Database,
  login: Login | null,
): Promise<{ readonly from: number; readonly to: number }> {
  const found = await db.transaction(async (sql) => {
    await sql(LOCK);
    const known = await sql("SELECT FROM pg_roles WHERE rolname = $1", [APP_ROLE]);
    if (known.length === 0) {
      await sql(`CREATE ROLE ${APP_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE`);
    }
    await sql("CREATE TABLE IF NOT EXISTS team_schema (version integer PRIMARY KEY, run_at timestamptz NOT NULL)");
    const version = await versionIn(sql);
    if (version > NEWEST) throw newer(version);
    return version;
  });
  for (const { id, sql: text } of MIGRATIONS.slice(found)) {
    await runStep(db, id, text);
  }
  await db.script(`${LOCK};\n${GRANTS}`);
  if (login !== null) await prepareLogin(db, login);
  return { from: found, to: NEWEST };
}

/** A step and its mark: one message to the database, so one transaction. What another caller has run meanwhile is left alone. */
async function runStep(db: Database, id: number, text: string): Promise<void> {
  try {
    await db.script(`${LOCK};
      INSERT INTO team_schema (version, run_at) VALUES (${id}, now());\n${text}`);
  } catch (error) {
    if (sqlState(error) !== "23505") throw error;
  }
}

/** The version of the schema; 0 = nothing there. */
export async function schemaVersion(db: Database): Promise<number> {
  return await db.transaction(async (sql) => {
    const [found] = await sql("SELECT to_regclass('public.team_schema') IS NOT NULL AS there");
    return found !== undefined && flagIn(found, "there") ? await versionIn(sql) : 0;
  });
}

async function versionIn(sql: Sql): Promise<number> {
  const [row] = await sql("SELECT coalesce(max(version), 0) AS version FROM team_schema");
  return row === undefined ? 0 : numberIn(row, "version");
}

/**
 * Refuses to serve on a schema of another version, or as a role that row-level security does not bind.
 *
 * @throws {MeterError} `database_newer`, or `database_unusable` with what to do.
 */
export async function checkDatabase(db: Database): Promise<void> {
  const version = await schemaVersion(db);
  if (version > NEWEST) throw newer(version);
  if (version < NEWEST) {
    throw new MeterError("database_unusable", "Cannot serve: the database's schema is older than this program", {
      hint: "Run halton-meter-team migrate first",
    });
  }
  const bound = await db.transaction(async (sql) => {
    const [row] = await sql(
      `SELECT NOT (rolsuper OR rolbypassrls)
         AND NOT EXISTS (SELECT FROM pg_class WHERE relname IN ('requests', 'members', 'request_bodies')
           AND relnamespace = 'public'::regnamespace AND pg_has_role(current_user, relowner, 'MEMBER')) AS bound
       FROM pg_roles WHERE rolname = current_user`,
    );
    return row !== undefined && flagIn(row, "bound");
  });
  if (bound) return;
  throw new MeterError(
    "database_unusable",
    "Cannot serve: the login in DATABASE_URL may see past row-level security",
    {
      hint: "Give DATABASE_URL a login of its own, DATABASE_OWNER_URL the owner's, and run halton-meter-team migrate",
    },
  );
}

function newer(version: number): MeterError {
  return new MeterError(
    "database_newer",
    `Cannot use the database: its schema is version ${version}, newer than ${NEWEST}`,
    {
      hint: "Run the newest halton-meter-team",
    },
  );
}

async function prepareLogin(db: Database, { name, password }: Login): Promise<void> {
  await db.transaction(async (sql) => {
    await sql(LOCK);
    const [self] = await sql("SELECT current_user::text AS name");
    if (self !== undefined && textIn(self, "name") === name) return;
    const [known] = await sql("SELECT rolname::text FROM pg_roles WHERE rolname = $1", [name]);
    const [quoted] = await sql(
      "SELECT quote_ident($1) AS role, quote_literal($2) AS verifier",
      [name, password === "" ? "" : await scramVerifier(password)],
    );
    if (quoted === undefined) return;
    const role = textIn(quoted, "role");
    if (known === undefined) {
      const secret = password === "" ? "" : ` PASSWORD ${textIn(quoted, "verifier")}`;
      await sql(`CREATE ROLE ${role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE${secret}`);
    }
    await sql(`GRANT ${APP_ROLE} TO ${role}`);
  });
}
