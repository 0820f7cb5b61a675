/**
 * Routes of the dashboard. Pages are made on the server from the database that deps give; a change is asked for through the
 * API, never here.
 *
 * Imports: hono, api (types), domain, pages.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import type { PropsWithChildren } from "hono/jsx";
import type { HtmlEscapedString } from "hono/utils/html";
import { MeterError } from "../../domain/errors.ts";
import type { ApiDeps } from "../deps.ts";
import { SCRIPT } from "./assets/script.ts";
import { STYLE } from "./assets/style.ts";
import { callPage } from "./call.tsx";
import { HealthPage } from "./health.tsx";
import { Frame, HEALTH_PATH, ICON } from "./layout.tsx";
import { OverviewPage } from "./overview.tsx";
import { Empty } from "./parts.tsx";
import { PricingPage } from "./pricing.tsx";
import { PrivacyPage } from "./privacy.tsx";
import { PROJECT_DAYS, projectPage } from "./project.tsx";
import { ProjectsPage } from "./projects.tsx";
import { reportPage } from "./report.tsx";
import { filtersIn, RequestsPage } from "./requests.tsx";
import { dateIn, daysIn, type View, viewOf } from "./view.ts";

type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

/** The application of all pages and their assets. */
export function pageRoutes(deps: ApiDeps): Hono {
  const pages = new Hono();
  assets(pages);
  pages.get("/", (context) => page(context, <OverviewPage view={viewOf(deps)} chart={context.req.query("chart")} />));
  pages.get("/projects", (context) => page(context, <ProjectsPage view={viewOf(deps)} />));
  pages.get("/projects/:slug", (context) => {
    const days = daysIn(context.req.query("days"), PROJECT_DAYS, 30);
    return found(context, deps, (view) => projectPage(view, context.req.param("slug"), days));
  });
  pages.get("/projects/:slug/report", (context) => {
    const [from, to] = ["from", "to"].map((name) => dateIn(context.req.query(name)));
    return found(context, deps, (view) => reportPage(view, context.req.param("slug"), from ?? null, to ?? null));
  });
  pages.get("/requests", (context) => {
    const query = context.req.query();
    return page(
      context,
      <RequestsPage view={viewOf(deps)} filters={filtersIn(query)} cursor={query["cursor"] ?? null} />,
    );
  });
  pages.get("/requests/:id", (context) => found(context, deps, (view) => callPage(view, context.req.param("id"))));
  pages.get("/pricing", (context) => {
    const { provider, q, show } = context.req.query();
    const filters = { provider: provider || undefined, q: q || undefined, show };
    return page(context, <PricingPage view={viewOf(deps)} filters={filters} />);
  });
  pages.get("/privacy", async (context) => {
    const [status, facts] = await Promise.all([answerOf(deps.status), answerOf(deps.privacy)]);
    return page(context, <PrivacyPage view={viewOf(deps)} status={status} facts={facts} />);
  });
  pages.get(
    HEALTH_PATH,
    async (context) => page(context, <HealthPage deps={deps} status={await answerOf(deps.status)} />),
  );
  pages.onError((error, context) => failure(context, deps, error));
  return pages;
}

function assets(pages: Hono): void {
  const files = [
    ["/assets/app.css", STYLE, "text/css; charset=utf-8"],
    ["/assets/app.js", SCRIPT, "text/javascript; charset=utf-8"],
    ["/assets/icon.svg", ICON, "image/svg+xml"],
  ] as const;
  for (const [path, text, type] of files) {
    pages.get(path, (context) => context.body(text, 200, { "content-type": type }));
  }
}

async function page(context: Context, markup: Markup, status: 200 | 400 | 404 | 500 | 503 = 200): Promise<Response> {
  return context.html(`<!DOCTYPE html>${await markup}`, status);
}

/** The page of something that may not be there. */
function found(context: Context, deps: ApiDeps, render: (view: View) => Markup | null): Promise<Response> {
  const markup = render(viewOf(deps));
  if (markup !== null) return page(context, markup);
  return page(
    context,
    <Message deps={deps} title="There is nothing here">
      No project or call has this address. It may have been removed, or mistyped. <a href="/">Back to the overview</a>
    </Message>,
    404,
  );
}

/** The supervisor's answer; `null` when it gives none in time. */
async function answerOf<Answer>(ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof MeterError) return null;
    throw error;
  }
}

/** Sentences for what was foreseen; nothing of an error that was not, since it may quote what was being read. */
function failure(context: Context, deps: ApiDeps, error: Error): Promise<Response> {
  if (!(error instanceof MeterError)) {
    const busy = "errcode" in error;
    return page(
      context,
      <Message
        deps={deps}
        title={busy ? "The database cannot be read right now" : "This page could not be made"}
        command="halton-meter status"
      >
        Metering goes on. Try again in a moment; the command tells more.
      </Message>,
      busy ? 503 : 500,
    );
  }
  const bad = error.code === "bad_input" || error.code === "wrong_usage";
  return page(
    context,
    <Message deps={deps} title={error.message} command={bad ? undefined : "halton-meter status"}>
      {error.hint === undefined ? "" : `${error.hint}. `}
      {bad ? <a href={context.req.path}>Begin again</a> : null}
    </Message>,
    bad ? 400 : 503,
  );
}

function Message({ deps, title, command, children }: PropsWithChildren<{
  deps: ApiDeps;
  title: string;
  command?: string | undefined;
}>) {
  return (
    <Frame title={title} section={null} version={deps.version}>
      <h1 class="sr">{title}</h1>
      <div class="card" id="message" data-live>
        <Empty title={title} command={command}>{children}</Empty>
      </div>
    </Frame>
  );
}
