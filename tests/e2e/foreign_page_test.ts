/**
 * Pages of other origins in a real browser, trying everything that a page can do to a port of this machine: they must learn
 * nothing and change nothing. And a name that was made to resolve here (DNS rebinding).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { defaultConfig } from "../../src/domain/config.ts";
import { startApi } from "../../src/roles/api.ts";
import { openForWriting } from "../../src/store/database.ts";
import { row, write } from "../store/sample.ts";
import { startBrowser } from "./support/browser.ts";

const EVIL = "evil.test";

interface World {
  readonly browser: Browser;
  readonly apiPort: number;
  /** A server of the attacker's, reachable as 127.0.0.1, localhost and evil.test. */
  readonly evilPort: number;
  /** What the API asked other roles to do. */
  readonly asked: unknown[];
}

/** The API role over a database with one call, an attacker's server, and a browser in which a name of theirs resolves here. */
async function withWorld(test: (world: World) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hm-foreign-" });
  const db = openForWriting(`${folder}/db.sqlite`, { now: Date.now() });
  write(db, [row({ model: "a-secret-model", requestedAt: Date.now() })]);
  const asked: unknown[] = [];
  const api = startApi({
    database: `${folder}/db.sqlite`,
    ports: [0],
    config: defaultConfig(),
    version: "test",
    ask: (id, ask) => {
      if (ask.kind === "price") asked.push(ask);
      api.answer({ kind: "refused", id, code: "failed", message: "Not here", hint: null });
    },
  });
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => {
    asked.push(data);
    port1.postMessage({ kind: "done", id: data.id });
  };
  api.connectRecorder(port2);
  const evil = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<!DOCTYPE html><title>evil</title><body></body>", { headers: { "content-type": "text/html" } }),
  );
  const browser = await startBrowser([EVIL]);
  try {
    await test({ browser, apiPort: api.port, evilPort: evil.addr.port, asked });
  } finally {
    await browser.close();
    await evil.shutdown();
    api.stop();
    port1.close();
    db.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs in the page. Gives a line for each attempt: what the page came to know. */
const ATTEMPTS = `async (api) => {
  const paths = ["/", "/health", "/v1/stats", "/v1/requests", "/v1/projects/demo", "/metrics", "/openapi.json", "/assets/app.js",
    "/assets/app.css", "/assets/icon.svg", "/v1/projects/demo/requests.csv", "/v1/events", "/proxy.pac", "/nothing"];
  const learned = [];
  const note = (what, found) => learned.push(what + ": " + found);
  const change = JSON.stringify({ name: "owned", body_capture: "on" });
  const element = (tag, set) => new Promise((resolve) => {
    const made = document.createElement(tag);
    made.onload = () => resolve("loaded");
    made.onerror = () => resolve("refused");
    set(made);
    document.body.append(made);
    setTimeout(() => resolve("refused"), 4000);
  });
  for (const path of paths) {
    for (const mode of ["cors", "no-cors"]) {
      for (const credentials of ["omit", "include"]) {
        const found = await fetch(api + path, { mode, credentials }).then(
          async (answer) => answer.type + " " + answer.status + " " + (await answer.text()).length, () => "refused");
        note("fetch " + mode + " " + path, found);
      }
    }
    note("script " + path, await element("script", (made) => { made.src = api + path; }));
    note("picture " + path, await element("img", (made) => { made.src = api + path; }));
    note("style " + path, await element("link", (made) => { made.rel = "stylesheet"; made.href = api + path; }));
    const frame = document.createElement("iframe");
    frame.src = api + path;
    document.body.append(frame);
    await new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 1500); });
    let inside = "nothing";
    try { inside = frame.contentDocument === null ? "nothing" : frame.contentDocument.body.innerText || "nothing"; } catch { /* As it should be. */ }
    note("frame " + path, inside);
  }
  for (const [method, type] of [["POST", "text/plain"], ["POST", "application/json"], ["PATCH", "application/json"],
    ["PUT", "application/json"], ["DELETE", "text/plain"], ["PATCH", "text/plain"]]) {
    for (const path of ["/v1/projects/demo", "/v1/pricing-rates"]) {
      for (const mode of ["cors", "no-cors"]) {
        const found = await fetch(api + path, { method, mode, body: change, headers: { "content-type": type } }).then(
          (answer) => answer.type + " " + answer.status, () => "refused");
        note(method + " " + type + " " + mode + " " + path, found);
      }
    }
  }
  for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    const frame = document.createElement("iframe");
    frame.name = "target-" + enctype;
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: api + "/v1/projects/demo", enctype, target: frame.name });
    const field = document.createElement("input");
    field.name = '{"name":"owned","x":"';
    field.value = '"}';
    form.append(field);
    document.body.append(frame, form);
    form.submit();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  navigator.sendBeacon(api + "/v1/projects/demo", new Blob([change], { type: "text/plain" }));
  note("WebSocket", await new Promise((resolve) => {
    const socket = new WebSocket(api.replace("http", "ws") + "/v1/events");
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
  }));
  note("EventSource", await new Promise((resolve) => {
    const source = new EventSource(api + "/v1/events");
    source.onopen = () => resolve("open");
    source.onerror = () => { source.close(); resolve("refused"); };
  }));
  await new Promise((resolve) => setTimeout(resolve, 300));
  return learned;
}`;

async function attack(page: Page, api: string): Promise<string[]> {
  return await page.evaluate<string[]>(`(${ATTEMPTS})(${JSON.stringify(api)})`);
}

/** What a page may come to know of an attempt: nothing, and in `no-cors` mode that something answered. */
const HARMLESS = /: (?:refused|nothing|opaque 0(?: 0)?)$/;

Deno.test("a page of another origin learns nothing of the API and changes nothing, whatever it tries", async () => {
  await withWorld(async ({ browser, apiPort, evilPort, asked }) => {
    for (const [evil, api] of [[`${EVIL}:${evilPort}`, "127.0.0.1"], [`localhost:${evilPort}`, "localhost"]]) {
      const page = await browser.newPage();
      await page.goto(`http://${evil}/`);
      const learned = await attack(page, `http://${api}:${apiPort}`);
      equal(learned.length > 100, true);
      deepEqual(learned.filter((line) => !HARMLESS.test(line)), [], evil);
      deepEqual(asked, [], evil);
      await page.close();
    }
  });
});

Deno.test("a page whose name was made to resolve here gets 421 for everything, and changes nothing", async () => {
  await withWorld(async ({ browser, apiPort, evilPort, asked }) => {
    // The answers forbid their own page every connection; an attacker's page, shown before the name changed, does not.
    const context = await browser.newContext({ bypassCSP: true });
    const page = await context.newPage();
    // The page is the attacker's; then its name leads to the API: the same origin but for the port, which rebinding keeps.
    const seen: number[] = [];
    page.on("response", (response) => {
      if (new URL(response.url()).port === String(apiPort)) seen.push(response.status());
    });
    const response = await page.goto(`http://${EVIL}:${apiPort}/`);
    equal(response?.status(), 421);
    match(await page.locator("body").innerText(), /loopback names only/);
    const answers = await page.evaluate<number[]>(
      `Promise.all(["/v1/stats", "/v1/requests", "/", "/metrics", "/v1/events"].map(
      (path) => fetch(path).then((answer) => answer.status)))`,
    );
    deepEqual(answers, [421, 421, 421, 421, 421]);
    const changed = await page.evaluate<number>(`fetch("/v1/projects/demo", { method: "PATCH",
      headers: { "content-type": "application/json" }, body: '{"name":"owned"}' }).then((answer) => answer.status)`);
    equal(changed, 421);
    await page.goto(`http://${EVIL}:${evilPort}/`);
    await attack(page, `http://${EVIL}:${apiPort}`);
    deepEqual(seen.filter((status) => status !== 421), []);
    deepEqual(asked, []);
    await context.close();
  });
});

Deno.test("the attempts would show what a page can learn: against its own origin they do", async () => {
  await withWorld(async ({ browser, evilPort }) => {
    const page = await browser.newPage();
    await page.goto(`http://${EVIL}:${evilPort}/`);
    const learned = (await attack(page, `http://${EVIL}:${evilPort}`)).filter((line) => !HARMLESS.test(line));
    equal(learned.length > 50, true);
  });
});

Deno.test("a person who follows a link from another page gets the dashboard, which that page cannot reach into", async () => {
  await withWorld(async ({ browser, apiPort, evilPort }) => {
    const page = await browser.newPage();
    await page.goto(`http://${EVIL}:${evilPort}/`);
    const [opened] = await Promise.all([
      page.waitForEvent("popup"),
      page.evaluate(`globalThis.opened = window.open("http://127.0.0.1:${apiPort}/requests")`),
    ]);
    await opened.getByText("a-secret-model").first().waitFor();
    equal(await opened.evaluate("window.opener === null"), true);
    const reached = await page.evaluate<string>(`(() => {
      try { return String(globalThis.opened.document?.body.innerText ?? "nothing"); } catch { return "nothing"; }
    })()`);
    equal(reached, "nothing");
  });
});
