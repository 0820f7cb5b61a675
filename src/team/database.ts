/**
 * What the server asks of a database: SQL in transactions, the same text for PostgreSQL and for the embedded one.
 *
 * A transaction sees no row of any workspace until {@link enterWorkspace} names one, or {@link presentSecret} shows the hash of
 * a secret, which opens the one row that holds it. Row-level security in migrations.ts enforces both.
 *
 * Imports nothing.
 *
 * @module
 */

/** A value for `$1`. Anything else is cast in the SQL from text. */
export type Param = string | number | boolean | null;

/** One row as it came. Read through the functions below, which check. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs one statement in a transaction. */
export type Sql = (text: string, params?: readonly Param[]) => Promise<readonly Row[]>;

/** A database that is open. */
export interface Database {
  readonly kind: "postgres" | "pglite";
  /** Runs `work` in one transaction; what it throws rolls back. A deadlock is tried once more, so `work` must be repeatable. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Runs a text of several statements outside of a transaction of ours. Only for migrations. */
  script(text: string): Promise<void>;
  close(): Promise<void>;
}

/** From here to the end of the transaction, rows of this workspace are visible, and no others. */
export async function enterWorkspace(sql: Sql, workspaceId: string): Promise<void> {
  await sql("SELECT set_config('app.workspace', $1::text, true), set_config('app.secret', '', true)", [workspaceId]);
}

/** From here to {@link enterWorkspace}, the row that holds this hash is visible, and no other. `hash`: hex digits. */
export async function presentSecret(sql: Sql, hash: string): Promise<void> {
  await sql("SELECT set_config('app.secret', $1::text, true)", [hash]);
}

/** Runs `work` inside one workspace. */
export function inWorkspace<T>(db: Database, workspaceId: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  return db.transaction(async (sql) => {
    await enterWorkspace(sql, workspaceId);
    return await work(sql);
  });
}

/** SQLSTATE of a database error, or null. */
export function sqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : null;
}

/** Deadlock and serialization failure: the same transaction may well succeed at once. */
export function isRepeatable(error: unknown): boolean {
  const state = sqlState(error);
  return state === "40P01" || state === "40001";
}

/** Whether the database could not be reached or is shutting down, so that the client should come back. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return false;
  return /^(?:08|53|57)/.test(error.code) ||
    /^(?:CONNECT|ECONN|ETIMEDOUT|ENOTFOUND|EPIPE|CONNECTION_)/.test(error.code);
}

/** A column that holds text. @throws {TypeError} when the query does not give it: a bug. */
export function textIn(row: Row, name: string): string {
  const value = row[name];
  if (typeof value !== "string") throw new TypeError(`Column ${name} holds no text`);
  return value;
}

/** Text or NULL. */
export function textOrNull(row: Row, name: string): string | null {
  return row[name] === null ? null : textIn(row, name);
}

/** A column cast to a 4-byte integer or a float in the SQL. */
export function numberIn(row: Row, name: string): number {
  const value = row[name];
  if (typeof value !== "number") throw new TypeError(`Column ${name} holds no number`);
  return value;
}

/** Number or NULL. */
export function numberOrNull(row: Row, name: string): number | null {
  return row[name] === null ? null : numberIn(row, name);
}

/** A boolean column. */
export function flagIn(row: Row, name: string): boolean {
  const value = row[name];
  if (typeof value !== "boolean") throw new TypeError(`Column ${name} holds no flag`);
  return value;
}

/** A whole number that the SQL casts to text, since it may exceed 2^53. */
export function bigIn(row: Row, name: string): bigint {
  return BigInt(textIn(row, name));
}
