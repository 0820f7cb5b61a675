/**
 * Every page of the dashboard.
 *
 * Imports: hono, the pages.
 *
 * @module
 */

import type { Hono } from "hono";
import type { TeamDeps, TeamEnv } from "../deps.ts";
import { addCallPages } from "./calls.tsx";
import { addConnectPages } from "./connect.tsx";
import { addDevicePages } from "./devices.tsx";
import { ICON, STYLE } from "./frame.tsx";
import { addMemberPages } from "./members.tsx";
import { addSettingsPages } from "./settings.tsx";
import { addSignInPages } from "./sign_in.tsx";
import { addTotalsPage } from "./totals.tsx";

/** Adds all pages. */
export function addPageRoutes(app: Hono<TeamEnv>, deps: TeamDeps): void {
  app.get("/assets/team.css", (context) => context.text(STYLE, 200, { "content-type": "text/css; charset=utf-8" }));
  app.get("/assets/icon.svg", (context) => context.body(ICON, 200, { "content-type": "image/svg+xml" }));
  addSignInPages(app, deps);
  addTotalsPage(app, deps);
  addCallPages(app, deps);
  addConnectPages(app, deps);
  addDevicePages(app, deps);
  addMemberPages(app, deps);
  addSettingsPages(app, deps);
}
