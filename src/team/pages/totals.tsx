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
import { grouped, Money, sendPage } from "./frame.tsx";
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
      const tables: (readonly [string, readonly Total[]])[] = [];
      for (const [group, heading] of TABLES) tables.push([heading, await totalsBy(sql, group, period)]);
      const children = (
        <>
          <p>
            {SPANS.map((span) => (
              <>
                <a href={`/?days=${span}`} aria-current={span === days ? "true" : undefined}>{`${span} days`}</a>
                {" "}
              </>
            ))}
          </p>
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

function TotalsTable({ heading, lines }: { readonly heading: string; readonly lines: readonly Total[] }) {
  const most = lines.reduce((max, { costPico }) => costPico !== null && costPico > max ? costPico : max, 0n);
  return (
    <section>
      <h2>{heading}</h2>
      {lines.length === 0 ? <p>No requests in this period.</p> : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{capitalised(heading.replace(/^By /, ""))}</th>
                <th scope="col" class="n">Cost</th>
                <th scope="col">Share</th>
                <th scope="col" class="n">Requests</th>
                <th scope="col" class="n">Errors</th>
                <th scope="col" class="n">Unpriced</th>
                <th scope="col" class="n">Prompt tokens</th>
                <th scope="col" class="n">Completion tokens</th>
              </tr>
            </thead>
            <tbody>{lines.map((line) => <Line line={line} most={most} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function Line({ line, most }: { readonly line: Total; readonly most: bigint }) {
  const share = line.costPico === null || most === 0n ? 0 : Number(line.costPico * 1000n / most) / 1000;
  return (
    <tr>
      <th scope="row">{line.key ?? <span class="unknown">not known</span>}</th>
      <td class="n">
        <Money pico={line.costPico} />
      </td>
      <td>
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
