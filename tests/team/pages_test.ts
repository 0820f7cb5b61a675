/** The dashboard at a browser without scripts: joining, signing in, forms of other sites, roles, settings. */

import { match, notStrictEqual as notEqual, ok, strictEqual as equal } from "node:assert/strict";
import { postgresTest } from "./support/postgres.ts";
import {
  createPaired,
  endServed,
  join,
  linkIn,
  type Paired,
  pairMachine,
  PASSPHRASE,
  Person,
  row,
  runTeam,
  send,
  type Served,
  serveTeam,
  startTeam,
} from "./support/server.ts";

interface Stage extends Served {
  readonly paired: Paired;
}

let stage: Stage | null = null;

async function onStage(): Promise<Stage> {
  if (stage !== null) return stage;
  const served = await serveTeam();
  stage = { ...served, paired: await createPaired(served.server, served.place, "acme", "Acme <& Sons>") };
  return stage;
}

Deno.test.afterAll(() => endServed(stage));

postgresTest("pages escape what people chose, run no script, and are kept by no cache", async () => {
  const { paired } = await onStage();
  const { text, headers } = await paired.owner.get("/");
  ok(text.includes("Acme &lt;&amp; Sons&gt;"));
  equal(/<script|style=|\son\w+=/.test(text), false);
  match(headers.get("content-security-policy") ?? "", /^default-src 'none'; style-src 'self'/);
  equal(headers.get("cache-control"), "no-store");
  equal(headers.get("x-frame-options"), "DENY");
  equal((await paired.owner.get("/assets/team.css")).status, 200);
});

postgresTest(
  "totals show what was sent, by member, project, model and day, and what has no price apart from the sum",
  async () => {
    const { paired, server } = await onStage();
    const rows = [row(), row({ model: "no-such-model" }), row({ duplicate_of: crypto.randomUUID() })];
    await send(server.base, "/v1/requests/batch", { schema: 1, machine_id: paired.machineId, rows }, paired.token);
    const { text } = await paired.owner.get("/?days=7");
    for (
      const part of [
        "$0.056000",
        "2 requests in 7 days",
        "1 of them have no known price",
        "Olga Owner",
        "acme/site",
        "claude-opus-5",
      ]
    ) {
      ok(text.includes(part), part);
    }
    ok((await paired.owner.get("/requests")).text.includes("unknown model"));
  },
);

postgresTest(
  "signing in sets a cookie that scripts and other sites cannot use, and signing out ends the session",
  async () => {
    const { server: { base }, place } = await onStage();
    const person = new Person(base);
    const fields = { workspace: "acme", name: "olga owner", passphrase: PASSPHRASE, next: "/devices" };
    const entered = await person.post("/sign-in", fields);
    equal(entered.status, 303);
    equal(entered.headers.get("location"), "/devices");
    match(
      entered.headers.get("set-cookie") ?? "",
      /^hm_session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const cookie = person.cookie;
    equal((await person.submit("/sign-out", "/sign-out", {})).status, 303);
    const response = await fetch(`${base}/devices`, { headers: { cookie }, redirect: "manual" });
    await response.body?.cancel();
    equal(response.status, 303, "the former cookie opens nothing");

    const secure = await startTeam(place, { HALTON_METER_PUBLIC_URL: "https://meter.example.com" });
    try {
      const tls = await new Person(secure.base).post("/sign-in", fields, { origin: "https://meter.example.com" });
      match(
        tls.headers.get("set-cookie") ?? "",
        /^__Host-hm_session=[\w-]{43}; .*Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      match(tls.headers.get("strict-transport-security") ?? "", /max-age=\d+/);
      equal((await new Person(secure.base).post("/sign-in", fields)).status, 403, "a form of the plain address");
    } finally {
      await secure.stop();
    }
  },
);

postgresTest("signing in leads only to pages of this site", async () => {
  const { server: { base } } = await onStage();
  for (const next of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]) {
    const entered = await new Person(base).post("/sign-in", {
      workspace: "acme",
      name: "Olga Owner",
      passphrase: PASSPHRASE,
      next,
    });
    equal(entered.headers.get("location"), "/", next);
  }
});

postgresTest("a form needs our Origin, and the token of its session", async () => {
  const { server: { base }, paired, place } = await onStage();
  const token = /name="form_token" value="([^"]+)"/.exec((await paired.owner.get("/settings")).text)?.[1] ?? "";
  const other = await createPaired(stage?.server ?? await startTeam(place), place, "others");
  const foreign = /name="form_token" value="([^"]+)"/.exec((await other.owner.get("/settings")).text)?.[1] ?? "";
  notEqual(token, foreign);
  const refused: [Record<string, string>, Record<string, string>][] = [
    [{ form_token: token }, {}],
    [{ form_token: token }, { origin: "null" }],
    [{ form_token: token }, { origin: "https://evil.example" }],
    [{}, { origin: base }],
    [{ form_token: foreign }, { origin: base }],
  ];
  for (const [fields, headers] of refused) {
    for (const path of ["/settings/tokens", "/settings", "/members/invite", "/sign-out", "/connect"]) {
      equal(
        (await paired.owner.post(path, { ...fields, role: "owner" }, headers)).status,
        403,
        `${path} ${JSON.stringify(headers)}`,
      );
    }
  }
  equal((await paired.owner.get("/settings")).status, 200, "still signed in");
});

