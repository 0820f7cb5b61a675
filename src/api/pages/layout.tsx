/**
 * The frame of every page: head, navigation, the banner for when the meter does not answer.
 *
 * Imports: hono/jsx.
 *
 * @module
 */

import type { PropsWithChildren } from "hono/jsx";

/** What the frame needs to know. */
export interface FrameProps {
  readonly title: string;
  /** Path of the section that the page belongs to; null for pages outside of all. */
  readonly section: string | null;
  readonly version: string;
}

const SECTIONS: readonly (readonly [path: string, name: string])[] = [
  ["/", "Overview"],
  ["/projects", "Projects"],
  ["/requests", "Requests"],
  ["/pricing", "Pricing"],
  ["/privacy", "Privacy"],
  ["/health", "Health"],
];

/** The path of the page about the daemon; `/health` itself is the API's. */
export const HEALTH_PATH = "/status";

/** A whole page. */
export function Frame({ title, section, version, children }: PropsWithChildren<FrameProps>) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · halton-meter`}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/app.css" />
        <script src="/assets/app.js"></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="top">
          <div class="top-in">
            <a class="brand" href="/">
              <Mark />
              halton-meter
            </a>
            <nav class="nav" aria-label="Sections">
              <ul>
                {SECTIONS.map(([path, name]) => (
                  <li>
                    <a
                      href={path === "/health" ? HEALTH_PATH : path}
                      aria-current={section === path ? "page" : undefined}
                    >
                      {name}
                    </a>
                  </li>
                ))}
              </ul>
            </nav>
            <div class="state">
              <span role="status">
                <span class="dot" id="live-dot"></span>
                <span id="live-text">Local</span>
              </span>
              <button type="button" class="plain" id="theme" hidden>Dark theme</button>
            </div>
          </div>
        </header>
        <div class="banner" id="offline" role="alert" hidden>
          <p>
            The meter has not answered since{" "}
            <span id="offline-since"></span>. This page shows what was known then and catches up by itself.
          </p>
        </div>
        <main id="content" tabindex={-1}>{children}</main>
        <footer class="foot">
          {`halton-meter ${version} · served by this machine to this machine; nothing on this page was fetched from anywhere else`}
        </footer>
      </body>
    </html>
  );
}

/** Three bars of a meter. */
function Mark() {
  return (
    <svg viewBox="0 0 18 18" aria-hidden="true">
      <rect x="1" y="9" width="4" height="8" rx="1" />
      <rect x="7" y="4" width="4" height="13" rx="1" />
      <rect x="13" y="1" width="4" height="16" rx="1" />
    </svg>
  );
}

/** `/assets/icon.svg`. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 18 18" fill="#4a6fd4">` +
  `<rect x="1" y="9" width="4" height="8" rx="1"/><rect x="7" y="4" width="4" height="13" rx="1"/>` +
  `<rect x="13" y="1" width="4" height="16" rx="1"/></svg>`;
