import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { createApi } from "../../../src/api/app.ts";
import { isTrouble } from "../../../src/api/pages/health.tsx";
import { filtersIn } from "../../../src/api/pages/requests.tsx";
import { MeterError } from "../../../src/domain/errors.ts";
import type { Database } from "../../../src/store/database.ts";
import type { ExchangeRow } from "../../../src/domain/exchange.ts";
import { body, row, withDatabase, write, writerOf } from "../../store/sample.ts";
import type { PrivacyFacts } from "../../../src/domain/privacy.ts";
import { depsOf, PRIVACY } from "./deps.ts";
import { type SeededIds, seedMonth } from "./seed.ts";

type Get = (path: string) => Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }>;

function getter(db: () => Database, changes: Parameters<typeof depsOf>[1] = {}): Get {
  const api = createApi(depsOf(db, changes));
  return async (path) => {
    const response = await api.request(path, { headers: { host: "127.0.0.1:8765" } });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
}

async function withPages(test: (get: Get, ids: SeededIds) => Promise<void>): Promise<void> {
  await withDatabase(async (db) => {
    const ids = seedMonth(db, { now: Date.now(), calls: 600 });
    await test(getter(() => db), ids);
  });
}

function pathsOf(ids: SeededIds): string[] {
  const calls = [ids.plain, ids.tools, ids.cut, ids.hostile].map((id) => `/requests/${id}`);
  const lists = ["/requests", "/requests?show=incomplete", "/requests?show=unpriced", "/requests?status=error"];
  const projects = ["/projects", "/projects/acme-web", "/projects/acme-web?days=90", "/projects/acme-web/report"];
  return ["/", "/?chart=all", ...lists, ...projects, ...calls, "/pricing", "/privacy", "/status"];
}

Deno.test("pageRoutes() serves pages that hold no inline script and no inline style", async () => {
  await withPages(async (get, ids) => {
    for (const path of pathsOf(ids)) {
      const { status, text, headers } = await get(path);
      equal(status, 200, path);
      match(text, /^<!DOCTYPE html><html lang="en">/);
      match(headers.get("content-security-policy") ?? "", /default-src 'none'; script-src 'self'/);
      deepEqual([...text.matchAll(/<script(?! src="\/assets\/app\.js"><\/script>)|<style/g)], [], path);
      equal(/<[^>]*\s(?:style|on\w+)=/.test(text.replaceAll(/="[^"]*"/g, '=""')), false, path);
      equal(/\b(?:NaN|undefined|\[object)\b/.test(text), false, path);
    }
  });
});

Deno.test("pageRoutes() links to nothing that is not there", async () => {
  await withPages(async (get, ids) => {
    const links = new Set<string>();
    for (const path of pathsOf(ids)) {
      for (const [, href = ""] of (await get(path)).text.matchAll(/\s(?:href|src)="([^"#]+)"/g)) {
        ok(href.startsWith("/") && !href.startsWith("//"), `${path}: ${href}`);
        links.add(href.replaceAll("&amp;", "&"));
      }
    }
    ok(links.size > 100);
    for (const href of links) equal((await get(href)).status, 200, href);
  });
});

Deno.test("figures of the overview lead to exactly the calls behind them", async () => {
  await withPages(async (get) => {
    const { text } = await get("/");
    const failed = /href="([^"]+)">(\d+)\u202f?(\d*) calls? failed/.exec(text);
    const list = await get((failed?.[1] ?? "").replaceAll("&amp;", "&"));
    match(list.text, new RegExp(`${failed?.[2]}${failed?.[3]} calls?, newest first`));
    for (const show of ["unpriced", "incomplete"]) {
      const found = new RegExp(`href="([^"]*show=${show}[^"]*)">(\\d+) calls? ${show}`).exec(text);
      const rows = (await get((found?.[1] ?? "").replaceAll("&amp;", "&"))).text.match(/class="nowrap c-when"/g);
      equal(rows?.length, Math.min(50, Number(found?.[2])), show);
    }
  });
});

Deno.test("figures by project and model lead to the calls of the same days, of providers not known here too", async () => {
  await withDatabase(async (db) => {
    const now = Date.now();
    const mystery = { provider: "mystery" as ExchangeRow["provider"], model: "m".repeat(600) };
    write(
      db,
      [0, 1, 100].flatMap((days) => [
        row({ requestedAt: now - days * 86_400_000 }),
        row({ requestedAt: now - days * 86_400_000, ...mystery }),
      ]),
    );
    const get = getter(() => db);
    const { text } = await get("/");
    const links = [...text.matchAll(/<td class="num"><a href="([^"]+)">(\d+)<\/a>/g)];
    deepEqual(links.map(([, , calls]) => calls), ["4", "2", "2"]);
    for (const [, href = "", calls] of links) {
      match((await get(href.replaceAll("&amp;", "&"))).text, new RegExp(`>${calls} calls, newest first<`), href);
    }
    const clients = /<td class="num"[^>]*><a href="([^"]*q=claude-cli[^"]*)">4<\/a>/.exec(
      (await get("/projects/demo")).text,
    );
    const { text: rows } = await get((clients?.[1] ?? "").replaceAll("&amp;", "&"));
    equal(rows.match(/class="nowrap c-when"/g)?.length, 4);
  });
});

Deno.test("a body nested too deep to be laid out is shown as it is", async () => {
  await withDatabase(async (db) => {
    const depth = 60_000;
    const nested = (open: string, close: string) => `${open.repeat(depth)}[]${close.repeat(depth)}`;
    const blocks = nested('[{"type":"tool_result","content":', "}]");
    const texts = [
      nested("[", "]"),
      `{"messages":[{"role":"user","content":${blocks}}]}`,
      `{"messages":[{"role":"assistant","content":[{"type":"tool_use","name":"n","input":${nested("[", "]")}}]}]}`,
    ];
    const writer = writerOf(db);
    const ids = texts.map((text) => {
      const call = row();
      writer.record(call, [body({ text }), body({ direction: "response", text })]);
      return call.id;
    });
    writer.flush();
    const get = getter(() => db);
    for (const id of ids) {
      const page = await get(`/requests/${id}`);
      equal(page.status, 200);
      match(page.text, /Raw text/);
    }
  });
});

Deno.test("hostile bodies and names stay text in every page", async () => {
  await withPages(async (get, ids) => {
    for (const path of [`/requests/${ids.hostile}`, "/requests", "/", "/projects/acme-web"]) {
      const { text } = await get(path);
      equal(/<img|<svg onload|<script>/.test(text), false, path);
      equal(/[\u202a-\u202e\u2066-\u2069\u{e0041}]/u.test(text), false, path);
    }
    const { text } = await get(`/requests/${ids.hostile}`);
    match(text, /&lt;script&gt;globalThis\.broken/);
    match(text, /class="control"[^>]*>U\+202E</);
    match(text, /<mark class="redacted"/);
    for (const q of ['"><script>alert(1)</script>', "'; DROP TABLE requests; --", "%", "\u202e"]) {
      const found = await get(`/requests?q=${encodeURIComponent(q)}&model=${encodeURIComponent(q)}`);
      equal(found.status, 200);
      equal(found.text.includes("<script>alert"), false);
    }
  });
});

Deno.test("a body that was cut is said to be cut", async () => {
  await withPages(async (get, ids) => {
    match((await get(`/requests/${ids.cut}`)).text, /Cut: the first \d+.B of 1\.8.MB are stored/);
    equal((await get(`/requests/${ids.plain}`)).text.includes("Cut: "), false);
  });
});

Deno.test("pageRoutes() answers 404 for what is not there, and 400 for a cursor of another list", async () => {
  await withPages(async (get) => {
    for (const path of ["/projects/nobody", "/projects/nobody/report", "/requests/no-such-call"]) {
      const { status, text } = await get(path);
      equal(status, 404, path);
      match(text, /There is nothing here/);
    }
    const bad = await get("/requests?cursor=abc");
    equal(bad.status, 400);
    match(bad.text, /Start again without a cursor/);
  });
});

Deno.test("the list of calls goes on, page by page, to the oldest call and no further", async () => {
  await withPages(async (get) => {
    for (const start of ["/requests?project=acme-web", "/requests?show=unpriced"]) {
      const seen = new Set<string>();
      let next: string | null = start;
      while (next !== null) {
        const { text } = await get(next);
        for (const [, id = ""] of text.matchAll(/href="\/requests\/([0-9a-f-]{36})"/g)) {
          equal(seen.has(id), false);
          seen.add(id);
        }
        next = /class="push" rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&") ?? null;
      }
      const total = /(\d+) calls, newest first/.exec((await get(start)).text)?.[1];
      if (total !== undefined) equal(seen.size, Number(total));
      ok(seen.size > 5, start);
    }
  });
});

Deno.test("pages without any call, and without a daemon that answers, say what to do", async () => {
  await withDatabase(async (db) => {
    const status = () => Promise.reject(new MeterError("daemon_not_running", "The supervisor does not answer"));
    const get = getter(() => db, { status });
    for (const path of ["/", "/projects", "/requests", "/pricing?q=no-such-model", "/status"]) {
      const { status: code, text } = await get(path);
      equal(code, 200, path);
      match(text, /<pre class="command">halton-meter /, path);
    }
    const privacy = (await getter(() => db, { status, privacy: status })("/privacy")).text;
    equal(privacy.match(/<span class="tag warn">not known<\/span>/g)?.length, 3);
    match(privacy, /The supervisor does not answer; halton-meter status tells more/);
  });
});

Deno.test("the privacy page judges what the supervisor found, and shows where each role has connected to", async () => {
  await withDatabase(async (db) => {
    const page = async (changes: Partial<PrivacyFacts>) =>
      (await getter(() => db, { privacy: () => Promise.resolve({ ...PRIVACY, ...changes }) })("/privacy")).text;
    const good = await page({});
    equal(good.match(/<span class="tag ok">holds<\/span>/g)?.length, 3);
    for (
      const shown of [
        "127.0.0.1:8765",
        "api.anthropic.com:443",
        "37 other hosts",
        "drwx------",
        "refuses it every socket",
        "ls -ld /home/ada/.mitmproxy /home/ada/.mitmproxy/mitmproxy-ca.pem",
      ]
    ) {
      ok(good.includes(shown), shown);
    }
    match(await page({ listening: ["127.0.0.1", "*"] }), /does not hold.*port 8765 is also open on \*/s);
    match(
      await page({ keyModes: { ...PRIVACY.keyModes, keyMode: 0o644 } }),
      /does not hold.*-rw-r--r--.*doctor --fix --apply/s,
    );
    const moved = { ...PRIVACY.keyModes, folder: "/home/ada/it's here", key: "/home/ada/it's here/k.pem" };
    ok((await page({ keyModes: moved })).includes("ls -ld &#39;/home/ada/it&#39;\\&#39;&#39;s here&#39; "));
    const stray = PRIVACY.outbound.map((role) => {
      return role.role === "edge" ? { ...role, role: "interceptor" } : role; // A host that a client named.
    });
    match(await page({ outbound: stray }), /does not hold.*interceptor → a host that a client named/s);
    match(await page({ listening: null }), /not known.*Install lsof/s);
  });
});

Deno.test("a database that cannot be read gives 503 and a sentence, and nothing of the error", async () => {
  const missing = getter(() => {
    throw new MeterError("database_unusable", "Cannot open the database: there is none", { hint: "Make a call first" });
  });
  const locked = getter(() => {
    throw Object.assign(new Error("secret detail"), { errcode: 5 });
  });
  const broken = getter(() => {
    throw new Error("secret detail");
  });
  match((await missing("/")).text, /Cannot open the database: there is none.*Make a call first/s);
  deepEqual([await missing("/"), await locked("/requests"), await broken("/")].map(({ status }) => status), [
    503,
    503,
    500,
  ]);
  equal((await locked("/")).text.includes("secret"), false);
  equal((await broken("/projects")).text.includes("secret"), false);
});

Deno.test("filtersIn() drops what makes no sense", () => {
  const found = filtersIn({ provider: " ", status: "odd", show: "all", from: "2026-13-01", q: "  ", model: " m " });
  deepEqual(Object.entries(found).filter(([, value]) => value !== undefined), [["model", "m"]]);
});

Deno.test("isTrouble() tells counters of errors from those of work", () => {
  const trouble = [
    "accept_failed",
    "rows_dropped",
    "exchangesGivenUp",
    "opaqueConnections",
    "refused_control_messages",
  ];
  deepEqual(trouble.filter((name) => !isTrouble(name)), []);
  deepEqual(["connections", "rows_written", "exchanges", "requests", "sweeps"].filter(isTrouble), []);
});

Deno.test("assets are served by their type", async () => {
  await withDatabase(async (db) => {
    const get = getter(() => db);
    match((await get("/assets/app.css")).headers.get("content-type") ?? "", /^text\/css/);
    match((await get("/assets/app.js")).headers.get("content-type") ?? "", /^text\/javascript/);
    match((await get("/assets/icon.svg")).headers.get("content-type") ?? "", /^image\/svg/);
    equal((await get("/assets/app.css.map")).status, 404);
  });
});
