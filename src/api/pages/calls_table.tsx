/**
 * A table of calls, one a row.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

import type { RecordedRequest } from "../../store/listing.ts";
import { DASH, duration, moment } from "./format.ts";
import { callPath, projectPath } from "./links.ts";
import { visible } from "./marked.tsx";
import { CallMoney, Name, Outcome, Provider, TableBox, Tokens } from "./parts.tsx";
import { usageReason } from "./words.ts";

/** Calls, newest first. `project` adds the column of that name. */
export function CallsTable({ calls, now, project = true }: {
  calls: readonly RecordedRequest[];
  now: number;
  project?: boolean;
}) {
  return (
    <TableBox label="Calls">
      {/* Narrow screens lay rows out as cards, which takes the roles of a table away: they are said again. */}
      <table class="calls" role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader">When</th>
            {project ? <th scope="col" role="columnheader" class="opt">Project</th> : null}
            <th scope="col" role="columnheader">Model</th>
            <th scope="col" role="columnheader" class="opt2">Provider</th>
            <th scope="col" role="columnheader" class="opt2">Client</th>
            <th scope="col" role="columnheader" class="num opt">Sent</th>
            <th scope="col" role="columnheader" class="num opt">Cached</th>
            <th scope="col" role="columnheader" class="num opt">Output</th>
            <th scope="col" role="columnheader" class="num">Cost</th>
            <th scope="col" role="columnheader" class="num opt2">Time</th>
            <th scope="col" role="columnheader">State</th>
          </tr>
        </thead>
        <tbody role="rowgroup">{calls.map((call) => <CallRow call={call} now={now} project={project} />)}</tbody>
      </table>
    </TableBox>
  );
}

function CallRow({ call, now, project }: { call: RecordedRequest; now: number; project: boolean }) {
  const why = call.usageUnknown === null ? "Not reported" : usageReason(call.usageUnknown);
  return (
    <tr role="row">
      <th scope="row" role="rowheader" class="nowrap c-when">
        <a href={callPath(call.id)}>{moment(call.requestedAt, now)}</a>
      </th>
      {project
        ? (
          <td role="cell" class="opt">
            <a class="quiet" href={projectPath(call.project)}>
              <Name text={call.project} />
            </a>
          </td>
        )
        : null}
      <td role="cell" class="clip c-model" title={visible(call.model ?? "not named")}>
        <Name text={call.model} />
      </td>
      <td role="cell" class="opt2">
        <Provider provider={call.provider} />
      </td>
      <td role="cell" class="opt2 muted">
        <Name text={call.clientName} none={DASH} />
      </td>
      <td role="cell" class="num opt">
        <Tokens value={call.inputTokens} why={why} />
      </td>
      <td role="cell" class="num opt">
        <Tokens value={call.cacheReadTokens} why={why} />
      </td>
      <td role="cell" class="num opt">
        <Tokens value={call.outputTokens} why={why} />
      </td>
      <td role="cell" class="num c-cost">
        <CallMoney call={call} />
      </td>
      <td role="cell" class="num opt2">{call.latencyMs === null ? DASH : duration(call.latencyMs)}</td>
      <td role="cell" class="c-state">
        <Outcome call={call} />
      </td>
    </tr>
  );
}