postgresTest("wrong passphrases are counted: after ten the right one does not help either", async () => {
  const { server: { base }, paired } = await onStage();
  const invited = await paired.owner.submit("/members", "/members/invite", { role: "member" });
  await join(base, linkIn(invited.text), "Gus Guessed");
  const attempt = (passphrase: string) =>
    new Person(base).post("/sign-in", { workspace: "acme", name: "Gus Guessed", passphrase });
  for (let i = 0; i < 10; i++) equal((await attempt(`wrong passphrase ${i}`)).status, 401);
  const refused = await attempt(PASSPHRASE);
  equal(refused.status, 429);
  match(refused.headers.get("retry-after") ?? "", /^\d+$/);
});

postgresTest("right passphrases use nothing up", async () => {
  const { server: { base }, paired } = await onStage();
  const invited = await paired.owner.submit("/members", "/members/invite", { role: "member" });
  await join(base, linkIn(invited.text), "Ria Right");
  const fields = { workspace: "acme", name: "Ria Right", passphrase: PASSPHRASE };
  for (let i = 0; i < 12; i++) equal((await new Person(base).post("/sign-in", fields)).status, 303);
});

postgresTest("a wrong name and a wrong passphrase get the same page", async () => {
  const { server: { base } } = await onStage();
  const nobody = await new Person(base).post("/sign-in", {
    workspace: "nowhere",
    name: "Nobody",
    passphrase: PASSPHRASE,
  });
  const wrong = await new Person(base).post("/sign-in", {
    workspace: "acme",
    name: "Olga Owner",
    passphrase: "wrong passphrase",
  });
  equal(nobody.status, 401);
  equal(nobody.text, wrong.text);
});

postgresTest("an invite works once, checks name and passphrase, and makes the role that it says", async () => {
  const { server: { base }, paired } = await onStage();
  const link = linkIn((await paired.owner.submit("/members", "/members/invite", { role: "admin" })).text);
  equal((await new Person(base).get(link)).status, 200);
  const use = (name: string, passphrase: string, again = passphrase) =>
    new Person(base).post(link, { name, passphrase, again });
  equal((await use("Ann Admin", "too short")).status, 400);
  equal((await use("Ann Admin", PASSPHRASE, "another passphrase")).status, 400);
  equal((await use("olga OWNER", PASSPHRASE)).status, 409);
  const both = await Promise.all([use("Ann Admin", PASSPHRASE), use("Ben Admin", PASSPHRASE)]);
  equal(both.filter(({ status }) => status === 303).length, 1, "one of two at once");
  equal((await use("Cid Admin", PASSPHRASE)).status, 410);
  equal((await new Person(base).get("/invite/never")).status, 410);
});

