/**
 * Settings of a workspace, tokens for reading programs, and the audit log. Owners and admins only; whether content is stored
 * is for owners alone.
 *
 * Imports: hono/jsx, ../audit.ts, ../bodies.ts, ../pairing.ts, ../problem.ts, ../workspaces.ts, ./frame.tsx, ./web_session.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import { listAudit, writeAudit } from "../audit.ts";
import { deleteBodies } from "../bodies.ts";
import type { TeamDeps, TeamEnv } from "../deps.ts";
import { insertToken } from "../pairing.ts";
import { Refusal } from "../problem.ts";
import { changeSettings, LIMITS_OF_DAYS, readWorkspace, type Workspace } from "../workspaces.ts";
import { FormToken, manages, moment, Scroll, sendPage } from "./frame.tsx";
import { type SignedIn, signedIn, submitted } from "./web_session.ts";

const AUDIT_SHOWN = 500;

/** Adds the pages. */
export function addSettingsPages(app: Hono<TeamEnv>, deps: TeamDeps): void {
  app.get("/settings", (context) => {
    return signedIn(context, deps, async (sql, session) => {
      needManager(session);
      const children = <SettingsForms session={session} workspace={await readWorkspace(sql)} />;
      return await sendPage(context, { title: "Settings", session, children });
    });
  });

  app.post("/settings", (context) => {
    return submitted(context, deps, async (sql, session, form) => {
      needManager(session);
      const now = await readWorkspace(sql);
      const storePromptContent = form.get("store_prompt_content") === "on";
      if (storePromptContent !== now.storePromptContent && session.role !== "owner") throw ownersOnly();
      await changeSettings(sql, session.workspaceId, session.memberId, {
        storePromptContent,
        retentionDays: daysIn(form, "retention_days", LIMITS_OF_DAYS.retentionDays),
        bodyRetentionDays: daysIn(form, "body_retention_days", LIMITS_OF_DAYS.bodyRetentionDays),
        auditRetentionDays: daysIn(form, "audit_retention_days", LIMITS_OF_DAYS.auditRetentionDays),
      });
      return context.redirect("/settings", 303);
    });
  });

  app.post("/settings/delete-bodies", (context) => {
    return submitted(context, deps, async (sql, session, form) => {
      if (session.role !== "owner") throw ownersOnly();
      if (form.get("sure") !== "on") throw new Refusal(400, "not_sure", "Nothing was deleted", "Tick the box first");
      await deleteBodies(sql, session);
      return context.redirect("/settings", 303);
    });
  });

  app.post("/settings/tokens", (context) => {
    return submitted(context, deps, async (sql, session) => {
      needManager(session);
      const { workspaceId, memberId } = session;
      const token = await insertToken(sql, { workspaceId, memberId, deviceId: null, scope: "admin" });
      await writeAudit(sql, { workspaceId, memberId, event: "token.created", details: { scope: "admin" } });
      const children = (
        <>
          <p>A token of scope admin, which acts in your name. It is not shown again.</p>
          <p class="code">{token}</p>
          <p>
            <a href="/settings">Done</a>
          </p>
        </>
      );
      return await sendPage(context, { title: "Settings", session, children });
    });
  });

  app.post("/settings/revoke-tokens", (context) => {
    return submitted(context, deps, async (sql, session) => {
      needManager(session);
      const { workspaceId, memberId } = session;
      const revoked = await sql(
        `UPDATE tokens SET revoked_at = now() WHERE member_id = $1::text::uuid AND scope = 'admin' AND revoked_at IS NULL
         RETURNING 1 AS one`,
        [memberId],
      );
      const details = { tokens: revoked.length };
      await writeAudit(sql, { workspaceId, memberId, event: "token.revoked", details });
      return context.redirect("/settings", 303);
    });
  });

  addAuditPage(app, deps);
}

function addAuditPage(app: Hono<TeamEnv>, deps: TeamDeps): void {
  app.get("/audit", (context) => {
    return signedIn(context, deps, async (sql, session) => {
      needManager(session);
      const entries = await listAudit(sql, AUDIT_SHOWN);
      const children = (
        <Scroll label="Audit log">
          <table>
            <caption>{`The newest ${AUDIT_SHOWN} at most.`}</caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Member</th>
                <th scope="col">Event</th>
                <th scope="col">Details</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <tr>
                  <td>{moment(entry.at)}</td>
                  <td>{entry.member ?? "operator"}</td>
                  <td>{entry.event}</td>
                  <td>
                    <code>{entry.details}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      );
      return await sendPage(context, { title: "Audit", session, children });
    });
  });
}

function needManager(session: SignedIn): void {
  if (!manages(session)) {
    throw new Refusal(403, "role_missing", "Your role does not allow this", "Ask an owner or an admin");
  }
}

function ownersOnly(): Refusal {
  return new Refusal(403, "role_missing", "Only an owner may decide about stored content", "Ask an owner");
}

function daysIn(form: ReadonlyMap<string, string>, name: string, [least, most]: readonly [number, number]): number {
  const text = form.get(name) ?? "";
  const days = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (days >= least && days <= most) return days;
  throw new Refusal(400, "bad_input", "This number of days cannot be used", `Choose one from ${least} to ${most}`);
}

function SettingsForms({ session, workspace }: { readonly session: SignedIn; readonly workspace: Workspace }) {
  return (
    <>
      <form class="stack" method="post" action="/settings">
        <FormToken session={session} />
        <label class="check">
          <input type="checkbox" name="store_prompt_content" checked={workspace.storePromptContent} />
          Store the content of requests that machines choose to send (owners only; off unless you turn it on)
        </label>
        <Days
          name="retention_days"
          label="Keep requests, days"
          value={workspace.retentionDays}
          limits={LIMITS_OF_DAYS.retentionDays}
        />
        <Days
          name="body_retention_days"
          label="Keep stored content, days"
          value={workspace.bodyRetentionDays}
          limits={LIMITS_OF_DAYS.bodyRetentionDays}
        />
        <Days
          name="audit_retention_days"
          label="Keep the audit log, days"
          value={workspace.auditRetentionDays}
          limits={LIMITS_OF_DAYS.auditRetentionDays}
        />
        <button type="submit">Save</button>
      </form>
      {session.role === "owner"
        ? (
          <form class="stack" method="post" action="/settings/delete-bodies">
            <h2>Stored content</h2>
            <p>Turning storage off keeps what is stored until its days are over. This deletes all of it now.</p>
            <FormToken session={session} />
            <label class="check">
              <input type="checkbox" name="sure" required />
              I am sure: it cannot be brought back
            </label>
            <button type="submit">Delete all stored content</button>
          </form>
        )
        : null}
      <form class="stack" method="post" action="/settings/tokens">
        <h2>Tokens for reading</h2>
        <p>For programs that read totals: GET /v1/workspace/totals.</p>
        <FormToken session={session} />
        <button type="submit">Make a token</button>
        <button type="submit" formaction="/settings/revoke-tokens">Revoke all that you made</button>
      </form>
    </>
  );
}

interface DaysProps {
  readonly name: string;
  readonly label: string;
  readonly value: number;
  readonly limits: readonly [number, number];
}

function Days({ name, label, value, limits: [least, most] }: DaysProps) {
  return (
    <label>
      {label}
      <input name={name} type="number" required min={least} max={most} value={String(value)} />
    </label>
  );
}
