/**
 * A real Chromium, driven by playwright-core, that reaches loopback only. Needs Debian's package `chromium`.
 *
 * @module
 */

import fs from "node:fs";
import type { Browser, Page } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Names other than loopback's do not resolve: what a page asks for elsewhere fails, and shows as an error. */
function resolverRules(here: readonly string[]): string {
  const mapped = here.map((name) => `MAP ${name} 127.0.0.1, `).join("");
  return `--host-resolver-rules=${mapped}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`;
}

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where the browser is. @throws when none is installed. */
function chromiumPath(): string {
  const found = PLACES.find((place) => fs.existsSync(place));
  if (found === undefined) throw new Error("There is no Chromium: install the package chromium");
  return found;
}

/** Starts one. Call `close()` of what it gives. @param here Names that resolve to 127.0.0.1, as an attacker's may. */
export async function startBrowser(here: readonly string[] = []): Promise<Browser> {
  // playwright-core looks below /proc when it is loaded, where newer runtimes let nobody look without all permissions.
  const real = fs.existsSync;
  fs.existsSync = (path) => {
    try {
      return real(path);
    } catch {
      return false;
    }
  };
  try {
    const { chromium } = await import("playwright-core");
    return await chromium.launch({ executablePath: chromiumPath(), args: [...FLAGS, resolverRules(here)] });
  } finally {
    fs.existsSync = real;
  }
}

/** What a page did that no page of ours may do. Filled while the page lives. */
export function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "";
    if (!why.includes("ERR_ABORTED")) faults.push(`request: ${request.url()} ${why}`);
  });
  return faults;
}
