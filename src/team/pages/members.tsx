/**
 * Members: who is in, inviting, roles, removing, and a link for a forgotten passphrase.
 *
 * Imports: hono/jsx, ../invites.ts, ../members.ts, ../problem.ts, ../row_schema.ts, ./frame.tsx, ./web_session.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import type { TeamDeps, TeamEnv } from "../deps.ts";
import { listOpenLinks, type OpenLink, withdrawLink } from "../invites.ts";
import { changeMember, createInvite, listMembers, mayManage, type Member, readRole, ROLES } from "../members.ts";
import { Refusal } from "../problem.ts";
import { Uuid } from "../row_schema.ts";
import { FormToken, manages, moment, Scroll, sendPage } from "./frame.tsx";
import { type SignedIn, signedIn, submitted } from "./web_session.ts";

/** Adds the pages. */
export function addMemberPages(app: Hono<TeamEnv>, deps: TeamDeps): void {
  app.get("/members", (context) => {
    return signedIn(context, deps, async (sql, session) => {
      const members = await listMembers(sql);
      const children = (
        <>
          <MembersTable session={session} members={members} />
          {manages(session) ? <LinksTable session={session} links={await listOpenLinks(sql)} /> : null}
          {manages(session) ? <InviteForm session={session} /> : null}
        </>
      );
      return await sendPage(context, { title: "Members", session, children });
    });
  });

  app.post("/members/invite", (context) => {
    return submitted(context, deps, async (sql, session, form) => {
      const role = readRole(form.get("role"));
      if (role === null || !mayManage(session.role, role)) throw mayNot();
      const secret = await createInvite(sql, session.workspaceId, role, session.memberId);
      const children = (
        <OnceLink link={`${deps.publicUrl()}/invite/${secret}`} what={`A new ${role} can join with it.`} />
      );
      return await sendPage(context, { title: "Members", session, children });
    });
  });

  app.post("/members/links/:id/withdraw", (context) => {
    return submitted(context, deps, async (sql, session) => {
      const id = Uuid.safeParse(context.req.param("id"));
      const done = manages(session) && id.success && await withdrawLink(sql, session, id.data);
      if (!done) {
        throw new Refusal(404, "unknown_link", "There is no such link that you may withdraw", "Reload the page");
      }
      return context.redirect("/members", 303);
    });
  });

  app.post("/members/:id/:change{role|remove|reset}", (context) => {
    return submitted(context, deps, async (sql, session, form) => {
      const id = Uuid.safeParse(context.req.param("id"));
      if (!id.success) throw new Refusal(404, "unknown_member", "There is no such member", "Reload the page");
      const change = context.req.param("change");
      if (change === "reset") {
        const member = (await listMembers(sql)).find((one) => one.id === id.data);
        if (member === undefined || !mayManage(session.role, member.role)) throw mayNot();
        const secret = await createInvite(sql, session.workspaceId, member.role, session.memberId, member.id);
        const what = `${member.name} can choose a new passphrase with it.`;
        const children = <OnceLink link={`${deps.publicUrl()}/invite/${secret}`} what={what} />;
        return await sendPage(context, { title: "Members", session, children });
      }
      const role = change === "remove" ? null : readRole(form.get("role"));
      if (change === "role" && role === null) throw mayNot();
      await changeMember(sql, session, id.data, role);
      return context.redirect("/members", 303);
    });
  });
}

function mayNot(): Refusal {
  return new Refusal(403, "role_missing", "Your role does not allow this", "Ask an owner");
}

function OnceLink({ link, what }: { readonly link: string; readonly what: string }) {
  return (
    <>
      <p>{`${what} It works once, for seven days, and is not shown again.`}</p>
      <p class="code">{link}</p>
      <p>
        <a href="/members">Done</a>
      </p>
    </>
  );
}

function InviteForm({ session }: { readonly session: SignedIn }) {
  return (
    <form class="stack" method="post" action="/members/invite">
      <h2>Invite somebody</h2>
      <FormToken session={session} />
      <label>
        Role
        <select name="role">
          {ROLES.filter((role) => mayManage(session.role, role)).toReversed().map((role) => (
            <option value={role}>{role}</option>
          ))}
        </select>
      </label>
      <button type="submit">Make a link</button>
    </form>
  );
}

function MembersTable({ session, members }: { readonly session: SignedIn; readonly members: readonly Member[] }) {
  return (
    <Scroll label="Members">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Role</th>
            <th scope="col">Joined</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {members.map((member) => (
            <tr>
              <th scope="row">{member.name}</th>
              <td>{member.role}</td>
              <td>{moment(member.createdAt)}</td>
              <td>{mayManage(session.role, member.role) ? <Changes session={session} member={member} /> : "—"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Changes({ session, member }: { readonly session: SignedIn; readonly member: Member }) {
  return (
    <>
      <form class="line" method="post" action={`/members/${member.id}/role`}>
        <FormToken session={session} />
        <select name="role" aria-label={`Role of ${member.name}`}>
          {ROLES.filter((role) => mayManage(session.role, role)).map((role) => (
            <option value={role} selected={role === member.role}>{role}</option>
          ))}
        </select>
        <button type="submit" aria-label={`Set role of ${member.name}`}>Set role</button>
      </form>{" "}
      <form class="line" method="post" action={`/members/${member.id}/reset`}>
        <FormToken session={session} />
        <button type="submit" aria-label={`New passphrase of ${member.name}`}>New passphrase</button>
      </form>{" "}
      <form class="line" method="post" action={`/members/${member.id}/remove`}>
        <FormToken session={session} />
        <button type="submit" aria-label={`Remove ${member.name}`}>Remove</button>
      </form>
    </>
  );
}

function LinksTable({ session, links }: { readonly session: SignedIn; readonly links: readonly OpenLink[] }) {
  if (links.length === 0) return null;
  return (
    <section>
      <h2>Links that are still good</h2>
      <Scroll label="Links that are still good">
        <table>
          <thead>
            <tr>
              <th scope="col">For</th>
              <th scope="col">Made by</th>
              <th scope="col">Good until</th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          <tbody>
            {links.map((link) => (
              <tr>
                <th scope="row">{purposeOf(link)}</th>
                <td>{link.createdBy ?? "operator"}</td>
                <td>{moment(link.expiresAt)}</td>
                <td>{mayManage(session.role, link.role) ? <Withdraw session={session} link={link} /> : "—"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function Withdraw({ session, link }: { readonly session: SignedIn; readonly link: OpenLink }) {
  return (
    <form class="line" method="post" action={`/members/links/${link.id}/withdraw`}>
      <FormToken session={session} />
      <button type="submit" aria-label={`Withdraw the link for ${purposeOf(link)}`}>Withdraw</button>
    </form>
  );
}

function purposeOf({ member, role }: OpenLink): string {
  return member === null ? `a new ${role}` : `a new passphrase of ${member}`;
}
