/**
 * The tokens of one call, as a bar and as figures.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

import type { RequestDetail } from "../../store/request_detail.ts";
import { type Segment, SegmentBar } from "./charts/bars.tsx";
import { count, percent } from "./format.ts";
import { usageReason } from "./words.ts";

interface Kind {
  readonly name: string;
  readonly className: string;
  readonly value: number | null;
  readonly note: string | null;
}

/** The kinds of tokens of a call, disjoint: what was thought is taken out of the output. */
export function tokenKinds(detail: RequestDetail): Kind[] {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, thinkingTokens } = detail.request;
  const { cacheWrite5mTokens, cacheWrite1hTokens } = detail;
  const plain = outputTokens === null ? null : Math.max(0, outputTokens - (thinkingTokens ?? 0));
  const split = (cacheWrite1hTokens ?? 0) > 0
    ? `${count(cacheWrite5mTokens ?? 0)} for 5 min, ${count(cacheWrite1hTokens ?? 0)} for 1 h`
    : null;
  return [
    { name: "Input", className: "k-input", value: inputTokens, note: null },
    { name: "Read from cache", className: "k-cache-read", value: cacheReadTokens, note: null },
    { name: "Written to cache", className: "k-cache-write", value: cacheWriteTokens, note: split },
    { name: "Output", className: "k-output", value: plain, note: null },
    { name: "Thinking", className: "k-thinking", value: thinkingTokens, note: "billed as output" },
  ];
}

/** The card. */
export function CallTokens({ detail }: { detail: RequestDetail }) {
  const kinds = tokenKinds(detail);
  const segments = kinds.map(({ name, className, value }): Segment => ({ name, className, value: value ?? 0 }));
  const total = segments.reduce((sum, { value }) => sum + value, 0);
  const { usageUnknown } = detail.request;
  const label = segments.filter(({ value }) => value > 0).map(({ name, value }) => `${name} ${count(value)}`).join(
    ", ",
  );
  return (
    <section class="card w5" aria-labelledby="tokens">
      <header>
        <h2 id="tokens">Tokens</h2>
        <span class="more muted">{total === 0 ? "" : `${count(total)} in all`}</span>
      </header>
      {usageUnknown === null ? null : <p class="notice">{`Not final: ${usageReason(usageUnknown)}.`}</p>}
      {detail.usageInconsistent
        ? (
          <p class="notice">
            The provider’s own total fits neither reading of its counts; they are taken as documented.
          </p>
        )
        : null}
      {total === 0 ? null : <SegmentBar segments={segments} label={label} />}
      <table class="plain-table">
        <caption class="sr">Tokens by kind</caption>
        <tbody>
          {kinds.map(({ name, className, value, note }) => (
            <tr>
              <th scope="row">
                <span class={`swatch ${className}`} aria-hidden="true"></span>
                {name}
                {note === null || value === null || value === 0
                  ? null
                  : <span class="muted small">{` (${note})`}</span>}
              </th>
              <td class="num">
                {value === null ? <span class="unknown">not reported</span> : count(value)}
              </td>
              <td class="num muted">{value === null || total === 0 ? "" : percent(value, total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
