import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { ExchangeRow } from "../../src/domain/exchange.ts";
import { BUNDLE_DATE } from "../../src/meter/rates.ts";
import { openForWriting, openReadOnly } from "../../src/store/database.ts";
import { auditTrail } from "../../src/store/settings.ts";
import { READINGS, rowOf } from "../store/calls.ts";
import { row, write } from "../store/sample.ts";
import { type Home, withHome } from "./command_line.ts";

/** Writes one call of every kind, made an hour ago. @returns the rows by kind. */
function fill(home: Home): Record<string, ExchangeRow> {
  const requestedAt = Date.now() - 3_600_000;
  const rows = Object.fromEntries(Object.entries(READINGS).map(([kind, one]) => [kind, rowOf(one, { requestedAt })]));
  const db = openForWriting(home.database, { now: Date.now() });
  write(db, Object.values(rows));
  db.close();
  return rows;
}

function idOf(rows: Record<string, ExchangeRow>, kind: string): string {
  const id = rows[kind]?.id;
  if (id === undefined) throw new Error(`No row ${kind}`);
  return id;
}

function events(home: Home): string[] {
  const db = openReadOnly(home.database);
  if (db === null) return [];
  const found = auditTrail(db, 10).map(({ event }) => event);
  db.close();
  return found;
}

Deno.test("pricing list works without daemon and database, and makes neither", async () => {
  await withHome(async (home) => {
    const { code, out } = await home.run("pricing", "list", "--provider", "anthropic", "--model", "Haiku-5");
    equal(code, 0);
    const lines = out.split("\n");
    match(
      lines[2] ?? "",
      /^model +provider +prompt +input +output +cache read +write 5m +write 1h +from +until +source$/,
    );
    match(lines[3] ?? "", /^claude-haiku-5-5 +anthropic +0\.1 +0\.5 +0\.01 +0\.125 +0\.2 +bundled$/);
    match(lines[4] ?? "", /^ +> 100,000 +0\.5 +2\.5 +0\.05 +0\.625 +1$/);
    ok(out.includes(`bundled-${BUNDLE_DATE}`) && out.includes("No overrides"));
    equal((await home.run("pricing", "list", "--model", "no-such")).out.includes("No price matches"), true);
    deepEqual([...Deno.readDirSync(home.folder.replace(/\/home$/, ""))], []);
  });
});

Deno.test("pricing list --json gives prices, tiers and periods as exact text", async () => {
  await withHome(async (home) => {
    const { out } = await home.run("pricing", "list", "--model", "claude-sonnet-5-5", "--json");
    const { rates, overrides, bundle_date } = JSON.parse(out);
    deepEqual([overrides, bundle_date, rates.length], [0, BUNDLE_DATE, 2]);
    deepEqual([rates[0].valid_until, rates[1].valid_from], ["2026-10-07", "2026-10-07"]);
    deepEqual(rates[1].prices, {
      input: "2",
      cache_read: "0.1",
      cache_write_5m: "2.5",
      cache_write_1h: "4",
      output: "10",
      web_search: "10",
    });
  });
});

Deno.test("pricing explain adds lines up to the stored cost of every kind of call, to the pico-dollar", async () => {
  await withHome(async (home) => {
    const rows = fill(home);
    for (const [kind, { id, cost }] of Object.entries(rows)) {
      const { code, out } = await home.run("pricing", "explain", id, "--json");
      const told = JSON.parse(out);
      deepEqual([code, told.id, told.agrees], [0, id, true], kind);
      const sum = told.lines.reduce((sum: bigint, line: { cost_pico: string }) => sum + BigInt(line.cost_pico), 0n);
      const stored = cost.kind === "priced" ? String(cost.pico) : cost.kind === "free" ? "0" : null;
      equal(told.stored.cost_pico, stored, kind);
      equal(told.recomputed.cost_pico, stored, kind);
      if (stored !== null) equal(String(sum), stored, kind);
      equal(told.advice === null, cost.kind !== "unpriced", kind);
    }
  });
});

