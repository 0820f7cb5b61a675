/** The dashboard in a real browser: what people do with it, and every page in both themes and two widths. */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { Page } from "playwright-core";
import { faultsOf, startBrowser } from "../e2e/support/browser.ts";
import { postgresTest, startCluster } from "./support/postgres.ts";
import {
  createPaired,
  envelope,
  linkIn,
  onPostgres,
  PASSPHRASE,
  row,
  runTeam,
  send,
  startTeam,
} from "./support/server.ts";

const AXE = await Deno.readTextFile(new URL(import.meta.resolve("axe-core/axe.min.js")));

/** What sticks out of the window, tables left out, which are scrolled in frames of their own. */
const WIDER = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return "";
  const wide = [...document.querySelectorAll("body *")].filter((element) =>
    element.getBoundingClientRect().right > clientWidth && element.closest(".scroll table") === null
  );
  return scrollWidth + " " + wide.map((element) => element.tagName + " " + element.className).join(", ");
})()`;

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

async function choosePassphrase(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Passphrase, at least").fill(PASSPHRASE);
  await page.getByLabel("The same again").fill(PASSPHRASE);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Totals" }).waitFor();
}

/** Presses a button and waits for the page that it leads to. */
async function press(page: Page, name: string): Promise<void> {
  const loaded = page.waitForEvent("load");
  await page.getByRole("button", { name }).click();
  await loaded;
}

postgresTest("people join, sign in, approve a machine and manage the workspace in a browser", async () => {
  const cluster = await startCluster();
  const place = onPostgres(await cluster.database());
  equal((await runTeam(["migrate"], place)).code, 0);
  const server = await startTeam(place);
  const browser = await startBrowser();
  try {
    const { base } = server;
    const page = await browser.newPage();
    const faults = faultsOf(page);
    const { out } = await runTeam(["workspace", "create", "acme", "--name", "Acme"], place);
    await page.goto(base + linkIn(out));
    await choosePassphrase(page, "Ada Owner");
    match(await page.locator("main").innerText(), /halton-meter cloud connect/, "an empty workspace says what to do");

    const { json: { code, poll_token } } = await send(base, "/v1/pairing/start", {
      machine_id: crypto.randomUUID(),
      hostname: "ada-laptop",
      version: "0.1.0",
    });
    await page.goto(`${base}/connect?code=${code}`);
    match(await page.locator("main").innerText(), /ada-laptop/);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("The machine is connected").waitFor();
    equal((await send(base, "/v1/pairing/poll", { code, poll_token })).json["status"], "approved");

    await page.goto(`${base}/settings`);
    await page.getByLabel("Keep requests, days").fill("30");
    await press(page, "Save");
    equal(await page.getByLabel("Keep requests, days").inputValue(), "30");
    await page.getByRole("button", { name: "Make a token" }).click();
    match(await page.locator(".code").innerText(), /^hm_sync_/);

    await page.goto(`${base}/members`);
    await page.getByRole("button", { name: "Make a link" }).click();
    const invited = linkIn(await page.locator(".code").innerText());
    const guest = await (await browser.newContext()).newPage();
    await guest.goto(base + invited);
    await choosePassphrase(guest, "Mia Member");
    await page.goto(`${base}/members`);
    await press(page, "Remove Mia Member");
    equal(await page.getByText("Mia Member").count(), 0);
    await guest.goto(`${base}/devices`);
    match(guest.url(), /\/sign-in\?next=%2Fdevices$/);

    await page.getByRole("link", { name: /^Sign out/ }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Workspace").fill("acme");
    await page.getByLabel("Name", { exact: true }).fill("Ada Owner");
    await page.getByLabel("Passphrase").fill(PASSPHRASE);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Totals" }).waitFor();
    deepEqual(faults, []);
  } finally {
    await browser.close();
    await server.stop();
    await cluster.stop();
  }
});

postgresTest("every page is sound, accessible and fits, in both themes and two widths", async () => {
  const cluster = await startCluster();
  const place = onPostgres(await cluster.database());
  equal((await runTeam(["migrate"], place)).code, 0);
  const server = await startTeam(place);
  const browser = await startBrowser();
  try {
    const { base } = server;
    const { owner, token, machineId } = await createPaired(server, place, "acme", "Acme & Sons of Nowhere Ltd");
    const days = { retention_days: "365", body_retention_days: "90", audit_retention_days: "365" };
    await owner.submit("/settings", "/settings", { ...days, store_prompt_content: "on" });
    const rows = ["acme/site", "a/very-long-project-name-of-the-whole-platform-team", null].map((project, i) =>
      row({ project, model: ["claude-opus-5", "no-such-model", null][i], timestamp: new Date(Date.now() - i * 1e8) })
    );
    await send(base, "/v1/requests/batch", { schema: 1, machine_id: machineId, rows }, token);
    const id = String(rows[0]?.["request_id"]);
    await send(
      base,
      `/v1/requests/${id}/body`,
      envelope(id, "request", `${"word ".repeat(99)}${"x".repeat(999)}`),
      token,
    );
    const link = linkIn((await owner.submit("/members", "/members/invite", { role: "admin" })).text);
    const { json: { code } } = await send(base, "/v1/pairing/start", { machine_id: crypto.randomUUID(), version: "1" });
    const [name = "", value = ""] = owner.cookie.split("=");
    const paths = ["/", "/?days=7", "/requests", `/requests/${id}`, "/devices", "/members", "/settings", "/audit"];
    const forms = ["/connect", `/connect?code=${code}`, "/sign-out", "/sign-in", link];
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({ colorScheme });
      await context.addCookies([{ name, value, url: base }]);
      const page = await context.newPage();
      const faults = faultsOf(page);
      for (const width of [390, 1600]) {
        await page.setViewportSize({ width, height: 900 });
        for (const path of [...paths, ...forms]) {
          const where = `${path} ${colorScheme} ${width}`;
          equal((await page.goto(base + path))?.status(), 200, where);
          equal(await page.evaluate<string>(WIDER), "", where);
          deepEqual(await seriousFindings(page), [], where);
        }
      }
      await page.goto(`${base}/members`);
      await page.keyboard.press("Tab");
      equal(await page.evaluate("document.activeElement?.textContent"), "Skip to content");
      deepEqual(faults, []);
      await context.close();
    }
    ok((await owner.get("/")).text.includes("$0.056000"));
  } finally {
    await browser.close();
    await server.stop();
    await cluster.stop();
  }
});
