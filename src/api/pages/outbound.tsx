/**
 * Where each role of the meter has connected to since it started, on whose word, and what the runtime would let it reach.
 *
 * Imports: hono/jsx, domain (types), pages.
 *
 * @module
 */

import type { Child } from "hono/jsx";
import type { PrivacyFacts, RoleOutbound, SeenCount } from "../../domain/privacy.ts";
import { ago, count, counted, DASH, moment } from "./format.ts";
import { visible } from "./marked.tsx";
import { TableBox } from "./parts.tsx";

/** On whose word, as a reader is told. */
const WORDS: Readonly<Record<string, string>> = {
  provider: "a provider’s host",
  client: "clients asked for them",
  map: "upstream.map of config.toml",
  proxy: "upstream.proxy of config.toml",
  "self-test": "a self-test of yours",
  cloud: "cloud.base_url of config.toml",
};

/** The table. `facts` is `null` when the supervisor did not answer. */
export function Outbound({ facts, now }: { facts: PrivacyFacts | null; now: number }) {
  return (
    <section class="card flush" aria-labelledby="outbound">
      <header>
        <h2 id="outbound">Where each role has connected to</h2>
        <span class="more muted">since its start</span>
      </header>
      {facts === null
        ? <p class="empty">The supervisor does not answer; halton-meter status tells more.</p>
        : (
          <TableBox label="Outbound connections by role">
            <table>
              <thead>
                <tr>
                  <th scope="col">Role</th>
                  <th scope="col">Where to</th>
                  <th scope="col" class="opt">Since</th>
                  <th scope="col" class="num">Connections</th>
                  <th scope="col" class="num opt">Open</th>
                  <th scope="col" class="num opt">Failed</th>
                  <th scope="col" class="opt">Latest</th>
                </tr>
              </thead>
              <tbody>
                {facts.outbound.map((role) => <Rows role={role} now={now} />)}
                <Nowhere role="supervisor" why={SUPERVISOR} since={DASH} />
              </tbody>
            </table>
          </TableBox>
        )}
      <footer>
        Names of hosts that clients asked for are not shown, since other users of this machine can open this page:{" "}
        <code>halton-meter connections</code> lists them for you.
      </footer>
    </section>
  );
}

function Rows({ role, now }: { role: RoleOutbound; now: number }) {
  const rows = [
    ...role.places.toReversed().map((found) => ({ where: visible(found.place), found })),
    ...role.asked.map((found) => ({ where: counted(found.places, "other host"), found })),
  ];
  if (rows.length === 0) {
    return <Nowhere role={role.role} why={nothingOf(role)} since={<Since role={role} now={now} />} />;
  }
  return rows.map(({ where, found }) => (
    <tr>
      <th scope="row">{role.role}</th>
      <td>
        <span class="mono anywhere">{where}</span>{" "}
        <span class="muted small">{WORDS[found.allowed] ?? found.allowed}</span>
      </td>
      <td class="opt muted nowrap">
        <Since role={role} now={now} />
      </td>
      <Counts found={found} now={now} />
    </tr>
  ));
}

function Counts({ found, now }: { found: SeenCount; now: number }) {
  return (
    <>
      <td class="num">{count(found.connections)}</td>
      <td class="num opt">{count(found.open)}</td>
      <td class="num opt">{count(found.failed)}</td>
      <td class="opt muted nowrap">{ago(found.lastAt, now)}</td>
    </>
  );
}

function Since({ role: { since, restarts }, now }: { role: RoleOutbound; now: number }) {
  if (since === null) return <>{DASH}</>;
  return <>{`${moment(since, now)}${restarts === 0 ? "" : `, started again ${counted(restarts, "time")}`}`}</>;
}

/** The main thread, which no permission row restricts. */
const SUPERVISOR = "nowhere: it has code for unix sockets only; tests hold it to that, not the runtime";

/** A role that connected to nothing, and why it could not or did not. */
function Nowhere({ role, why, since }: { role: string; why: string; since: Child }) {
  return (
    <tr>
      <th scope="row">{role}</th>
      <td class="muted">{why}</td>
      <td class="opt muted nowrap">{since}</td>
      <td class="num muted">{DASH}</td>
      <td class="num opt muted">{DASH}</td>
      <td class="num opt muted">{DASH}</td>
      <td class="opt muted">{DASH}</td>
    </tr>
  );
}

function nothingOf({ role, running, mayConnect, since }: RoleOutbound): string {
  if (mayConnect === false) return "nowhere: the runtime refuses it every socket";
  if (role === "api") return "nowhere: the runtime gives it no address but the one where this page is served";
  if (!running) return "not running";
  return since === null ? "not known: it did not answer" : "nowhere so far";
}