Deno.test("pricing explain shows count, price, factor and amount, and what moved the price", async () => {
  await withHome(async (home) => {
    const rows = fill(home);
    const { out } = await home.run("pricing", "explain", idOf(rows, "fast"));
    match(out, /^input +7 tokens +4 +× 2\.2 +\$0\.0000616$/m);
    match(out, /^output +11 tokens +20 +× 2\.2 +\$0\.000484$/m);
    match(out, /^web search +3 requests +10000 +× 1 +\$0\.03$/m);
    match(out, /^total +\$0\.0305456 from bundled-\d{4}-\d\d-\d\d, listed under this name$/m);
    match(out, /^Served as fast: token prices of claude-opus-5-5 times 2$/m);
    match(out, /^Served in region us: token prices of claude-opus-5-5 times 1\.1$/m);
    match((await home.run("pricing", "explain", idOf(rows, "counted"))).out, /^total +\$0, bills nothing$/m);
    match((await home.run("pricing", "explain", idOf(rows, "cut"))).out, /ended before its counts were final/);
  });
});

Deno.test("pricing explain takes the beginning of an id, and says when it fits none or several", async () => {
  await withHome(async (home) => {
    const db = openForWriting(home.database, { now: Date.now() });
    write(db, [
      row({ id: "0199aaaa-0000-7000-8000-000000000001" }),
      row({ id: "0199aaaa-0000-7000-8000-000000000002" }),
    ]);
    db.close();
    const several = await home.run("pricing", "explain", "0199AAAA");
    deepEqual([several.code, several.err.includes("000000000001, 0199aaaa")], [1, true]);
    equal((await home.run("pricing", "explain", "0199aaaa-0000-7000-8000-000000000002")).code, 0);
    equal((await home.run("pricing", "explain", "0199bbbb")).code, 1);
    equal((await home.run("pricing", "explain", "0199aa")).code, 2);
  });
});

Deno.test("pricing set, reprice and unset bring a call to a price and back", async () => {
  await withHome(async (home) => {
    const rows = fill(home);
    const id = idOf(rows, "unknown");
    const asked = (await home.run("pricing", "explain", id)).out;
    ok(asked.includes("halton-meter pricing set anthropic foo-1 --input X --output Y"), asked);
    Deno.writeTextFileSync(home.config, "# mine\n[bodies]\nenabled = false\n");
    const prices = "--input 2 --output 10 --cache-read 0.2 --cache-write-5m 2.5 --cache-write-1h 4".split(" ");
    equal((await home.run("pricing", "set", "anthropic", "foo-1", ...prices)).code, 0);
    ok(Deno.readTextFileSync(home.config).startsWith("# mine\n[bodies]\nenabled = false\n"));
    match((await home.run("pricing", "list", "--model", "foo-1")).out, /^foo-1 .* override$/m);

    const before = (await home.run("pricing", "explain", id)).out;
    match(before, /^stored +unpriced \(unknown model\)$/m);
    match(before, /^now +\$0\.011982 from override, listed under this name$/m);

    const rehearsal = JSON.parse((await home.run("pricing", "reprice", "--dry-run", "--json")).out);
    deepEqual([rehearsal.dry_run, rehearsal.changed, rehearsal.now_priced], [true, 1, 1]);
    const report = async () => JSON.parse((await home.run("report", "--json")).out).totals;
    const unpriced = (await report()).unpriced;
    const done = await home.run("pricing", "reprice", "--since", "1d");
    deepEqual([done.code, done.err], [0, ""]);
    match(done.out, /^11 calls in .*: 1 changed$/m);
    match(done.out, /^1 without a price before got one$/m);
    equal((await report()).unpriced, unpriced - 1);
    match((await home.run("pricing", "explain", id.slice(0, 36))).out, /^total +\$0\.011982 from override/m);
    const second = JSON.parse((await home.run("pricing", "reprice", "--json")).out);
    deepEqual([second.changed, second.old_cost_usd], [0, second.new_cost_usd]);

    equal((await home.run("pricing", "unset", "anthropic", "foo-1")).code, 0);
    equal(Deno.readTextFileSync(home.config), "# mine\n[bodies]\nenabled = false\n");
    match((await home.run("pricing", "reprice", "--project", "demo")).out, /^1 with a price before lost it$/m);
    equal((await report()).unpriced, unpriced);
    deepEqual(events(home), [
      "pricing.repriced",
      "pricing.override_unset",
      "pricing.repriced",
      "pricing.override_set",
    ]);
  });
});

