/**
 * Signing in and out, and using an invite.
 *
 * Wrong passphrases are counted per member name and per address; above the limit none is tried any more.
 *
 * Imports: hono/jsx, ../members.ts, ../problem.ts, ../rate_limits.ts, ./frame.tsx, ./web_session.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import type { TeamDeps, TeamEnv } from "../deps.ts";
import { acceptInvite, findInvite, type OpenInvite, signIn, signOut } from "../members.ts";
import { MAX_PASSPHRASE, MIN_PASSPHRASE } from "../passphrase.ts";
import { Refusal } from "../problem.ts";
import { type Counter, limitedAttempt } from "../rate_limits.ts";
import { loginKey } from "../secrets.ts";
import { FormToken, sendPage } from "./frame.tsx";
import { ownForm, safeNext, sessionSecret, setSession, signedIn, submitted } from "./web_session.ts";

const WINDOW_S = 900;

/** Adds the pages. */
export function addSignInPages(app: Hono<TeamEnv>, deps: TeamDeps): void {
  const { db, limits } = deps;

  app.get("/sign-in", (context) => {
    const children = <SignInForm next={safeNext(context.req.query("next"))} wrong={false} />;
    return sendPage(context, { title: "Sign in", session: null, children });
  });

  app.post("/sign-in", async (context) => {
    const form = await ownForm(context, deps);
    const [workspace, name] = [form.get("workspace") ?? "", form.get("name") ?? ""];
    const next = safeNext(form.get("next"));
    const counters: Counter[] = [
      {
        purpose: "sign-in-name",
        who: loginKey(workspace.trim(), name.trim()),
        limit: limits.signIns,
        windowS: WINDOW_S,
      },
      { purpose: "sign-in-address", who: context.env.address, limit: limits.signIns * 3, windowS: WINDOW_S },
    ];
    const passphrase = form.get("passphrase") ?? "";
    const attempt = () => signIn(db, workspace, name, passphrase);
    const secret = await limitedAttempt(db, counters, attempt, (session) => session === null);
    if (secret === null) {
      const children = <SignInForm next={next} wrong />;
      return await sendPage(context, { title: "Sign in", session: null, children }, 401);
    }
    setSession(context, deps, secret);
    return context.redirect(next, 303);
  });

  app.get("/sign-out", (context) => {
    return signedIn(context, deps, (_, session) => {
      const children = (
        <form class="stack" method="post" action="/sign-out">
          <FormToken session={session} />
          <button type="submit">Sign out</button>
        </form>
      );
      return sendPage(context, { title: "Sign out", session, children });
    });
  });

  app.post("/sign-out", (context) => {
    return submitted(context, deps, async (sql) => {
      await signOut(sql, sessionSecret(context, deps) ?? "");
      setSession(context, deps, null);
      return context.redirect("/sign-in", 303);
    });
  });

  app.get("/invite/:secret", async (context) => {
    const invite = await findInvite(db, context.req.param("secret"));
    if (invite === null) {
      throw new Refusal(410, "invite_gone", "This link was used before or has expired", "Ask for a new one");
    }
    const title = invite.member === null ? `Join ${invite.workspaceName}` : "Choose a new passphrase";
    return await sendPage(context, { title, session: null, children: <InviteForm invite={invite} /> });
  });

  app.post("/invite/:secret", async (context) => {
    const form = await ownForm(context, deps);
    const passphrase = form.get("passphrase") ?? "";
    if (passphrase !== form.get("again")) {
      throw new Refusal(400, "not_the_same", "The two passphrases differ", "Go back and type the same one twice");
    }
    const secret = await acceptInvite(db, context.req.param("secret"), form.get("name") ?? "", passphrase);
    setSession(context, deps, secret);
    return context.redirect("/", 303);
  });
}

function SignInForm({ next, wrong }: { readonly next: string; readonly wrong: boolean }) {
  return (
    <form class="stack" method="post" action="/sign-in">
      {wrong ? <p class="note" role="alert">Workspace, name and passphrase do not go together.</p> : null}
      <input type="hidden" name="next" value={next} />
      <label>
        Workspace (short name)
        <input name="workspace" required autocomplete="organization" />
      </label>
      <label>
        Name
        <input name="name" required autocomplete="username" />
      </label>
      <label>
        Passphrase
        <input name="passphrase" type="password" required autocomplete="current-password" />
      </label>
      <button type="submit">Sign in</button>
    </form>
  );
}

function InviteForm({ invite }: { readonly invite: OpenInvite }) {
  return (
    <form class="stack" method="post">
      <p>
        {invite.member === null
          ? `You will be ${invite.role} of ${invite.workspaceName}. To sign in later you need its short name, ${invite.workspaceSlug}.`
          : `For ${invite.member.name} in ${invite.workspaceName}.`}
      </p>
      {invite.member === null
        ? (
          <label>
            Your name
            <input name="name" required maxlength={80} autocomplete="username" />
          </label>
        )
        : null}
      <label>
        {`Passphrase, at least ${MIN_PASSPHRASE} characters`}
        <input
          name="passphrase"
          type="password"
          required
          minlength={MIN_PASSPHRASE}
          maxlength={MAX_PASSPHRASE}
          autocomplete="new-password"
        />
      </label>
      <label>
        The same again
        <input name="again" type="password" required autocomplete="new-password" />
      </label>
      <button type="submit">{invite.member === null ? "Join" : "Save"}</button>
    </form>
  );
}
