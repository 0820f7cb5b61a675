import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { openForWriting } from "../../src/store/database.ts";
import { auditTrail, getBodyCapture } from "../../src/store/settings.ts";
import { row, write } from "../store/sample.ts";
import { type Home, withHome } from "./command_line.ts";

const CALLED_AT = Date.UTC(2026, 3, 15, 12);

function fill(home: Home): void {
  const db = openForWriting(home.database, { now: CALLED_AT });
  const call = (slug: string) => row({ attribution: { slug, layer: "git" }, requestedAt: CALLED_AT });
  write(db, [call("shop"), call("shop"), call("blog")]);
  db.close();
}

Deno.test("project set changes one project's choice, show and list name where it comes from, and the trail keeps it", async () => {
  await withHome(async (home) => {
    fill(home);
    Deno.writeTextFileSync(home.config, "bodies.enabled = false\n");
    const sources = async () => {
      const projects = JSON.parse((await home.run("project", "list", "--json")).out);
      return projects.map((view: Record<string, Record<string, Record<string, string>>>) => [
        view["slug"],
        view["settings"]?.["body_capture"]?.["value"],
        view["settings"]?.["body_capture"]?.["source"],
      ]);
    };
    deepEqual(await sources(), [["blog", "off", "config.toml"], ["shop", "off", "config.toml"]]);
    const set = await home.run("project", "set", "shop", "body-capture", "on");
    deepEqual([set.code, set.out], [0, "body-capture of shop is on\n"]);
    deepEqual(await sources(), [["blog", "off", "config.toml"], ["shop", "on", "project setting"]]);
    match((await home.run("project", "list")).out, /^shop +2 +2026-04-15 .* on \(project setting\)$/m);
    match(
      (await home.run("project", "show", "shop")).out,
      /^body capture {2}on \(project setting\)\n {14}body_capture = off in/m,
    );
    const { out } = await home.run("project", "set", "shop", "body-capture", "default");
    equal(out, "body-capture of shop follows the daemon-wide setting\n");
    Deno.removeSync(home.config);
    deepEqual(await sources(), [["blog", "on", "default"], ["shop", "on", "default"]]);
    const shown = JSON.parse((await home.run("project", "show", "shop", "--json")).out);
    deepEqual([shown.calls, shown.last_call_at], [2, "2026-04-15T12:00:00.000Z"]);
    const db = openForWriting(home.database, { now: CALLED_AT });
    deepEqual(auditTrail(db, 9).map(({ details }) => details), [
      { project: "shop", choice: "default" },
      { project: "shop", choice: "on" },
    ]);
    db.close();
    const trail = await home.run("audit", "list");
    match(
      trail.out,
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}project\.body_capture_set {2}project=shop {2}choice=default\n.* {2}choice=on\n$/,
    );
    equal(JSON.parse((await home.run("audit", "list", "--json", "--limit", "1", "--since", "1h")).out).length, 1);
  });
});

Deno.test("project set --create makes a choice before the first call of all, and only then", async () => {
  await withHome(async (home) => {
    equal((await home.run("project", "set", "later", "body-capture", "off")).code, 1);
    equal((await home.run("project", "set", "later", "body-capture", "off", "--create")).code, 0);
    const db = openForWriting(home.database, { now: CALLED_AT });
    equal(getBodyCapture(db, "later"), "off");
    db.close();
    equal((Deno.statSync(home.folder).mode ?? 0) & 0o777, 0o700);
  });
});

Deno.test("project commands explain what is wrong", async () => {
  await withHome(async (home) => {
    match((await home.run("project", "list")).err, /nothing was recorded yet/);
    fill(home);
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [["show", "shpo"], 1, /Cannot find project "shpo": no call of it was recorded\n {2}Did you mean shop\?/],
      [["set", "shpo", "body-capture", "off"], 1, /\n {2}Did you mean shop\?; or add --create to set it before/],
      [["set", "Not A Slug", "body-capture", "off"], 2, /this is not a project's slug/],
      [
        ["set", "shop", "body_capture", "off"],
        2,
        /projects have no such setting\n {2}The only setting is body-capture/,
      ],
      [["set", "shop", "body-capture", "maybe"], 2, /it is not a choice\n {2}Give on, off or default/],
      [["set", "shop", "body-capture", "constructor"], 2, /it is not a choice/],
    ];
    for (const [args, code, sentence] of cases) {
      const ran = await home.run("project", ...args);
      equal(ran.code, code, args.join(" "));
      match(ran.err, sentence);
    }
  });
});