postgresTest("an admin manages members and admins but no owner, and does not decide about content", async () => {
  const { server: { base }, paired } = await onStage();
  const admin = await join(
    base,
    linkIn((await paired.owner.submit("/members", "/members/invite", { role: "admin" })).text),
    "Eva Admin",
  );
  equal((await admin.submit("/members", "/members/invite", { role: "owner" })).status, 403);
  equal((await admin.submit("/members", "/members/invite", { role: "member" })).status, 200);
  const days = { retention_days: "365", body_retention_days: "90", audit_retention_days: "365" };
  equal((await admin.submit("/settings", "/settings", { ...days, store_prompt_content: "on" })).status, 403);
  equal((await admin.submit("/settings", "/settings", { ...days, retention_days: "30" })).status, 303);
  equal((await admin.submit("/settings", "/settings", { ...days, retention_days: "3" })).status, 400);
  equal((await admin.submit("/settings", "/settings/delete-bodies", { sure: "on" })).status, 403);
  equal((await paired.owner.submit("/settings", "/settings/delete-bodies", {})).status, 400, "only who is sure");
  equal((await paired.owner.submit("/settings", "/settings/delete-bodies", { sure: "on" })).status, 303);
  const members = (await paired.owner.get("/members")).text;
  const own = /Olga Owner.*?\/members\/([0-9a-f-]{36})\/role/s.exec(members)?.[1] ?? "";
  equal((await admin.submit("/members", `/members/${own}/remove`, {})).status, 403);
  equal((await admin.submit("/members", `/members/${own}/reset`, {})).status, 403);
  equal(
    (await paired.owner.submit("/members", `/members/${own}/role`, { role: "member" })).status,
    409,
    "the last owner",
  );
});

/** The id of a member by its name, as an owner's page has it. */
async function memberId(owner: Person, name: string): Promise<string> {
  const [, id] = new RegExp(`${name}.*?/members/([0-9a-f-]{36})/role`, "s").exec((await owner.get("/members")).text) ??
    [];
  ok(id !== undefined, name);
  return id;
}

postgresTest(
  "a link dies with the role of whoever made it: nobody comes back or rises by one of former days",
  async () => {
    const { server: { base }, paired: { owner } } = await onStage();
    const invite = async (by: Person, role: string) =>
      linkIn((await by.submit("/members", "/members/invite", { role })).text);
    const admin = await join(base, await invite(owner, "admin"), "Max Former");
    const member = await join(base, await invite(owner, "member"), "Uma Upward");
    equal((await member.get("/settings")).status, 403);
    const [umaId, maxId] = [await memberId(owner, "Uma Upward"), await memberId(owner, "Max Former")];
    const reset = linkIn((await admin.submit("/members", `/members/${umaId}/reset`, {})).text);
    const back = await invite(admin, "admin");
    for (const link of [reset, back]) equal((await new Person(base).get(link)).status, 200);

    await owner.submit("/members", `/members/${umaId}/role`, { role: "owner" });
    const fields = { name: "Max Again", passphrase: PASSPHRASE, again: PASSPHRASE };
    equal((await new Person(base).post(reset, fields)).status, 410, "an admin gives no owner a new passphrase");
    equal((await member.get("/settings")).status, 200, "whose session goes on");
    await owner.submit("/members", `/members/${maxId}/role`, { role: "member" });
    equal((await new Person(base).get(back)).status, 410, "a member invites nobody");
    await owner.submit("/members", `/members/${maxId}/role`, { role: "admin" });
    equal((await new Person(base).get(back)).status, 200);
    await owner.submit("/members", `/members/${maxId}/remove`, {});
    equal((await new Person(base).post(back, fields)).status, 410, "nor does one who was removed");
  },
);

