/**
 * Why a database could not be opened from the command line: what was found, and one thing to do.
 *
 * Imports: domain, ./database.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { isUnreachable, sqlState } from "./database.ts";

/** The variable that held the URL. */
export type UrlVariable = "DATABASE_URL" | "DATABASE_OWNER_URL";

/** A foreseen failure as {@link MeterError}; anything else as it is. Quotes nothing of the URL, which holds a password. */
export function databaseFailure(cause: unknown, variable: UrlVariable): unknown {
  const found = cause instanceof MeterError ? null : foreseen(cause, variable);
  if (found === null) return cause;
  const [state, hint] = found;
  return new MeterError("database_unusable", `Cannot use the database: ${state}`, { hint, cause });
}

function foreseen(cause: unknown, variable: UrlVariable): readonly [state: string, hint: string] | null {
  switch (sqlState(cause)) {
    case "28P01":
    case "28000":
      return [`it refuses the login in ${variable}`, refusedHint(variable)];
    case "3D000":
      return [`there is none of the name in ${variable}`, "Make it with createdb, or correct the URL"];
    case "42501":
      return [
        `the login in ${variable} may not do this`,
        "Let DATABASE_OWNER_URL name who owns the database and may create roles, and run halton-meter-team migrate",
      ];
    case "08P01":
      return [
        `what answers at the address in ${variable} takes no settings of a session`,
        "Let the pooler ignore statement_timeout and idle_in_transaction_session_timeout, as docs/team.md says",
      ];
    case "53300":
      return ["it takes no more connections", "Stop what holds them, or raise max_connections"];
  }
  if (!isUnreachable(cause)) return null;
  return [`nothing answers at the address in ${variable}`, "Start PostgreSQL there, or correct the URL"];
}

function refusedHint(variable: UrlVariable): string {
  return variable === "DATABASE_URL"
    ? "Run halton-meter-team migrate, which makes this login, or correct the password"
    : "Correct the name and the password in it";
}
