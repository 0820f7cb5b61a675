/**
 * The frame of every page, and the small parts that pages share. Server-rendered; there is no script.
 *
 * Imports: hono/jsx, domain, ../members.ts (types).
 *
 * @module
 */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { formatUsd } from "../../domain/money.ts";
import type { TeamEnv } from "../deps.ts";
import type { Session } from "../members.ts";
import { VERSION } from "../version.ts";
import type { SignedIn } from "./web_session.ts";

/** A page. `session`: who is signed in; null = nobody. */
export interface FrameProps {
  readonly title: string;
  readonly session: Session | null;
  readonly children?: Child;
}

const SECTIONS: readonly (readonly [path: string, name: string, manages: boolean])[] = [
  ["/", "Totals", false],
  ["/requests", "Requests", false],
  ["/devices", "Machines", false],
  ["/members", "Members", false],
  ["/settings", "Settings", true],
  ["/audit", "Audit", true],
];

/** Whether a role manages the workspace. */
export function manages(session: Session): boolean {
  return session.role !== "member";
}

/** Answers with a page. */
export async function sendPage(
  context: Context<TeamEnv>,
  props: FrameProps,
  status: 200 | 400 | 401 | 403 | 404 | 405 | 408 | 409 | 410 | 413 | 415 | 429 | 500 | 503 = 200,
): Promise<Response> {
  const page = await (<Frame {...props} />).toString();
  return context.html(`<!DOCTYPE html>${page}`, status);
}

function Frame({ title, session, children }: FrameProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · halton-meter team`}</title>
        <link rel="stylesheet" href="/assets/team.css" />
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header>
          <strong>{session === null ? "halton-meter team" : session.workspaceName}</strong>
          {session === null ? null : (
            <nav aria-label="Sections">
              {SECTIONS.filter(([, , managing]) => !managing || manages(session)).map(([path, name]) => (
                <a href={path} aria-current={name === title ? "page" : undefined}>{name}</a>
              ))}
              <a href="/sign-out">{`Sign out ${session.memberName}`}</a>
            </nav>
          )}
        </header>
        <main id="content">
          <h1>{title}</h1>
          {children}
        </main>
        <footer>{`halton-meter-team ${VERSION}`}</footer>
      </body>
    </html>
  );
}

/** What every form of a session carries. */
export function FormToken({ session }: { readonly session: SignedIn }) {
  return <input type="hidden" name="form_token" value={session.formToken} />;
}

/** A table that may be wider than the window: scrolled in its own frame, by keys too. */
export function Scroll({ label, children }: { readonly label: string; readonly children?: Child }) {
  return <div class="scroll" role="region" aria-label={label} tabindex={0}>{children}</div>;
}

/** An amount, or why there is none. */
export function Money({ pico, missing }: { readonly pico: bigint | null; readonly missing?: string | null }) {
  if (pico !== null) return <>{formatUsd(pico).replace(/\B(?=(?:\d{3})+\.)/g, ",")}</>;
  return <span class="unknown">{missing?.replaceAll("_", " ") ?? "not known"}</span>;
}

/** A whole number with thin groups. */
export function grouped(value: bigint | number | null): string {
  return value === null ? "—" : value.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A time as `2026-11-21 06:40 UTC`. */
export function moment(iso: string | null): string {
  return iso === null ? "—" : `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The style sheet. */
export const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #4a6fd4; --link: #1d4ed8; background: #fff; color: #1a1a1a; }
@media (prefers-color-scheme: dark) { :root { --link: #9db4ff; background: #121212; color: #eee; } }
a { color: var(--link); }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 0 1rem; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: baseline; padding: 1rem 0; border-bottom: 1px solid var(--line); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
a[aria-current] { font-weight: 600; text-decoration: none; color: inherit; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.total { font-size: 2rem; font-weight: 600; margin: 0; } .unknown { font-style: italic; opacity: .75; }
meter { width: 8rem; }
@media (max-width: 40rem) { .share { display: none; } }
th.day { white-space: nowrap; } th[scope=row] { overflow-wrap: anywhere; min-width: 9rem; }
form.stack { display: grid; gap: .75rem; max-width: 28rem; } form.line { display: inline; }
form.stack h2, form.stack p { margin-bottom: 0; }
label { display: grid; gap: .25rem; } label.check { display: flex; gap: .5rem; align-items: baseline; }
input, select, button { font: inherit; padding: .4rem .6rem; }
pre { background: var(--soft); padding: 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.note { border-left: 4px solid var(--accent); padding: .5rem 1rem; background: var(--soft); }
.code { font: 600 1.5rem ui-monospace, monospace; letter-spacing: .1em; overflow-wrap: anywhere; }
footer { margin: 3rem 0 1rem; opacity: .75; font-size: .85rem; }
`;

/** `/assets/icon.svg`. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 18 18" fill="#4a6fd4">` +
  `<rect x="1" y="9" width="4" height="8" rx="1"/><rect x="7" y="4" width="4" height="13" rx="1"/>` +
  `<rect x="13" y="1" width="4" height="16" rx="1"/></svg>`;