postgresTest("links that went astray are listed, and withdrawn by whoever may give what they give", async () => {
  const { server: { base }, paired: { owner } } = await onStage();
  const link = async (role: string) => linkIn((await owner.submit("/members", "/members/invite", { role })).text);
  const admin = await join(base, await link("admin"), "Wim Withdraws");
  const member = await join(base, await link("member"), "Moe Member");
  const before = [...(await owner.get("/members")).text.matchAll(/links\/[0-9a-f-]{36}/g)].map(String);
  const forOwner = await link("owner");
  const { text } = await owner.get("/members");
  const action = [...text.matchAll(/links\/[0-9a-f-]{36}/g)].map(String).find((one) => !before.includes(one)) ?? "";
  ok(action !== "" && text.includes("a new owner"), text);
  equal((await member.get("/members")).text.includes("still good"), false);
  for (const person of [admin, member]) {
    const refused = await person.submit("/members", `/members/${action}/withdraw`, {});
    ok([403, 404].includes(refused.status), `${refused.status}`);
  }
  equal((await new Person(base).get(forOwner)).status, 200);
  equal((await owner.submit("/members", `/members/${action}/withdraw`, {})).status, 303);
  equal((await new Person(base).get(forOwner)).status, 410);
  ok((await owner.get("/audit")).text.includes("invite.withdrawn"));
});

postgresTest("a removed member is signed out, its machines are told 403, and its name is free again", async () => {
  const { server: { base }, paired } = await onStage();
  const invite = async () =>
    linkIn((await paired.owner.submit("/members", "/members/invite", { role: "member" })).text);
  const gone = await join(base, await invite(), "Leo Leaver");
  const { token } = await pairMachine(base, gone);
  const id = await memberId(paired.owner, "Leo Leaver");
  equal((await paired.owner.submit("/members", `/members/${id}/remove`, {})).status, 303);
  equal((await gone.get("/")).status, 303);
  equal((await send(base, "/v1/daemon/whoami", null, token, "GET")).status, 403);
  await join(base, await invite(), "Leo Leaver");
});

postgresTest("a link lets a member choose a new passphrase and ends its sessions", async () => {
  const { server: { base }, paired, place } = await onStage();
  const link = linkIn((await paired.owner.submit("/members", "/members/invite", { role: "member" })).text);
  const person = await join(base, link, "Pia Forgot");
  const { out } = await runTeam(["invite", "acme", "--reset", "pia forgot"], place);
  const chosen = await new Person(base).post(linkIn(out), {
    passphrase: "quite another one",
    again: "quite another one",
  });
  equal(chosen.status, 303);
  equal((await person.get("/")).status, 303);
  const fields = { workspace: "acme", name: "Pia Forgot" };
  equal((await new Person(base).post("/sign-in", { ...fields, passphrase: PASSPHRASE })).status, 401);
  equal((await new Person(base).post("/sign-in", { ...fields, passphrase: "quite another one" })).status, 303);
});

postgresTest("the log names routes by their patterns: no code, link, token, name or address reaches it", async () => {
  const { server } = await onStage();
  const text = server.log.join("\n");
  ok(text.includes('"route":"/invite/:secret"'));
  const odd = await fetch(`${server.base}/sign-in`, { method: "A-WHOLE-SENTENCE" });
  await odd.body?.cancel();
  while (!server.log.some((line) => line.includes('"method":"other"'))) {
    await new Promise((resolve) => setTimeout(resolve, 10)); // What the server wrote arrives through a pipe.
  }
  equal(server.log.join("\n").includes("SENTENCE"), false);
  equal(/hm_sync_|\/invite\/[\w-]{20}|Olga|ada-laptop|127\.0\.0\.1|correct horse/.test(text), false);
});
