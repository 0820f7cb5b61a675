/**
 * The dashboard in a real browser: every page in both themes and three widths, and what a user does with it.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { type Database, openForWriting } from "../../src/store/database.ts";
import { getBodyCapture } from "../../src/store/settings.ts";
import { Writer } from "../../src/store/writer.ts";
import { type Dashboard, serveDashboard } from "../api/pages/deps.ts";
import { liveCall, type SeededIds, seedMonth } from "../api/pages/seed.ts";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { faultsOf, startBrowser } from "./support/browser.ts";
import { withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { startProvider } from "./support/provider.ts";
import { oneCall } from "./support/raw_client.ts";

const AXE = await Deno.readTextFile(new URL(import.meta.resolve("axe-core/axe.min.js")));
const WIDTHS = [390, 900, 1600];

interface Bench {
  readonly db: Database;
  readonly ids: SeededIds;
  readonly browser: Browser;
  dashboard: Dashboard;
}

/** A seeded database, its dashboard and a browser, gone afterwards. */
async function withDashboard(test: (bench: Bench) => Promise<void>, seeded = true): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hm-dashboard-" });
  const db = openForWriting(`${folder}/db.sqlite`, { now: Date.now() });
  const none = { plain: "", tools: "", cut: "", hostile: "" };
  const ids = seeded ? seedMonth(db, { now: Date.now() }) : none;
  const browser = await startBrowser();
  const bench: Bench = { db, ids, browser, dashboard: serveDashboard(() => db) };
  try {
    await test(bench);
  } finally {
    await browser.close();
    await bench.dashboard.stop();
    db.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function pathsOf(ids: SeededIds): string[] {
  return [
    "/",
    "/?chart=all",
    "/projects",
    "/projects/acme-web",
    "/projects/acme-web/report",
    "/requests",
    "/requests?show=unpriced",
    "/requests?q=nothing-has-this-name",
    ...[ids.plain, ids.tools, ids.cut, ids.hostile].map((id) => `/requests/${id}`),
    "/pricing?q=claude",
    "/privacy",
    "/status",
  ];
}

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** Serious and critical findings of axe-core, as text. What the browser's owner runs is not under the page's policy. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ readonly violations: readonly Violation[] }>("axe.run()");
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

/** How many pixels the page is wider than its window. */
function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

Deno.test("every page is sound, accessible and fits, in both themes and three widths", async () => {
  await withDashboard(async ({ browser, dashboard, ids }) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({ colorScheme });
      const page = await context.newPage();
      const faults = faultsOf(page);
      for (const path of pathsOf(ids)) {
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          const response = await page.goto(dashboard.origin + path, { waitUntil: "domcontentloaded" });
          const where = `${path} ${colorScheme} ${width}`;
          equal(response?.status(), 200, where);
          match(response?.headers()["content-security-policy"] ?? "", /script-src 'self'; style-src 'self'/);
          equal(await overflowOf(page), 0, where);
          if (width !== 900) deepEqual(await seriousFindings(page), [], where);
        }
      }
      deepEqual(faults, []);
      await context.close();
    }
  });
});

Deno.test("pages without a call say what to type next", async () => {
  await withDashboard(async ({ browser, dashboard }) => {
    const page = await browser.newPage();
    const faults = faultsOf(page);
    for (const path of ["/", "/projects", "/requests", "/privacy"]) {
      await page.goto(dashboard.origin + path, { waitUntil: "domcontentloaded" });
      match(await page.locator("main").innerText(), /halton-meter \w+/, path);
    }
    deepEqual(faults, []);
  }, false);
});

Deno.test("a call shows up on an open page without a reload", async () => {
  await withDashboard(async ({ browser, dashboard, db }) => {
    const page = await browser.newPage();
    const faults = faultsOf(page);
    await page.goto(`${dashboard.origin}/requests`, { waitUntil: "domcontentloaded" });
    await page.locator(".dot.on").waitFor();
    await page.evaluate(() => Object.assign(globalThis, { notReloaded: true }));
    const call = liveCall(Date.now(), { model: "a-model-seen-live" });
    const writer = new Writer(db, { newId: () => crypto.randomUUID() });
    writer.record(call, []);
    writer.flush();
    dashboard.recorded();
    await page.getByText("a-model-seen-live").waitFor();
    equal(await page.evaluate(() => "notReloaded" in globalThis), true);
    await page.locator(`a[href="/requests/${call.id}"]`).first().click();
    match(await page.locator("h1").innerText(), /a-model-seen-live/);
    deepEqual(faults, []);
  });
});