Deno.test("pricing set refuses nonsense and leaves the file alone", async () => {
  await withHome(async (home) => {
    const price = ["--input", "1", "--output", "2"];
    const wrong: [string[], RegExp][] = [
      [["anthropic", "m", "--input", "-1", "--output", "2"], /--input/],
      [["anthropic", "m", "--input", "1e3", "--output", "2"], /--input/],
      [["anthropic", "m", "--input", "1", "--output", "ten"], /--output/],
      [["anthropic", "m", ...price, "--cache-write-1h", "0.0000001"], /--cache-write-1h/],
      [["google", "m", ...price], /PROVIDER/],
      [["anthropic", "two words", ...price], /MODEL/],
      [["anthropic", "m", ...price, "--from", "yesterday"], /--from/],
      [["anthropic", "m", ...price, "--from", "2026-02-30"], /--from/],
      [["anthropic", "m", ...price, "--from", "2026-02-02", "--until", "2026-02-02"], /--until/],
    ];
    for (const [args, named] of wrong) {
      const { code, err } = await home.run("pricing", "set", ...args);
      equal(code, 2, args.join(" "));
      match(err, named);
    }
    equal((await home.run("pricing", "unset", "anthropic", "m")).code, 1);
    deepEqual([...Deno.readDirSync(home.folder)], []);
  });
});

Deno.test("pricing reprice says so when there is nothing, and when the project is not known", async () => {
  await withHome(async (home) => {
    match((await home.run("pricing", "reprice")).out, /^0 calls in /);
    fill(home);
    const { code, err } = await home.run("pricing", "reprice", "--project", "nobody");
    deepEqual([code, err.includes("no call of it was recorded")], [1, true]);
  });
});

/** Calls of a model that has no price yet, one an hour. */
function fillHours(home: Home, hours: number): void {
  const one = READINGS["unknown"];
  if (one === undefined) throw new Error("No such reading");
  const now = Date.now();
  const db = openForWriting(home.database, { now });
  write(db, Array.from({ length: hours }, (_, hour) => rowOf(one, { requestedAt: now - (hour + 1) * 3_600_000 })));
  db.close();
  Deno.writeTextFileSync(
    home.config,
    '[[pricing.overrides]]\nprovider = "anthropic"\nmodel = "foo-1"\ninput = 1\noutput = 1\ncache_read = 1\n' +
      "cache_write_5m = 1\ncache_write_1h = 1\n",
  );
}

Deno.test("pricing reprice stops after the hour at hand on Ctrl-C, with sums that agree, and goes on when run again", async () => {
  await withHome(async (home) => {
    fillHours(home, 700);
    const running = home.start("pricing", "reprice", "--json");
    const priced = () => {
      const db = openReadOnly(home.database);
      const rows = db?.prepare("SELECT count(*) AS n FROM requests WHERE cost_pico IS NOT NULL").get()?.["n"];
      const sums = db?.prepare("SELECT sum(requests - unpriced) AS n FROM usage_slots WHERE project_id = 0").get()
        ?.["n"];
      db?.close();
      return [Number(rows), Number(sums)];
    };
    while ((priced()[0] ?? 0) < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    running.kill("SIGINT");
    const { code, stdout } = await running.output();
    const first = JSON.parse(new TextDecoder().decode(stdout));
    deepEqual([code, first.interrupted], [1, true]);
    const [rows = 0, sums] = priced();
    ok(rows >= 20 && rows < 700, `${rows} of 700`);
    deepEqual([sums, first.changed], [rows, rows]);
    const second = JSON.parse((await home.run("pricing", "reprice", "--json")).out);
    deepEqual([second.interrupted, second.changed, priced()], [false, 700 - rows, [700, 700]]);
  });
});

Deno.test("pricing reprice survives kill -9 with sums that agree", async () => {
  await withHome(async (home) => {
    fillHours(home, 700);
    const running = home.start("pricing", "reprice");
    await new Promise((resolve) => setTimeout(resolve, 400));
    running.kill("SIGKILL");
    await running.output();
    const db = openReadOnly(home.database);
    const rows = db?.prepare("SELECT count(*) AS n FROM requests WHERE cost_pico IS NOT NULL").get()?.["n"];
    const sums = db?.prepare("SELECT sum(requests) AS n FROM usage_spans WHERE span = 86400000 AND cost_missing = ''")
      .get();
    db?.close();
    equal(sums?.["n"] ?? 0, rows);
    equal((await home.run("pricing", "reprice")).code, 0);
  });
});
