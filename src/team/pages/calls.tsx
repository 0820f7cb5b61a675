/**
 * The newest requests, and a stored body. A member sees its own, owners and admins everybody's; who looked is written down.
 *
 * Imports: hono/jsx, ../bodies.ts, ../problem.ts, ../row_schema.ts, ../totals.ts, ./frame.tsx, ./web_session.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import { type ShownBody, viewBodies } from "../bodies.ts";
import type { TeamDeps, TeamEnv } from "../deps.ts";
import { Refusal } from "../problem.ts";
import { Uuid } from "../row_schema.ts";
import { lastDays, type ListedCall, newestCalls } from "../totals.ts";
import { manages, moment, Money, Scroll, sendPage } from "./frame.tsx";
import { signedIn } from "./web_session.ts";

const SHOWN = 100;
const DAYS = 30;

/** Adds the pages. */
export function addCallPages(app: Hono<TeamEnv>, deps: TeamDeps): void {
  app.get("/requests", (context) => {
    return signedIn(context, deps, async (sql, session) => {
      const whose = manages(session) ? null : session.memberId;
      const calls = await newestCalls(sql, lastDays(DAYS, Date.now()), whose, SHOWN);
      return await sendPage(context, { title: "Requests", session, children: <CallsTable calls={calls} /> });
    });
  });

  app.get("/requests/:id", (context) => {
    return signedIn(context, deps, async (sql, session) => {
      const id = Uuid.safeParse(context.req.param("id"));
      if (!id.success) throw new Refusal(404, "unknown_request", "There is no such request", "Go back to the list");
      const shown = await viewBodies(sql, session, id.data);
      const children = (
        <>
          <p>
            {shown.redactionApplied
              ? "Secrets were masked before this left its machine."
              : "No secret was recognised in this."} Your visit is in the audit log.
          </p>
          <Body heading="Request" body={shown.request} />
          <Body heading="Response" body={shown.response} />
        </>
      );
      return await sendPage(context, { title: "Stored content", session, children });
    });
  });
}

function CallsTable({ calls }: { readonly calls: readonly ListedCall[] }) {
  if (calls.length === 0) return <p>{`No requests in the last ${DAYS} days.`}</p>;
  return (
    <Scroll label="Requests">
      <table>
        <caption>{`The newest of the last ${DAYS} days, at most ${SHOWN}.`}</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Member</th>
            <th scope="col">Project</th>
            <th scope="col">Model</th>
            <th scope="col">Outcome</th>
            <th scope="col" class="n">Cost</th>
            <th scope="col">Content</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <tr>
              <td>{moment(call.at)}</td>
              <td>{call.member}</td>
              <td>{call.project ?? "—"}</td>
              <td>{call.model ?? "—"}</td>
              <td>{call.status}</td>
              <td class="n">
                <Money pico={call.costPico} missing={call.costMissing} />
              </td>
              <td>{call.hasBody ? <a href={`/requests/${call.requestId}`}>Show</a> : "not stored"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Body({ heading, body }: { readonly heading: string; readonly body: ShownBody | null }) {
  return (
    <section>
      <h2>{heading}</h2>
      {body === null ? <p>Not stored.</p> : (
        <>
          <p>
            {body.contentType}
            {body.rules.length === 0 ? "" : ` · masked: ${body.rules.join(", ")}`}
          </p>
          <pre>{body.text}</pre>
        </>
      )}
    </section>
  );
}
