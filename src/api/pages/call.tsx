/**
 * One call: when, how long, how many tokens, why it costs what it costs, and what was said.
 *
 * Imports: hono/jsx, meter, store, pages.
 *
 * @module
 */

import { ratesOf } from "../present_detail.ts";
import type { Child } from "hono/jsx";
import { explain } from "../../meter/explanation.ts";
import { readBodies } from "../../store/bodies.ts";
import { type RequestDetail, requestDetail } from "../../store/request_detail.ts";
import { Timeline } from "./charts/bars.tsx";
import { CallPrice } from "./call_price.tsx";
import { CallTokens } from "./call_tokens.tsx";
import { BodyView } from "./conversation_view.tsx";
import { bytes, clock, DASH, duration, longDay, words } from "./format.ts";
import { Frame } from "./layout.tsx";
import { callPath, callsPath, projectPath } from "./links.ts";
import { visible } from "./marked.tsx";
import { CallMoney, Empty, Facts, Name, Outcome, Provider } from "./parts.tsx";
import type { View } from "./view.ts";
import { basisSentence, costReason, isBilled } from "./words.ts";

/** The page; `null` when there is no such call. */
export function callPage(view: View, id: string) {
  const detail = requestDetail(view.db, id);
  return detail === null ? null : <CallPage view={view} detail={detail} />;
}

function CallPage({ view, detail }: { view: View; detail: RequestDetail }) {
  const { request } = detail;
  const bodies = readBodies(view.db, request.id);
  const when = `${longDay(request.requestedAt)}, ${clock(request.requestedAt)}`;
  return (
    <Frame title={`Call of ${when}`} section="/requests" version={view.deps.version}>
      <p class="crumb">
        <a href={callsPath()}>Requests</a>
      </p>
      <div class="head">
        <h1>
          <Name text={request.model} none="Model not named" />
        </h1>
        <Outcome call={request} />
        <p class="sub">
          {when} ·{" "}
          <a href={projectPath(request.project)}>
            <Name text={detail.projectName} />
          </a>
        </p>
      </div>
      <Repeats detail={detail} />
      <div class="grid">
        <section class="card w3" aria-labelledby="cost">
          <h2 id="cost">{isBilled(request.billingBasis) ? "Cost" : "Worth at API prices"}</h2>
          <p class="big">
            <CallMoney call={request} />
          </p>
          <p class="delta">
            {request.costPico === null ? costReason(request.costMissing).why : basisSentence(request.billingBasis)}
          </p>
        </section>
        <Timing detail={detail} />
        <Facting detail={detail} />
        <CallTokens detail={detail} />
        <CallPrice explanation={explain(detail.call, ratesOf(view.deps.config()))} />
      </div>
      <div class="stack bodies">
        <h2 class="sr">What was said</h2>
        {bodies.length === 0 ? <NoBodies /> : bodies.map((body) => <BodyView body={body} />)}
      </div>
    </Frame>
  );
}

function Repeats({ detail }: { detail: RequestDetail }) {
  const { duplicateOf } = detail.request;
  if (duplicateOf !== null) {
    return (
      <p class="notice info">
        This call fetched an answer again that <a href={callPath(duplicateOf)}>an earlier call</a>{" "}
        had paid for. It is in no sum.
      </p>
    );
  }
  if (detail.repeatedBy.length === 0) return null;
  return (
    <p class="notice info">
      {"Its answer was fetched again, at no cost, by "}
      {detail.repeatedBy.map((id, i) => [i === 0 ? "" : ", ", <a href={callPath(id)}>{id.slice(0, 8)}</a>])}.
    </p>
  );
}

function Timing({ detail }: { detail: RequestDetail }) {
  const { ttftMs, latencyMs } = detail.request;
  return (
    <section class="card w3" aria-labelledby="timing">
      <h2 id="timing">Time</h2>
      <p class="big">{latencyMs === null ? <span class="unknown">unknown</span> : duration(latencyMs)}</p>
      {ttftMs === null || latencyMs === null
        ? (
          <p class="delta">
            {ttftMs === null
              ? "No byte of an answer came."
              : `First byte after ${duration(ttftMs)}; the answer did not end.`}
          </p>
        )
        : (
          <>
            <p class="delta">
              {`First byte after ${duration(ttftMs)}, then ${duration(Math.max(0, latencyMs - ttftMs))} of answer`}
            </p>
            <Timeline
              ttftMs={ttftMs}
              totalMs={latencyMs}
              label={`First byte after ${duration(ttftMs)} of ${duration(latencyMs)}`}
            />
          </>
        )}
    </section>
  );
}

function Facting({ detail }: { detail: RequestDetail }) {
  const { request } = detail;
  const client = [request.clientName, request.clientVersion].filter((each) => each !== null).join(" ");
  const tier = request.servedTier ?? detail.requestedTier;
  const rows: readonly (readonly [string, Child])[] = [
    ["Provider", <Provider provider={request.provider} />],
    ["Client", client === "" ? DASH : visible(client)],
    ["To", <span class="mono">{visible(`${request.method} ${request.host}${request.path}`)}</span>],
    ...(request.requestedModel === null || request.requestedModel === request.model
      ? []
      : [["Asked for", visible(request.requestedModel)] as const]),
    ["Kind", `${words(request.requestKind)}, ${words(request.mode)}`],
    ...(tier === null ? [] : [["Tier", visible(tier)] as const]),
    ["On the wire", `${bytes(detail.requestBytes)} up, ${bytes(detail.responseBytes)} down`],
    ["Project by", words(detail.attributionLayer)],
    ...(request.providerErrorCode === null ? [] : [["Error", visible(request.providerErrorCode)] as const]),
    ["Id", <span class="mono">{request.id}</span>],
  ];
  const half = Math.ceil(rows.length / 2);
  return (
    <section class="card w6" aria-labelledby="facts">
      <h2 id="facts">The call</h2>
      <div class="facts-pair">
        <Facts rows={rows.slice(0, half)} />
        <Facts rows={rows.slice(half)} />
      </div>
    </section>
  );
}

function NoBodies() {
  return (
    <div class="card">
      <Empty title="No text is stored of this call">
        Capture was off for its project, its bodies were purged, or nothing in them was text.{" "}
        <a href="/privacy">What is stored</a>
      </Empty>
    </div>
  );
}
