/**
 * Machines: which there are, and removing one. Members remove their own, owners and admins any.
 *
 * Imports: hono/jsx, ../devices.ts, ../problem.ts, ../row_schema.ts, ./frame.tsx, ./web_session.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import type { TeamDeps, TeamEnv } from "../deps.ts";
import { type Device, listDevices, removeDevice } from "../devices.ts";
import { Refusal } from "../problem.ts";
import { Uuid } from "../row_schema.ts";
import { FormToken, manages, moment, Scroll, sendPage } from "./frame.tsx";
import { type SignedIn, signedIn, submitted } from "./web_session.ts";

/** Adds the pages. */
export function addDevicePages(app: Hono<TeamEnv>, deps: TeamDeps): void {
  app.get("/devices", (context) => {
    return signedIn(context, deps, async (sql, session) => {
      const all = await listDevices(sql);
      const devices = manages(session) ? all : all.filter(({ memberId }) => memberId === session.memberId);
      const children = (
        <>
          <p>
            On a machine, run <code>halton-meter cloud connect</code>, or{" "}
            <a href="/connect">enter the code that it shows</a>.
          </p>
          <DevicesTable session={session} devices={devices} />
        </>
      );
      return await sendPage(context, { title: "Machines", session, children });
    });
  });

  app.post("/devices/:id/remove", (context) => {
    return submitted(context, deps, async (sql, session) => {
      const id = Uuid.safeParse(context.req.param("id"));
      const { workspaceId, memberId } = session;
      const removed = id.success && await removeDevice(sql, workspaceId, memberId, id.data, !manages(session));
      if (!removed) throw new Refusal(404, "unknown_device", "There is no such machine of yours", "Reload the page");
      return context.redirect("/devices", 303);
    });
  });
}

function DevicesTable({ session, devices }: { readonly session: SignedIn; readonly devices: readonly Device[] }) {
  if (devices.length === 0) return <p>No machine is connected yet.</p>;
  return (
    <Scroll label="Machines">
      <table>
        <thead>
          <tr>
            <th scope="col">Machine</th>
            <th scope="col">Member</th>
            <th scope="col">State</th>
            <th scope="col">Connected</th>
            <th scope="col">Last seen</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            <tr>
              <th scope="row">{device.hostname ?? device.machineId}</th>
              <td>{device.member}</td>
              <td>{device.state}</td>
              <td>{moment(device.createdAt)}</td>
              <td>{moment(device.seenAt)}</td>
              <td>
                {device.state === "removed"
                  ? "—"
                  : (
                    <form class="line" method="post" action={`/devices/${device.id}/remove`}>
                      <FormToken session={session} />
                      <button type="submit" aria-label={`Remove ${device.hostname ?? device.machineId}`}>Remove</button>
                    </form>
                  )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
