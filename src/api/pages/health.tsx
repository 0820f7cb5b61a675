/**
 * How the daemon fares: its roles, its ports, and a count of every error that it swallowed so that calls go on.
 *
 * Imports: hono/jsx, api (types), pages.
 *
 * @module
 */

import type { LiveRole, LiveStatus } from "../deps.ts";
import { count, DASH, duration, longDay, words } from "./format.ts";
import { Frame } from "./layout.tsx";
import { visible } from "./marked.tsx";
import { Empty, Facts, TableBox } from "./parts.tsx";
import type { ApiDeps } from "../deps.ts";

/** Counters whose name tells of something that went wrong, or was left out. */
const TROUBLE =
  /fail|drop|lost|opaque|given|GivenUp|broken|unreachable|malformed|unresolved|problem|refused|no_h|invalid|evict/;

/** Whether a counter counts errors. */
export function isTrouble(name: string): boolean {
  return TROUBLE.test(name);
}

/** The page. `status` is `null` when the daemon did not answer. */
export function HealthPage({ deps, status }: { deps: ApiDeps; status: LiveStatus | null }) {
  return (
    <Frame title="Health" section="/health" version={deps.version}>
      <div id="health" data-live>
        <div class="head">
          <h1>Health</h1>
          <p class="sub">
            {status === null ? "The daemon does not answer" : `Running for ${duration(deps.now() - status.startedAt)}`}
          </p>
        </div>
        {status === null
          ? (
            <div class="card">
              <Empty title="The supervisor did not answer in time" command="halton-meter status">
                This page is served by another part of the daemon, which still runs. The command tells more.
              </Empty>
            </div>
          )
          : <Body deps={deps} status={status} />}
      </div>
    </Frame>
  );
}

function Body({ deps, status }: { deps: ApiDeps; status: LiveStatus }) {
  const roles = Object.entries(status.roles);
  const problems = [
    ...status.configProblems,
    ...(status.apiProblem === null ? [] : [status.apiProblem]),
    ...roles.flatMap(([, { notes }]) => notes),
  ];
  return (
    <div class="grid">
      {problems.length === 0 ? null : (
        <section class="notice bad" aria-labelledby="problems">
          <h2 id="problems">Problems</h2>
          <ul>{problems.map((problem) => <li>{visible(problem)}</li>)}</ul>
        </section>
      )}
      <Roles roles={roles} />
      <section class="card w4" aria-labelledby="where">
        <h2 id="where">Where and what</h2>
        <Facts
          rows={[
            ["Version", status.version],
            ["Process", String(status.pid)],
            [
              "Proxy",
              `127.0.0.1:${status.edge.port}${
                status.edge.kind === "adopted" ? ", served by a process of its own" : ""
              }`,
            ],
            ["This page", `127.0.0.1:${status.apiPort ?? deps.port()}`],
            ["Certificates until", status.leavesNotAfter === null ? DASH : longDay(status.leavesNotAfter)],
            ["Readers of live events", count(deps.events.subscribers)],
            ["Days are those of", deps.timeZone],
          ]}
        />
      </section>
      <Counters
        title="Errors that did not stop anything"
        note="Each is 0 when all is well. A call goes on whatever happens here; what was lost is only its count or its text."
        roles={withOwners(roles, status)}
        wanted={isTrouble}
      />
      <Counters
        title="Work done"
        note="Since the start of each role."
        roles={withOwners(roles, status)}
        wanted={(name) => !isTrouble(name)}
      />
    </div>
  );
}

type NamedRole = readonly [string, LiveRole];

/** The supervisor keeps counters too. */
function withOwners(roles: readonly NamedRole[], status: LiveStatus): NamedRole[] {
  const counters = { ...status.owners, refused_control_messages: status.refusedControlMessages };
  return [...roles, ["supervisor", { running: true, counters, notes: [], restarts: 0 }]];
}

function Roles({ roles }: { roles: readonly NamedRole[] }) {
  return (
    <section class="card flush w8" aria-labelledby="roles">
      <h2 id="roles">Roles</h2>
      <TableBox label="Roles of the daemon">
        <table>
          <thead>
            <tr>
              <th scope="col">Role</th>
              <th scope="col">State</th>
              <th scope="col">Sees</th>
              <th scope="col" class="opt">Reaches</th>
              <th scope="col" class="num">Restarts</th>
            </tr>
          </thead>
          <tbody>
            {roles.map(([name, role]) => (
              <tr>
                <th scope="row">{visible(name)}</th>
                <td>{state(role)}</td>
                <td class="muted">{SEES[name] ?? DASH}</td>
                <td class="muted opt">{REACHES[name] ?? DASH}</td>
                <td class="num">{role.restarts === 0 ? "0" : <b class="warn-text">{count(role.restarts)}</b>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </section>
  );
}

const SEES: Readonly<Record<string, string>> = {
  edge: "ciphertext and host names",
  interceptor: "plaintext in flight",
  recorder: "copies of calls",
  api: "what is stored",
};

const REACHES: Readonly<Record<string, string>> = {
  edge: "hosts that a client asks for",
  interceptor: "the providers’ hosts",
  recorder: "the data folder",
  api: "this page’s port",
};

function state(role: LiveRole) {
  if (!role.running) return <span class="tag bad">stopped</span>;
  return role.counters === null ? <span class="tag warn">not answering</span> : <span class="tag ok">running</span>;
}

function Counters({ title, note, roles, wanted }: {
  title: string;
  note: string;
  roles: readonly NamedRole[];
  wanted: (name: string) => boolean;
}) {
  const groups = roles.map(([role, { counters }]) => ({
    role,
    rows: Object.entries(counters ?? {}).filter(([name]) => wanted(name)),
  })).filter(({ rows }) => rows.length > 0);
  const id = title.toLowerCase().replaceAll(" ", "-");
  const trouble = wanted("failed");
  return (
    <section class="card w6" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p class="muted small">{note}</p>
      <div class="counter-groups">
        {groups.length === 0 ? <p>No role told any.</p> : groups.map(({ role, rows }) => (
          <div class="counter-group">
            <h3>{visible(role)}</h3>
            <dl class="counters">
              {rows.map(([name, value]) => [
                <dt>{counterName(name)}</dt>,
                <dd class={trouble && value > 0 ? "warn-text" : ""}>{count(value)}</dd>,
              ])}
            </dl>
          </div>
        ))}
      </div>
    </section>
  );
}

/** `exchangesGivenUp` and `rows_dropped` as words. */
function counterName(name: string): string {
  return visible(words(name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)));
}
