/**
 * Approving a machine: the page that a code leads to, which says who asks before anything is given.
 *
 * Wrong codes count against the same limits as those of `/v1/pairing/poll`.
 *
 * Imports: hono/jsx, ../pairing.ts, ../rate_limits.ts, ../routes_pairing.ts, ./frame.tsx, ./web_session.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import type { TeamDeps, TeamEnv } from "../deps.ts";
import { decidePairing, findWaiting, type WaitingMachine } from "../pairing.ts";
import { limitedAttempt } from "../rate_limits.ts";
import { guessCounters } from "../routes_pairing.ts";
import { FormToken, sendPage } from "./frame.tsx";
import { checkFormToken, ownForm, type SignedIn, toSignIn, whoIs } from "./web_session.ts";

/** Adds the pages. */
export function addConnectPages(app: Hono<TeamEnv>, deps: TeamDeps): void {
  const { db } = deps;

  app.get("/connect", async (context) => {
    const code = context.req.query("code") ?? "";
    const who = await whoIs(context, deps);
    if (who === null) return toSignIn(context);
    if (code === "") {
      return await sendPage(context, { title: "Connect a machine", session: who, children: <CodeForm /> });
    }
    const guesses = guessCounters(deps.limits, context.env.address);
    const machine = await limitedAttempt(db, guesses, () => findWaiting(db, code), (found) => found === null);
    if (machine === null) {
      return await sendPage(context, { title: "Connect a machine", session: who, children: <UnknownCode /> }, 404);
    }
    const children = <ApproveForm session={who} machine={machine} />;
    return await sendPage(context, { title: "Connect a machine", session: who, children });
  });

  app.post("/connect", async (context) => {
    const form = await ownForm(context, deps);
    const who = await whoIs(context, deps);
    if (who === null) return toSignIn(context);
    checkFormToken(form, who);
    const guesses = guessCounters(deps.limits, context.env.address);
    const approve = form.get("decision") === "approve";
    const decide = () => decidePairing(db, form.get("code") ?? "", who, approve);
    const done = await limitedAttempt(db, guesses, decide, (decided) => !decided);
    const children = !done
      ? <UnknownCode />
      : approve
      ? <p class="note">The machine is connected. It says so itself within seconds; this page can be closed.</p>
      : <p class="note">The machine was turned away.</p>;
    return await sendPage(context, { title: "Connect a machine", session: who, children }, done ? 200 : 404);
  });
}

function CodeForm() {
  return (
    <form class="stack" method="get" action="/connect">
      <label>
        Pairing code, as the machine shows it
        <input name="code" required autocomplete="off" placeholder="XXXX-XXXX" />
      </label>
      <button type="submit">Continue</button>
    </form>
  );
}

function UnknownCode() {
  return (
    <>
      <p class="note" role="alert">No machine waits with this code. Codes are good for ten minutes.</p>
      <CodeForm />
    </>
  );
}

function ApproveForm({ session, machine }: { readonly session: SignedIn; readonly machine: WaitingMachine }) {
  return (
    <form class="stack" method="post" action="/connect">
      <p>
        This machine wants to send what its LLM calls cost to <strong>{session.workspaceName}</strong>, in your name:
      </p>
      <p class="code">{machine.hostname ?? "a machine that does not tell its name"}</p>
      <p>{`Code ${machine.code} · halton-meter ${machine.version} · machine ${machine.machineId}`}</p>
      <p>Approve it only if you see this very code on that machine now.</p>
      <FormToken session={session} />
      <input type="hidden" name="code" value={machine.code} />
      <button type="submit" name="decision" value="approve">Approve</button>
      <button type="submit" name="decision" value="deny">Turn away</button>
    </form>
  );
}
