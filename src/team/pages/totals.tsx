/**
 * The start page: what the workspace spent, by day, member, project and model.
 *
 * Imports: hono/jsx, ../totals.ts, ./frame.tsx, ./web_session.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import type { TeamDeps, TeamEnv } from "../deps.ts";
import { grandTotal, type Group, lastDays, type Total, totalsBy } from "../totals.ts";
import { grouped, Money, Scroll, sendPage } from "./frame.tsx";
import { signedIn } from "./web_session.ts";

const SPANS = [7, 30, 90, 365];
const TABLES: readonly (readonly [group: Group, heading: string])[] = [
  ["member", "By member"],
  ["project", "By project"],
  ["model", "By model"],
  ["provider", "By provider"],
  ["day", "By day (UTC)"],
];

/** Adds the page. */
export function addTotalsPage(app: Hono<TeamEnv>, deps: TeamDeps): void {
  app.get("/", (context) => {
    return signedIn(context, deps, async (sql, session) => {
      const asked = Number(context.req.query("days") ?? 30);
      const days = SPANS.includes(asked) ? asked : 30;
      const period = lastDays(days, Date.now());
      const total = await grandTotal(sql, period);
      if (total.requests === 0) {
        return await sendPage(context, { title: "Totals", session, children: <NoRequests days={days} /> });
      }
      const tables: (readonly [string, readonly Total[]])[] = [];
      for (const [group, heading] of TABLES) tables.push([heading, await totalsBy(sql, group, period)]);
      const children = (
        <>
          <Spans days={days} />
          <p class="total">
            <Money pico={total.costPico} />
          </p>
          <p>
            {`${grouped(total.requests)} requests in ${days} days, by this server's price list.`}
            {total.unpriced === 0
              ? ""
              : ` ${grouped(total.unpriced)} of them have no known price and are not in the sum.`}
          </p>
          {tables.map(([heading, lines]) => <TotalsTable heading={heading} lines={lines} />)}
        </>
      );
      return await sendPage(context, { title: "Totals", session, children });
    });
  });
}

function Spans({ days }: { readonly days: number }) {
  return (
    <p>
      {SPANS.map((span) => (
        <>
          <a href={`/?days=${span}`} aria-current={span === days ? "true" : undefined}>{`${span} days`}</a>
          {" "}
        </>
      ))}
    </p>
  );
}

function NoRequests({ days }: { readonly days: number }) {
  return (
    <>
      <Spans days={days} />
      <p>{`No requests in the last ${days} days.`}</p>
      <p>
        A machine sends them once you ran <code>halton-meter cloud connect</code> on it and approved it:{" "}
        <a href="/devices">see the machines</a>.
      </p>
    </>
  );
}

function TotalsTable({ heading, lines }: { readonly heading: string; readonly lines: readonly Total[] }) {
  const most = lines.reduce((max, { costPico }) => costPico !== null && costPico > max ? costPico : max, 0n);
  return (
    <section>
      <h2>{heading}</h2>
      {lines.length === 0 ? <p>No requests in this period.</p> : (
        <Scroll label={heading}>
          <table>
            <thead>
              <tr>
                <th scope="col">{capitalised(heading.replace(/^By /, ""))}</th>
                <th scope="col" class="n">Cost</th>
                <th scope="col" class="share">Share</th>
                <th scope="col" class="n">Requests</th>
                <th scope="col" class="n">Errors</th>
                <th scope="col" class="n">Unpriced</th>
                <th scope="col" class="n">Prompt tokens</th>
                <th scope="col" class="n">Completion tokens</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <Line
                  line={line}
                  most={most}
                  rowClass={heading.startsWith("By day") ? "day" : ""}
                />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function Line({ line, most, rowClass }: { readonly line: Total; readonly most: bigint; readonly rowClass: string }) {
  const share = line.costPico === null || most === 0n ? 0 : Number(line.costPico * 1000n / most) / 1000;
  return (
    <tr>
      <th scope="row" class={rowClass}>{line.key ?? <span class="unknown">not known</span>}</th>
      <td class="n">
        <Money pico={line.costPico} />
      </td>
      <td class="share">
        <meter min={0} max={1} value={share} aria-label="Share of the largest line"></meter>
      </td>
      <td class="n">{grouped(line.requests)}</td>
      <td class="n">{grouped(line.errors)}</td>
      <td class="n">{grouped(line.unpriced)}</td>
      <td class="n">{grouped(line.promptTokens)}</td>
      <td class="n">{grouped(line.completionTokens)}</td>
    </tr>
  );
}
