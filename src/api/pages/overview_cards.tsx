/**
 * The overview's cards beside the chart: what needs a look, allowances of subscriptions, what caching saved.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

import { dateOf } from "../../domain/days.ts";
import type { QuotaSample } from "../../domain/quota.ts";
import type { Stats } from "../../store/stats.ts";
import { Gauge } from "./charts/bars.tsx";
import { ago, compact, count, counted, percent, soon } from "./format.ts";
import { callsPath, NO_MODEL } from "./links.ts";
import { visible } from "./marked.tsx";
import { type CacheSavings, OVERVIEW_DAYS } from "./overview_data.ts";
import { Money, Name } from "./parts.tsx";
import type { View } from "./view.ts";
import { costReason, providerName } from "./words.ts";

/** Calls without a cost, without final counts, and in error. */
export function Attention({ view, stats }: { view: View; stats: Stats }) {
  const { totals, missing } = stats;
  const days = { from: dateOf(stats.range.from, view.timeZone), to: view.today };
  const clear = totals.errors === 0 && totals.incomplete === 0 && missing.length === 0;
  return (
    <section class="card" aria-labelledby="attention">
      <header>
        <h2 id="attention">Needs a look</h2>
        <span class="more muted">{OVERVIEW_DAYS} days</span>
      </header>
      {clear ? <p class="muted">Every call has a cost, final counts and no error.</p> : (
        <ul class="list">
          {missing.slice(0, 4).map(({ reason, provider, model, requests }) => (
            <li>
              <span>
                <a href={callsPath({ show: "unpriced", provider, model: model ?? NO_MODEL, ...days })}>
                  {counted(requests, "call")} unpriced
                </a>
                <span class="muted">: {costReason(reason).label}</span>
              </span>
              <span class="push muted small">
                <Name text={model} none="no model named" />
              </span>
            </li>
          ))}
          {missing.length > 4
            ? (
              <li>
                <a href={callsPath({ show: "unpriced", ...days })}>All {count(totals.unpriced)} unpriced calls</a>
              </li>
            )
            : null}
          {totals.incomplete === 0 ? null : (
            <li>
              <span>
                <a href={callsPath({ show: "incomplete", ...days })}>{counted(totals.incomplete, "call")} incomplete</a>
                <span class="muted">: counts are not final</span>
              </span>
            </li>
          )}
          {totals.errors === 0 ? null : (
            <li>
              <a href={callsPath({ status: "error", ...days })}>{counted(totals.errors, "call")} failed</a>
              <span class="push muted small">{percent(totals.errors, totals.requests)} of all</span>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

/** Gauges of allowances. */
export function Quota({ samples, now }: { samples: readonly QuotaSample[]; now: number }) {
  const told = samples.filter(({ usedPercent }) => usedPercent !== null);
  if (told.length === 0) return null;
  return (
    <section class="card" aria-labelledby="quota">
      <header>
        <h2 id="quota">Allowance of subscriptions</h2>
        <span class="more muted">as the provider says</span>
      </header>
      <div class="stack">
        {told.map((sample) => <QuotaLine sample={sample} now={now} />)}
      </div>
    </section>
  );
}

function QuotaLine({ sample, now }: { sample: QuotaSample; now: number }) {
  const { provider, window, resetsAt, sampledAt } = sample;
  const begun = resetsAt !== null && resetsAt <= now;
  const used = Math.round(sample.usedPercent ?? 0);
  const state = begun ? `${used} % used before it began anew` : `${used} % used`;
  return (
    <div>
      <div class="list">
        <span>
          {providerName(provider)} <b>{visible(window)}</b>
        </span>{" "}
        <span class="muted small">{state}</span>
      </div>
      <Gauge percent={begun ? 0 : used} label={`${providerName(provider)}, ${visible(window)}: ${state}`} />
      <p class="muted small">
        {resetsAt === null
          ? ""
          : begun
          ? `Began anew ${soon(resetsAt, now)} · `
          : `Begins anew ${soon(resetsAt, now)} · `}
        {`told ${ago(sampledAt, now)}`}
      </p>
    </div>
  );
}

/** What reading from caches saved. */
export function Cache({ cache }: { cache: CacheSavings }) {
  return (
    <section class="card" aria-labelledby="cache">
      <header>
        <h2 id="cache">Saved by caching</h2>
        <span class="more muted">{OVERVIEW_DAYS} days</span>
      </header>
      {cache.readTokens === 0 ? <p class="muted">No token was read from a cache.</p> : (
        <>
          <p class="mid">
            <Money pico={cache.savedPico} why="The price list has no line for these models" />
          </p>
          <p class="muted small">
            {`${compact(cache.readTokens)} tokens came from a cache, ${
              percent(cache.readTokens, cache.promptTokens)
            } of all that were sent. `}
            The sum is what they would have cost more as plain input at today’s list prices; writing to the cache is not
            in it.
            {cache.withoutPrice === 0
              ? ""
              : ` ${compact(cache.withoutPrice)} of them have no known price and are left out.`}
          </p>
        </>
      )}
    </section>
  );
}
