/**
 * A table of models with their tokens and cost, and the sum of all below.
 *
 * Imports: hono/jsx, store (types), pages.
 *
 * @module
 */

import type { UsageSums } from "../../store/queries.ts";
import type { ModelUsage } from "../../store/stats.ts";
import { count } from "./format.ts";
import { Name, NotBilledHead, Spent, TableBox, Tokens, Worth } from "./parts.tsx";
import { providerClass, providerName } from "./words.ts";

/** Models in the order given. Without `linkOf`, figures lead nowhere, as on paper. */
export function ModelTable({ models, totals, linkOf }: {
  models: readonly ModelUsage[];
  totals: UsageSums;
  linkOf?: (model: ModelUsage) => string;
}) {
  const notBilled = totals.notBilledRequests > 0;
  const cells = (sums: UsageSums, link: string | null) => (
    <>
      <td class="num">{link === null ? count(sums.requests) : <a href={link}>{count(sums.requests)}</a>}</td>
      <td class="num opt">
        <Tokens value={sums.inputTokens} />
      </td>
      <td class="num opt">
        <Tokens value={sums.cacheReadTokens} />
      </td>
      <td class="num opt">
        <Tokens value={sums.cacheWriteTokens} />
      </td>
      <td class="num opt">
        <Tokens value={sums.outputTokens} />
      </td>
      <td class="num">
        <Spent sums={sums} />
      </td>
      {notBilled
        ? (
          <td class="num">
            <Worth sums={sums} />
          </td>
        )
        : null}
    </>
  );
  return (
    <TableBox label="Models, their tokens and cost">
      <table>
        <thead>
          <tr>
            <th scope="col">Model</th>

            <th scope="col" class="num">Calls</th>
            <th scope="col" class="num opt">Input</th>
            <th scope="col" class="num opt">Cache read</th>
            <th scope="col" class="num opt">Cache write</th>
            <th scope="col" class="num opt">Output</th>
            <th scope="col" class="num">Billed</th>
            {notBilled ? <NotBilledHead /> : null}
          </tr>
        </thead>
        <tbody>
          {models.map((each) => (
            <tr>
              <th scope="row">
                <span class={`swatch ${providerClass(each.provider)}`} title={providerName(each.provider)}></span>
                <Name text={each.model} />
              </th>
              {cells(each.sums, linkOf?.(each) ?? null)}
            </tr>
          ))}
        </tbody>
        {models.length < 2 ? null : (
          <tfoot>
            <tr>
              <th scope="row">Together</th>

              {cells(totals, null)}
            </tr>
          </tfoot>
        )}
      </table>
    </TableBox>
  );
}
