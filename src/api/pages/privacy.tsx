/**
 * What is stored, what was taken out before, where connections go, and three checks of it all.
 *
 * Imports: hono/jsx, api (types), domain, store, pages.
 *
 * @module
 */

import type { PropsWithChildren } from "hono/jsx";
import { INTERCEPTED_HOSTS } from "../../domain/hosts.ts";
import { categoryOf, REDACTION_CATEGORIES } from "../../domain/redaction_categories.ts";
import { type BodyStats, bodyStats } from "../../store/bodies.ts";
import { auditTrail, bodyCaptureChoices } from "../../store/settings.ts";
import type { LiveStatus } from "../deps.ts";
import { bytes, count, counted, DASH, longDay, moment, words } from "./format.ts";
import { Frame } from "./layout.tsx";
import { projectPath } from "./links.ts";
import { visible } from "./marked.tsx";
import { Facts, Name, TableBox } from "./parts.tsx";
import type { View } from "./view.ts";

/** The page. `status` is `null` when the daemon did not answer. */
export function PrivacyPage({ view, status }: { view: View; status: LiveStatus | null }) {
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
        <Checks view={view} status={status} />
        <Connections status={status} />
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

function Checks({ view, status }: { view: View; status: LiveStatus | null }) {
  const port = view.deps.port();
  return (
    <section class="card w7" aria-labelledby="checks">
      <header>
        <h2 id="checks">Three checks</h2>
        <span class="more muted">do not take our word for it</span>
      </header>
      <ol class="list">
        <Check
          title="This page is served to this machine only"
          result={[`listens on 127.0.0.1:${port}`, "ok"]}
          command={`lsof -nP -iTCP:${port} -sTCP:LISTEN`}
        >
          The line must show 127.0.0.1 and no other address. The role that serves it may open no other one.
        </Check>
        <Check
          title="Nothing goes anywhere but to the providers you call"
          result={status === null ? ["not known: the daemon does not answer", "warn"] : [outgoing(status), "ok"]}
          command="lsof -nP -a -c halton-meter -iTCP -sTCP:ESTABLISHED"
        >
          {`The role that sees text reaches ${INTERCEPTED_HOSTS.length} hosts on port 443 and no file. The role that stores it can open no connection at all.`}
        </Check>
        <Check
          title="The certificate’s key is yours alone"
          result={keyResult(status)}
          command="ls -ld ~/.mitmproxy ~/.mitmproxy/mitmproxy-ca.pem"
        >
          The lines must begin with drwx------ and -rw-------. This page cannot look for itself: its role may not read
          that folder.
        </Check>
      </ol>
    </section>
  );
}

type Result = readonly [text: string, level: "ok" | "warn"];

function outgoing({ roles }: LiveStatus): string {
  const calls = roles["interceptor"]?.counters?.["exchanges"];
  return calls === undefined ? "no count from the interceptor" : `${counted(calls, "call")} passed on since the start`;
}

function keyResult(status: LiveStatus | null): Result {
  if (status === null) return ["not known: the daemon does not answer", "warn"];
  if (status.caConstrained === null) return ["no certificate in use", "warn"];
  return status.caConstrained
    ? ["signs for the providers’ hosts only", "ok"]
    : ["may sign for any host: another program made it", "warn"];
}

function Check({ title, result, command, children }: PropsWithChildren<{
  title: string;
  result: Result;
  command: string;
}>) {
  return (
    <li>
      <div>
        <p>
          <b>{title}</b> <span class={`tag ${result[1]}`}>{result[0]}</span>
        </p>
        <p class="muted small">{children}</p>
        <pre class="command" tabindex={0} role="group" aria-label={`Command: ${title}`}>{command}</pre>
      </div>
    </li>
  );
}

function Connections({ status }: { status: LiveStatus | null }) {
  const edge = status?.roles["edge"]?.counters ?? null;
  const tunnels = edge === null ? [] : Object.entries(edge).filter(([name]) => name.startsWith("tunnel"));
  return (
    <section class="card w5" aria-labelledby="connections">
      <header>
        <h2 id="connections">Connections</h2>
        <span class="more muted">since the start</span>
      </header>
      <p class="small muted">Read on the way, so that they can be counted:</p>
      <ul class="hosts">{INTERCEPTED_HOSTS.map((host) => <li class="mono">{host}</li>)}</ul>
      <p class="small muted">
        Every other host is passed through unread. Of those nothing is kept, not even the name.
      </p>
      {tunnels.length === 0
        ? (
          <p class="small">
            {edge === null
              ? "The edge runs as a process of its own or does not answer; its counts are in halton-meter status."
              : "Nothing was passed through so far."}
          </p>
        )
        : <Facts rows={tunnels.map(([name, value]) => [TUNNELS[name] ?? words(name), count(value)] as const)} />}
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
