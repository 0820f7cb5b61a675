/**
 * Small pieces that every page is made of: amounts, counts, tags, what stands where there is nothing yet.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

import type { Child, PropsWithChildren } from "hono/jsx";
import type { BilledParts } from "../../store/queries.ts";
import { spentPico, worthPico } from "../../store/stats.ts";
import { compact, count, DASH, exactMoney, money } from "./format.ts";
import { visible } from "./marked.tsx";
import { costReason, errorLabel, isBilled, providerClass, providerName, usageReason } from "./words.ts";

/** An amount of money; with `null` the reason why there is none. */
export function Money({ pico, why = "No call here has a known cost" }: { pico: bigint | null; why?: string }) {
  if (pico === null) return <span class="unknown" title={why}>unknown</span>;
  return <span class="nowrap" title={exactMoney(pico)}>{money(pico)}</span>;
}

/** What sums come to on a bill. A part of it that is unknown shows as "at least". */
export function Spent({ sums }: { sums: BilledParts }) {
  const pico = spentPico(sums);
  const open = sums.unpriced - sums.notBilledUnpriced;
  if (pico === null || open === 0) return <Money pico={pico} />;
  return (
    <span class="nowrap" title={`${exactMoney(pico)}, and ${open} calls whose cost is not known`}>
      <span class="pico" aria-label="at least">≥</span>
      {money(pico)}
    </span>
  );
}

/** What calls on no bill would have cost at API prices. */
export function Worth({ sums }: { sums: BilledParts }) {
  if (sums.notBilledRequests === 0) return <span class="muted">{DASH}</span>;
  return <Money pico={worthPico(sums)} why="No call under a subscription has a known price" />;
}

/** Head of the column of {@link Worth}. */
export function NotBilledHead({ column = "num" }: { column?: string }) {
  return (
    <th scope="col" class={column} title="What calls under a subscription would have cost at API prices; on no bill">
      Not billed
    </th>
  );
}

/** A count of tokens, in three digits with all of them in the tooltip. */
export function Tokens({ value, why = "Not reported" }: { value: number | null; why?: string }) {
  if (value === null) {
    return (
      <span class="unknown" title={why}>
        <span aria-hidden="true">{DASH}</span>
        <span class="sr">{why}</span>
      </span>
    );
  }
  return <span class="nowrap" title={`${count(value)} tokens`}>{compact(value)}</span>;
}

/** A name that came from outside: isolated, its control characters made visible. */
export function Name({ text, none = "not named" }: { text: string | null; none?: string }) {
  return text === null || text === "" ? <span class="unknown">{none}</span> : <bdi>{visible(text)}</bdi>;
}

/** A provider with its colour. */
export function Provider({ provider }: { provider: string }) {
  return (
    <span class="nowrap">
      <span class={`swatch ${providerClass(provider)}`} aria-hidden="true"></span>
      {visible(providerName(provider))}
    </span>
  );
}

/** What one call has of a cost. */
export interface CallCost {
  readonly costPico: bigint | null;
  readonly costMissing: string | null;
  readonly billingBasis: string;
}

/** The cost of one call, or why there is none. */
export function CallMoney({ call }: { call: CallCost }) {
  if (call.costPico === null) {
    const { label, why } = costReason(call.costMissing);
    return <span class="unknown" title={`${label}: ${why}`}>unknown</span>;
  }
  if (isBilled(call.billingBasis)) return <Money pico={call.costPico} />;
  return (
    <span class="muted nowrap" title={`${exactMoney(call.costPico)} at API prices; on no bill`}>
      ({money(call.costPico)})
    </span>
  );
}

/** How one call ended. */
export interface CallOutcome {
  readonly status: string;
  readonly httpStatus: number | null;
  readonly errorClass: string | null;
  readonly tokensComplete: boolean;
  readonly usageUnknown: string | null;
  readonly duplicateOf: string | null;
}

/** The tag that says how one call ended. */
export function Outcome({ call }: { call: CallOutcome }) {
  if (call.status !== "success") {
    return <span class="tag bad">{`${call.httpStatus ?? ""} ${errorLabel(call.errorClass)}`.trim()}</span>;
  }
  if (call.duplicateOf !== null) return <span class="tag" title="Counted with the call it repeats">repeat</span>;
  if (!call.tokensComplete) {
    return <span class="tag warn" title={usageReason(call.usageUnknown ?? "cut")}>incomplete</span>;
  }
  return <span class="tag ok">{call.httpStatus ?? "ok"}</span>;
}

/** What stands where there is nothing yet, with the command that changes it. */
export function Empty(
  { title, children, command }: PropsWithChildren<{ title: string; command?: string | undefined }>,
) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{children}</p>
      {command === undefined ? null : <pre class="command">{command}</pre>}
    </div>
  );
}

/** What stands where no call was ever recorded. */
export function NothingRecorded() {
  return (
    <div class="empty">
      <h2>Nothing recorded yet</h2>
      <p>Set this machine up once; every new terminal is then metered, and calls show up here by themselves.</p>
      <pre class="command">halton-meter init --apps</pre>
      <p>Or send one tool through the meter and change nothing else:</p>
      <pre class="command">halton-meter run -- claude</pre>
      <p>
        If calls were made and none is here: <code>halton-meter doctor</code>
      </p>
    </div>
  );
}

/** Choices that are links; the current one is marked. */
export function Segments({ label, items }: {
  label: string;
  items: readonly { readonly name: string; readonly href: string; readonly current: boolean }[];
}) {
  return (
    <nav class="seg" aria-label={label}>
      {items.map(({ name, href, current }) => <a href={href} aria-current={current ? "true" : undefined}>{name}</a>)}
    </nav>
  );
}

/** Pairs of a term and what is said of it. */
export function Facts({ rows }: { rows: readonly (readonly [string, Child])[] }) {
  return <dl class="facts">{rows.map(([term, value]) => [<dt>{term}</dt>, <dd>{value}</dd>])}</dl>;
}

/** A table that scrolls in a box of its own when it is too wide. */
export function TableBox({ label, children }: PropsWithChildren<{ label: string }>) {
  return <div class="scroll" role="region" aria-label={label} tabindex={0}>{children}</div>;
}

/** The change against a period before. */
export function Change({ now, before, name }: { now: bigint | null; before: bigint | null; name: string }) {
  if (now === null || before === null) return <span>no comparison: a cost is unknown</span>;
  if (before === 0n) return <span>{now === 0n ? `nothing in the ${name} either` : `nothing in the ${name}`}</span>;
  const share = Number((now - before) * 1000n / before) / 10;
  const word = now === before ? "same as" : now > before ? "more than" : "less than";
  const size = Math.abs(share) >= 1000 ? `${count(Math.abs(share) / 100)}×` : `${Math.round(Math.abs(share))}\u00a0%`;
  return (
    <span>
      {now === before ? null : <b>{`${now > before ? "▲" : "▼"} ${size} `}</b>}
      {`${word} the ${name} (${money(before)})`}
    </span>
  );
}
