/**
 * The browser's side of a session: its cookie, where forms may come from, and what they must carry.
 *
 * A change needs three things: a cookie that no other site's form sends (SameSite), an `Origin` that is ours, and a token that
 * only our own pages can show.
 *
 * Imports: hono, ../deps.ts (types), ../members.ts, ../problem.ts, ../read_body.ts, ../secrets.ts.
 *
 * @module
 */

import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { Sql } from "../database.ts";
import type { TeamDeps, TeamEnv } from "../deps.ts";
import { asMember, type Session } from "../members.ts";
import { Refusal } from "../problem.ts";
import { readForm } from "../read_body.ts";
import { formToken, sameHash } from "../secrets.ts";

const MAX_FORM_BYTES = 16_384;
const SESSION_S = 7 * 86_400;

/** A request to one of the pages. */
export type Web = Context<TeamEnv>;

/** Somebody signed in, with what forms of this session must carry. */
export interface SignedIn extends Session {
  readonly formToken: string;
}

/** The name says that the cookie came over TLS, from this host and for all of it; on loopback there is no TLS. */
function cookieName(deps: TeamDeps): string {
  return isSecure(deps) ? "__Host-hm_session" : "hm_session";
}

function isSecure({ publicUrl }: TeamDeps): boolean {
  return publicUrl().startsWith("https:");
}

/** The secret in the cookie, or null. */
export function sessionSecret(context: Web, deps: TeamDeps): string | null {
  return getCookie(context, cookieName(deps)) ?? null;
}

/** Gives the browser a session; null takes it away. */
export function setSession(context: Web, deps: TeamDeps, secret: string | null): void {
  setCookie(context, cookieName(deps), secret ?? "", {
    path: "/",
    secure: isSecure(deps),
    httpOnly: true,
    sameSite: "Lax",
    maxAge: secret === null ? 0 : SESSION_S,
  });
}

/** Who is signed in, or null. Looked up in a transaction of its own. */
export async function whoIs(context: Web, deps: TeamDeps): Promise<SignedIn | null> {
  const secret = sessionSecret(context, deps);
  if (secret === null) return null;
  const found = await asMember(deps.db, secret, (_, session) => Promise.resolve(session));
  return found === null ? null : { ...found.result, formToken: formToken(secret) };
}

/** Sends somebody to sign in, and back here afterwards. */
export function toSignIn(context: Web): Response {
  const { pathname, search } = new URL(context.req.url);
  return context.redirect(`/sign-in?next=${encodeURIComponent(pathname + search)}`, 303);
}

/** Runs `work` for whoever is signed in, inside the workspace; sends everybody else to sign in. */
export async function signedIn(
  context: Web,
  deps: TeamDeps,
  work: (sql: Sql, session: SignedIn) => Promise<Response>,
): Promise<Response> {
  const secret = sessionSecret(context, deps);
  const found = secret === null ? null : await asMember(deps.db, secret, (sql, session) => {
    return work(sql, { ...session, formToken: formToken(secret) });
  });
  return found === null ? toSignIn(context) : found.result;
}

/**
 * Runs `work` for a form of somebody signed in, inside the workspace.
 *
 * @throws {Refusal} 403 for a form that is not of our own making.
 */
export async function submitted(
  context: Web,
  deps: TeamDeps,
  work: (sql: Sql, session: SignedIn, form: ReadonlyMap<string, string>) => Promise<Response>,
): Promise<Response> {
  const form = await ownForm(context, deps);
  return await signedIn(context, deps, async (sql, session) => {
    checkFormToken(form, session);
    return await work(sql, session, form);
  });
}

/** @throws {Refusal} 403 for a form that no page of this session showed. */
export function checkFormToken(form: ReadonlyMap<string, string>, session: SignedIn): void {
  if (!sameHash(form.get("form_token") ?? "", session.formToken)) throw foreignForm();
}

/** The fields of a form that one of our own pages sent. @throws {Refusal} 403 for any other. */
export async function ownForm(context: Web, deps: TeamDeps): Promise<ReadonlyMap<string, string>> {
  const origin = context.req.header("origin");
  if (origin === undefined || !ownOrigins(deps).includes(origin)) throw foreignForm();
  return await readForm(context.req.raw, MAX_FORM_BYTES);
}

/** On loopback people write either name. */
function ownOrigins({ publicUrl }: TeamDeps): string[] {
  const own = publicUrl();
  return own.startsWith("http://127.0.0.1") ? [own, own.replace("127.0.0.1", "localhost")] : [own];
}

/** Where to go after signing in: a path of ours, else the start page. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![\/\\])[\w\/?=&%.-]*$/.test(next) ? next : "/";
}

function foreignForm(): Refusal {
  return new Refusal(
    403,
    "foreign_form",
    "This form does not come from a page of this site",
    "Reload the page and try again",
  );
}