Deno.test("the switch for body capture changes the project's setting", async () => {
  await withDashboard(async ({ browser, dashboard, db }) => {
    const page = await browser.newPage();
    const faults = faultsOf(page);
    await page.goto(`${dashboard.origin}/projects/acme-web`, { waitUntil: "domcontentloaded" });
    for (const [button, choice] of [["Off", "off"], ["On", "on"], ["As configured (on)", null]] as const) {
      await page.getByRole("button", { name: button, exact: true }).click();
      await page.locator(`button[aria-pressed="true"]`, { hasText: button }).waitFor();
      equal(getBodyCapture(db, "acme-web"), choice);
    }
    deepEqual(faults, []);
  });
});

Deno.test("an open page says when the meter is gone, and catches up when it is back", async () => {
  await withDashboard(async (bench) => {
    const { db, browser } = bench;
    const page = await browser.newPage();
    await page.goto(`${bench.dashboard.origin}/requests`, { waitUntil: "domcontentloaded" });
    await page.locator(".dot.on").waitFor();
    const { port } = bench.dashboard;
    await bench.dashboard.stop();
    await page.locator("#offline:visible").waitFor();
    const writer = new Writer(db, { newId: () => crypto.randomUUID() });
    writer.record(liveCall(Date.now(), { model: "recorded-meanwhile" }), []);
    writer.flush();
    bench.dashboard = serveDashboard(() => db, port);
    await page.getByText("recorded-meanwhile").waitFor();
    await page.locator("#offline").waitFor({ state: "hidden" });
  });
});

Deno.test("hostile text stays text, and its hidden characters are shown", async () => {
  await withDashboard(async ({ browser, dashboard, ids }) => {
    const page = await browser.newPage();
    const faults = faultsOf(page);
    for (const path of [`/requests/${ids.hostile}`, "/requests", "/"]) {
      await page.goto(dashboard.origin + path, { waitUntil: "load" });
      equal(await page.evaluate(() => "broken" in globalThis), false);
      equal(await page.locator("main img, main script, main style, main svg[onload]").count(), 0);
    }
    await page.goto(`${dashboard.origin}/requests/${ids.hostile}`, { waitUntil: "load" });
    const codes = await page.locator(".said .control").allInnerTexts();
    for (const code of ["U+202E", "U+2066", "U+200B", "U+E0041", "U+0000"]) ok(codes.includes(code), code);
    deepEqual(faults, []);
  });
});

Deno.test("the theme switch is kept, and nothing else is", async () => {
  await withDashboard(async ({ browser, dashboard }) => {
    const context = await browser.newContext({ colorScheme: "light" });
    const page = await context.newPage();
    await page.goto(dashboard.origin, { waitUntil: "domcontentloaded" });
    const ground = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    const light = await ground();
    await page.getByRole("button", { name: "Dark theme" }).click();
    const dark = await ground();
    ok(light !== dark);
    await page.goto(`${dashboard.origin}/privacy`, { waitUntil: "domcontentloaded" });
    equal(await ground(), dark);
    equal((await context.cookies()).length, 0);
    await context.close();
  });
});

Deno.test("every page works without script", async () => {
  await withDashboard(async ({ browser, dashboard, ids }) => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    for (const path of pathsOf(ids)) {
      equal((await page.goto(dashboard.origin + path))?.status(), 200, path);
      ok((await page.locator("h1").innerText()).length > 0, path);
    }
    await page.goto(`${dashboard.origin}/projects/acme-web`);
    match(await page.locator("noscript").innerText(), /halton-meter project set acme-web body-capture off/);
    await page.goto(`${dashboard.origin}/requests`);
    await page.locator("#f-q").fill("grok");
    await page.getByRole("button", { name: "Show" }).click();
    match(page.url(), /[?&]q=grok/);
    equal(await page.locator("tbody tr").count() > 0, true);
    await context.close();
  });
});

Deno.test("the client report prints without navigation, on pages of paper", async () => {
  await withDashboard(async ({ browser, dashboard }) => {
    const page = await browser.newPage();
    await page.goto(`${dashboard.origin}/projects/acme-web/report`, { waitUntil: "domcontentloaded" });
    await page.emulateMedia({ media: "print" });
    for (const hidden of [".top", ".foot", ".filters", ".crumb"]) {
      equal(await page.locator(hidden).first().isVisible(), false, hidden);
    }
    equal(await page.locator("h1").isVisible(), true);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    match(new TextDecoder("latin1").decode(pdf.subarray(0, 5)), /^%PDF-/);
    ok(pdf.length > 10_000);
  });
});

