/**
 * A refusal as a page.
 *
 * Imports: hono, ../problem.ts (types), ./frame.tsx.
 *
 * @module
 */

import type { Context } from "hono";
import type { TeamEnv } from "../deps.ts";
import type { Refusal } from "../problem.ts";
import { sendPage } from "./frame.tsx";

/** One sentence and one thing to do. */
export async function refusalPage(context: Context<TeamEnv>, refusal: Refusal): Promise<Response> {
  if (refusal.retryAfterS !== null) context.header("retry-after", String(refusal.retryAfterS));
  const children = (
    <>
      <p>{refusal.next}.</p>
      <p>
        <a href="/">To the totals</a>
      </p>
    </>
  );
  return await sendPage(context, { title: refusal.message, session: null, children }, refusal.status);
}
