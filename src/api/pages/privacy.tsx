/**
 * What is stored, what was taken out before, where connections go, and three checks of it all.
 *
 * Imports: hono/jsx, api (types), domain, store, pages.
 *
 * @module
 */

import type { PropsWithChildren } from "hono/jsx";
import { INTERCEPTED_HOSTS } from "../../domain/hosts.ts";
import {
  judgeKey,
  judgeListening,
  type Judgement,
  judgeOutbound,
  type PrivacyFacts,
  type RoleOutbound,
  type SeenDestination,
} from "../../domain/privacy.ts";
import { categoryOf, REDACTION_CATEGORIES } from "../../domain/redaction_categories.ts";
import { type BodyStats, bodyStats } from "../../store/bodies.ts";
import { auditTrail, bodyCaptureChoices } from "../../store/settings.ts";
import type { LiveStatus } from "../deps.ts";
import { bytes, count, counted, DASH, longDay, moment, words } from "./format.ts";
import { Frame } from "./layout.tsx";
import { projectPath } from "./links.ts";
import { visible } from "./marked.tsx";
import { Outbound } from "./outbound.tsx";
import { Facts, Name, TableBox } from "./parts.tsx";
import type { View } from "./view.ts";

/** The page. `status` and `facts` are `null` when the supervisor did not answer. */
export function PrivacyPage({ view, status, facts }: {
  view: View;
  status: LiveStatus | null;
  facts: PrivacyFacts | null;
}) {
  const stored = bodyStats(view.db);
  return (
    <Frame title="Privacy" section="/privacy" version={view.deps.version}>
      <div class="head">
        <h1>Privacy</h1>
        <p class="sub">What is kept on this machine, and how to see that nothing leaves it</p>
      </div>
      <div class="grid" id="privacy" data-live>
        <Stored view={view} stored={stored} />
        <Redacted stored={stored} />
        <Checks view={view} facts={facts} />
        <Unread status={status} />
        <Outbound facts={facts} now={view.now} />
        <Trail view={view} />
      </div>
    </Frame>
  );
}

function Stored({ view, stored }: { view: View; stored: BodyStats }) {
  const { bodies } = view.deps.config();
  const choices = bodyCaptureChoices(view.db);
  return (
    <section class="card w6" aria-labelledby="stored">
      <h2 id="stored">What is stored</h2>
      <Facts
        rows={[
          ["Counts and costs", "Of every call, without any text, in ~/.halton-meter/db.sqlite"],
          [
            "Text of calls",
            <>
              {bodies.enabled ? "Stored after redaction" : "Not stored"}{" "}
              <span class="muted">(bodies.enabled in config.toml)</span>
            </>,
          ],
          [
            "Now",
            stored.count === 0
              ? "No text is stored"
              : `${counted(stored.count, "body", "bodies")} of ${counted(stored.requests, "call")}, ${
                bytes(stored.storedBytes)
              } on disk`,
          ],
          ["Oldest", stored.oldest === null ? DASH : longDay(stored.oldest)],
          ["Kept for", counted(bodies.retentionDays, "day")],
          [
            "Limit for one",
            `${bytes(bodies.maxBodyBytes)}${
              stored.truncated === 0 ? "" : `; ${counted(stored.truncated, "body", "bodies")} cut there`
            }`,
          ],
          ["Limit for all", bodies.maxTotalBytes === 0 ? "none" : bytes(bodies.maxTotalBytes)],
          [
            "Projects that differ",
            choices.length === 0 ? "none" : choices.map(({ slug, bodyCapture }, i) => [
              i === 0 ? "" : ", ",
              <a href={projectPath(slug)}>
                <Name text={slug} />
              </a>,
              ` ${bodyCapture}`,
            ]),
          ],
        ]}
      />
      <footer>
        {"To take out what is stored: "}
        <code>halton-meter bodies purge --older-than 0d --vacuum</code>
      </footer>
    </section>
  );
}

