import { match, strictEqual as equal } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { databaseFailure } from "../../src/team/database_failure.ts";
import { onPostgres, runTeam } from "./support/server.ts";
import { postgresTest, startCluster } from "./support/postgres.ts";

Deno.test("databaseFailure() leaves alone what it does not know, and what was said before", () => {
  for (const error of [new Error("of the program"), new MeterError("bad_config", "Said already", { hint: "Do it" })]) {
    equal(databaseFailure(error, "DATABASE_URL"), error);
  }
});

postgresTest("commands say what is wrong with the database, and quote nothing of the URL", async () => {
  const cluster = await startCluster();
  const urls = await cluster.database();
  const place = onPostgres(urls);
  const run = async (args: readonly string[], changes: Readonly<Record<string, string>>) => {
    const { code, err } = await runTeam(args, { ...place, env: { ...place.env, ...changes } });
    equal(code, 1, err);
    equal(/meter_server|plain-and-long|127\.0\.0\.1/.test(err), false, err);
    return err;
  };
  const to = (path: string) => ({ DATABASE_URL: new URL(path, urls.server).href });
  try {
    match(await run(["serve"], {}), /it refuses the login in DATABASE_URL\n {2}Run halton-meter-team migrate/);
    equal((await runTeam(["migrate"], place)).code, 0);
    match(await run(["serve"], to("/no_such_database")), /there is none of the name in DATABASE_URL\n/);
    const wrong = urls.server.replace("plain-and-long", "another");
    match(await run(["workspace", "create", "acme"], { DATABASE_URL: wrong }), /refuses the login in DATABASE_URL\n/);
    match(
      await run(["migrate"], { DATABASE_OWNER_URL: wrong }),
      /refuses the login in DATABASE_OWNER_URL\n {2}Correct/,
    );
    match(await run(["migrate"], { DATABASE_OWNER_URL: urls.server }), /may not do this\n {2}Let DATABASE_OWNER_URL/);
    const nowhere = "postgresql://meter_server:plain-and-long@127.0.0.1:1/team";
    match(await run(["serve"], { DATABASE_URL: nowhere }), /nothing answers at the address in DATABASE_URL\n/);
  } finally {
    await cluster.stop();
  }
});