Deno.test("a keyboard reaches the content first, and every link is seen when it has the focus", async () => {
  await withDashboard(async ({ browser, dashboard }) => {
    const page = await browser.newPage();
    await page.goto(dashboard.origin, { waitUntil: "domcontentloaded" });
    await page.keyboard.press("Tab");
    equal(await page.locator(":focus").innerText(), "Skip to content");
    await page.keyboard.press("Enter");
    await until("the focus in the content", async () => {
      await page.keyboard.press("Tab");
      return await page.locator("main :focus").count() === 1 ? true : null;
    });
    const style = await page.evaluate<string>("getComputedStyle(document.activeElement).outlineStyle");
    equal(style, "solid");
  });
});

Deno.test("a call through the running meter shows up on the page that its daemon serves, also after the daemon was killed and started again", async () => {
  const provider = await startProvider({
    host: "api.anthropic.com",
    answer: () => eventStream(anthropicEvents(crypto.randomUUID()), 0),
  });
  const browser = await startBrowser();
  try {
    await withMeter({ providers: [provider] }, async (meter) => {
      const origin = await until("the address of the API", async () => {
        const { components } = JSON.parse((await meter.command(["status", "--json"])).stdout);
        const api = components.find((one: { component: string }) => one.component === "api");
        return /^127\.0\.0\.1:\d+$/.test(api?.detail) ? `http://${api.detail}` : null;
      });
      const page = await browser.newPage();
      const faults = faultsOf(page);
      await page.goto(`${origin}/requests`, { waitUntil: "domcontentloaded" });
      await page.getByText("Nothing recorded yet").waitFor();
      await page.locator(".dot.on").waitFor();
      await oneCall(meter.edgePort, [await Deno.readTextFile(meter.caFile)]);
      await page.locator("tbody tr").first().waitFor();
      await page.locator("tbody tr a").first().click();
      await page.getByRole("heading", { name: "Response" }).waitFor();
      await page.goto(`${origin}/projects`, { waitUntil: "domcontentloaded" });
      await page.locator("tbody th a").first().click();
      await page.getByRole("button", { name: "Off", exact: true }).click();
      await page.locator('button[aria-pressed="true"]', { hasText: "Off" }).waitFor();
      await page.goto(`${origin}/status`, { waitUntil: "domcontentloaded" });
      equal(await page.locator(".tag.ok", { hasText: "running" }).count() >= 3, true);
      await page.goto(`${origin}/privacy`, { waitUntil: "domcontentloaded" });
      equal(await page.locator(".tag.ok", { hasText: "holds" }).count(), 3, await page.locator("main").innerText());
      match(
        await page.getByRole("region", { name: "Outbound connections by role" }).innerText(),
        /api\.anthropic\.com|127\.0\.0\.1:/,
      );
      deepEqual(faults, []);
      await page.goto(`${origin}/requests`, { waitUntil: "domcontentloaded" });
      await page.locator(".dot.on").waitFor();
      await page.evaluate(() => Object.assign(globalThis, { notReloaded: true }));
      // The port of the first start, as a configured one would be.
      const config = `${meter.home}/config.toml`;
      const settings = await Deno.readTextFile(config);
      await Deno.writeTextFile(config, settings.replace("api_port = 0", `api_port = ${new URL(origin).port}`));
      meter.daemon?.kill("SIGKILL");
      await page.locator("#offline:visible").waitFor();
      await meter.startDaemon();
      await page.locator("#offline").waitFor({ state: "hidden" });
      await page.locator(".dot.on").waitFor();
      // Until the edge has seen the new interceptor it tunnels, to a provider whose certificate the client does not trust.
      const ca = await Deno.readTextFile(meter.caFile);
      const before = await page.locator("tbody tr").count();
      await until("a metered call", () => oneCall(meter.edgePort, [ca]).then(() => true, () => null));
      await until("its row on the page", async () => await page.locator("tbody tr").count() > before || null);
      equal(await page.evaluate(() => "notReloaded" in globalThis), true);
      await page.close();
    });
  } finally {
    await browser.close();
    await provider.stop();
  }
});