function Redacted({ stored }: { stored: BodyStats }) {
  const rules = Object.entries(stored.redactions);
  const total = rules.reduce((sum, [, times]) => sum + times, 0);
  const groups = REDACTION_CATEGORIES.map((category) => ({
    category,
    rules: rules.filter(([rule]) => categoryOf(rule) === category).toSorted(([, a], [, b]) => b - a),
  })).filter(({ rules: own }) => own.length > 0);
  return (
    <section class="card flush w6" aria-labelledby="redacted">
      <header>
        <h2 id="redacted">Taken out before storing</h2>
        <span class="more muted">{`${counted(total, "time")} in what is stored now`}</span>
      </header>
      {groups.length === 0
        ? <p class="empty">No secret of a known shape was found in what is stored.</p>
        : (
          <TableBox label="Redactions by category">
            <table>
              <thead>
                <tr>
                  <th scope="col">Category</th>
                  <th scope="col">Rules</th>
                  <th scope="col" class="num">Times</th>
                </tr>
              </thead>
              <tbody>
                {groups.map(({ category, rules: own }) => (
                  <tr>
                    <th scope="row">{words(category.replaceAll("-", " "))}</th>
                    <td class="muted">{own.map(([rule, times]) => `${visible(rule)} ${count(times)}`).join(", ")}</td>
                    <td class="num">{count(own.reduce((sum, [, times]) => sum + times, 0))}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableBox>
        )}
    </section>
  );
}

/** What a check came to, and the colour of its word. */
const LEVELS = { ok: "ok", problem: "bad", unknown: "warn" } as const;
const WORDS = { ok: "holds", problem: "does not hold", unknown: "not known" } as const;

/** Shows who may read the key, where it is: the folder can be moved. */
function keyCommand(facts: PrivacyFacts | null): string {
  if (facts === null) return "ls -ld ~/.mitmproxy ~/.mitmproxy/mitmproxy-ca.pem";
  const { folder, key } = facts.keyModes;
  const quoted = (path: string) => /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
  return `ls -ld ${quoted(folder)} ${quoted(key)}`;
}

function Checks({ view, facts }: { view: View; facts: PrivacyFacts | null }) {
  const port = view.deps.port();
  const unknown: Judgement = {
    state: "unknown",
    detail: "the supervisor does not answer",
    hint: "Run: halton-meter status",
  };
  return (
    <section class="card w7" aria-labelledby="checks">
      <header>
        <h2 id="checks">Three checks</h2>
        <span class="more muted">do not take our word for it</span>
      </header>
      <ol class="list">
        <Check
          title="This page is served to this machine only"
          found={facts === null ? unknown : judgeListening(port, facts.listening)}
          command={`lsof -nP -iTCP:${port} -sTCP:LISTEN`}
        >
          The line must show 127.0.0.1 and no other address. The role that serves it may open no other one.
        </Check>
        <Check
          title="What sees text reaches the providers only"
          found={facts === null ? unknown : judgeOutbound(destinationsOf(facts.outbound))}
          command="halton-meter connections"
        >
          {`The role that sees text reaches ${INTERCEPTED_HOSTS.length} hosts on port 443 and no file. The role that stores it can open no connection at all.`}
        </Check>
        <Check
          title="The certificate’s key is yours alone"
          found={facts === null ? unknown : judgeKey(facts.keyModes)}
          command={keyCommand(facts)}
        >
          The lines must begin with drwx------ and -rw-------. Only the supervisor may look into that folder, and told
          this page.
        </Check>
      </ol>
    </section>
  );
}

/** Everything that was connected to, as the check takes it. */
function destinationsOf(roles: readonly RoleOutbound[]): SeenDestination[] {
  return roles.flatMap(({ role, places, asked }) => [
    ...places.map(({ place }) => ({ role, place, expected: true })),
    ...asked.map(() => ({ role, place: "a host that a client named", expected: false })),
  ]);
}

function Check({ title, found, command, children }: PropsWithChildren<{
  title: string;
  found: Judgement;
  command: string;
}>) {
  const { state, detail, hint } = found;
  return (
    <li>
      <div>
        <p>
          <b>{title}</b> <span class={`tag ${LEVELS[state]}`}>{WORDS[state]}</span>
        </p>
        <p class="small anywhere">{visible(detail)}</p>
        {state === "ok" || hint === null ? null : <p class="small warn-text">{hint}</p>}
        <p class="muted small">{children}</p>
        <pre class="command" tabindex={0} role="group" aria-label={`Command: ${title}`}>{command}</pre>
      </div>
    </li>
  );
}

function Unread({ status }: { status: LiveStatus | null }) {
  const edge = status?.roles["edge"]?.counters ?? null;
  const tunnels = edge === null ? [] : Object.entries(edge).filter(([name]) => name.startsWith("tunnel"));
  return (
    <section class="card w5" aria-labelledby="unread">
      <header>
        <h2 id="unread">Read, and passed through unread</h2>
        <span class="more muted">since the start</span>
      </header>
      <p class="small muted">Read on the way, so that they can be counted:</p>
      <ul class="hosts">{INTERCEPTED_HOSTS.map((host) => <li class="mono">{host}</li>)}</ul>
      <p class="small muted">
        Every other host is passed through unread. Its name is kept in memory only, for{" "}
        <code>halton-meter connections</code>; nothing of it is stored or shown here.
      </p>
      {tunnels.length === 0
        ? (
          <p class="small">
            {edge === null
              ? "The edge runs as a process of its own or does not answer; its counts are in halton-meter status."
              : "Nothing was passed through so far."}
          </p>
        )
        : (
          <div class="table-note">
            <Facts rows={tunnels.map(([name, value]) => [TUNNELS[name] ?? words(name), count(value)] as const)} />
          </div>
        )}
    </section>
  );
}

/** Why connections were passed through unread. */
const TUNNELS: Readonly<Record<string, string>> = {
  tunnel_not_intercepted: "to other hosts",
  tunnel_daemon_down: "while the daemon was down",
  tunnel_interceptor_failed: "while the interceptor did not answer",
  tunnel_not_tls: "without TLS",
  tunnel_other_sni: "that named another host",
  tunnel_no_http1: "of clients with HTTP/2 only",
};

function Trail({ view }: { view: View }) {
  const events = auditTrail(view.db, 12);
  return (
    <section class="card flush" aria-labelledby="trail">
      <header>
        <h2 id="trail">What was done to the store</h2>
        <span class="more muted">the latest first</span>
      </header>
      {events.length === 0
        ? <p class="empty">Nothing was purged, changed or exported so far.</p>
        : (
          <TableBox label="Audit trail">
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">What</th>
                  <th scope="col">Details</th>
                </tr>
              </thead>
              <tbody>
                {events.map(({ occurredAt, event, details }) => (
                  <tr>
                    <th scope="row" class="nowrap">{moment(occurredAt, view.now)}</th>
                    <td>{words(event)}</td>
                    <td class="muted">
                      {Object.entries(details).map(([name, value]) =>
                        `${words(name)} ${visible(String(value ?? DASH))}`
                      ).join(", ")}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableBox>
        )}
    </section>
  );
}
