/**
 * `run` starts a command with its calls metered, attributes them, and is otherwise not there.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { anthropicMessage } from "./support/answers.ts";
import { clientVariables } from "./support/clients.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { startProvider } from "./support/provider.ts";

/** A provider takes its time, so that the calling process is still there to be looked at. */
const ANSWER_MS = 150;

const PROXY = ["HTTPS_PROXY", "https_proxy"];
const BUNDLE = [
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "AWS_CA_BUNDLE",
  "CODEX_CA_CERTIFICATE",
];

const CALL = [
  "curl",
  "--silent",
  "--show-error",
  "--fail",
  "--data",
  '{"model":"claude-opus-5","max_tokens":8,"messages":[{"role":"user","content":"Hi"}]}',
  "https://api.anthropic.com/v1/messages",
] as const;

function variablesOf(env: string): Record<string, string> {
  return Object.fromEntries(
    env.trim().split("\n").map((line) => {
      const [name = "", ...value] = line.split("=");
      return [name, value.join("=")];
    }),
  );
}

async function withAnsweringMeter(body: (meter: Meter) => Promise<void>): Promise<void> {
  const provider = await startProvider({
    host: "api.anthropic.com",
    answer: () => anthropicMessage("msg_run", ANSWER_MS),
  });
  try {
    await withMeter({ providers: [provider] }, body);
  } finally {
    await provider.stop();
  }
}

Deno.test("run sets exactly the documented variables for its command", async () => {
  await withMeter({}, async (meter) => {
    const without = variablesOf((await meter.spawn(["sh", "-c", "env"]).finished).stdout);
    const { code, stdout, stderr } = await meter.command(["run", "--project", "shop", "--", "sh", "-c", "env"]);
    equal(code, 0, stderr);
    const set = variablesOf(stdout);
    const changed = Object.keys({ ...set, ...without }).filter((name) => set[name] !== without[name]);
    const documented = [...PROXY, ...BUNDLE, "NODE_USE_ENV_PROXY", "NODE_EXTRA_CA_CERTS", "HALTON_PROJECT"];
    deepEqual(changed.toSorted(), documented.toSorted());
    for (const name of PROXY) equal(set[name], meter.proxyUrl);
    for (const name of BUNDLE) equal(set[name], `${meter.home}/ca-bundle.pem`);
    equal(set["NODE_USE_ENV_PROXY"], "1");
    equal(set["NODE_EXTRA_CA_CERTS"], meter.caFile);
    equal(set["HALTON_PROJECT"], "shop");
    const bundle = await Deno.readTextFile(`${meter.home}/ca-bundle.pem`);
    const own = (await Deno.readTextFile(meter.caFile)).trim();
    ok(bundle.includes(own), "the bundle holds the meter's certificate");
    ok(bundle.split("BEGIN CERTIFICATE").length > 20, "and the system's");
    equal((await meter.command(["run", "--", "sh", "-c", "echo ${HALTON_PROJECT-none}"])).stdout, "none\n");
  });
});

Deno.test("run passes standard input, output, exit codes and signals through", async () => {
  await withMeter({}, async (meter) => {
    const cat = await meter.command(["run", "cat"], { stdin: "line 1\nline 2\n" });
    deepEqual([cat.code, cat.stdout, cat.stderr], [0, "line 1\nline 2\n", ""]);

    const both = await meter.command(["run", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    deepEqual([both.code, both.stdout, both.stderr], [7, "out\n", "err\n"]);

    const suicide = await meter.command(["run", "--", "sh", "-c", "kill -TERM $$"]);
    equal(suicide.code, 143);

    const sleeping = meter.start(["run", "--", "sh", "-c", "echo started; exec sleep 30"]);
    await until("the command to run", () => sleeping.stdout.includes("started"));
    sleeping.kill("SIGTERM");
    equal((await sleeping.finished).code, 143);

    const catching = meter.start([
      "run",
      "--",
      "sh",
      "-c",
      "trap 'echo caught; exit 5' INT; echo started; while :; do sleep 0.05; done",
    ]);
    await until("the command to run", () => catching.stdout.includes("started"));
    catching.kill("SIGINT");
    const caught = await catching.finished;
    deepEqual([caught.code, caught.stdout], [5, "started\ncaught\n"]);
  });
});

Deno.test("run gives its own flags to itself and the command's to the command", async () => {
  await withMeter({}, async (meter) => {
    const { stdout } = await meter.command([
      "run",
      "--project",
      "shop",
      "echo",
      "--project",
      "other",
      "--json",
      "--",
      "-x",
    ]);
    equal(stdout, "--project other --json -- -x\n");
  });
});

Deno.test("run of a command that is not there says so, and of a bad slug suggests a good one", async () => {
  await withMeter({}, async (meter) => {
    const missing = await meter.command(["run", "--", "no-such-command-here"]);
    equal(missing.code, 1);
    match(missing.stderr, /^halton-meter: Cannot run no-such-command-here: there is no such command\n {2}\S.*\n$/);
    const slug = await meter.command(["run", "--project", "My Shop!", "--", "true"]);
    equal(slug.code, 2);
    match(slug.stderr, /Try --project my-shop/);
    const nothing = await meter.command(["run"]);
    equal(nothing.code, 2);
  });
});

Deno.test("run without a meter runs the command unmetered and says so", async () => {
  await withMeter({ edge: false, daemon: false }, async (meter) => {
    const script = "echo ${HTTPS_PROXY-none} $HALTON_PROJECT; exit 3";
    const { code, stdout, stderr } = await meter.command(["run", "--project", "shop", "--", "sh", "-c", script]);
    deepEqual([code, stdout], [3, "none shop\n"]);
    match(stderr, /no meter is running, so this command is not metered/);
  });
});

Deno.test("run leaves other hosts of NO_PROXY and the user's own certificates alone", async () => {
  await withMeter({}, async (meter) => {
    const env = {
      NO_PROXY: "intranet.example",
      SSL_CERT_FILE: meter.testCaFile,
      NODE_EXTRA_CA_CERTS: meter.testCaFile,
    };
    const script = 'echo "$NO_PROXY"; cat "$SSL_CERT_FILE"; echo ===; cat "$NODE_EXTRA_CA_CERTS"';
    const { stdout } = await meter.command(["run", "--", "sh", "-c", script], { env });
    const [roots = "", extra = ""] = stdout.split("===");
    match(roots, /^intranet\.example\n/);
    for (const path of [meter.testCaFile, meter.caFile]) {
      const certificate = (await Deno.readTextFile(path)).trim();
      ok(roots.includes(certificate), `${path} is among the roots`);
      ok(extra.includes(certificate), `${path} is among Node's extra roots`);
    }
  });
});

Deno.test("Every layer that names a project is heard, the nearest to the call first", async () => {
  await withAnsweringMeter(async (meter) => {
    const place = async (path: string) => {
      await Deno.mkdir(`${meter.root}/${path}`, { recursive: true });
      return `${meter.root}/${path}`;
    };
    const nowhere = await place("nowhere");
    const repository = await place("my-repo/deep/down");
    await place("my-repo/.git");
    await Deno.writeTextFile(`${meter.root}/my-repo/.git/HEAD`, "ref: refs/heads/main\n");
    const marked = await place("my-repo/marked/below");
    await Deno.writeTextFile(`${meter.root}/my-repo/marked/.haltonrc`, 'project = "from-file"\n');
    const env = clientVariables(meter.proxyUrl, meter.caFile);
    const named = { ...env, HALTON_PROJECT: "from-env" };

    const wanted: [project: string, layer: string][] = [];
    const call = async (project: string, layer: string, running: ReturnType<Meter["spawn"]>) => {
      const { code, stderr } = await running.finished;
      equal(code, 0, stderr);
      wanted.push([project, layer]);
      await meter.waitForRows(wanted.length);
    };
    await call("misc", "smart_default", meter.spawn(CALL, { env, cwd: nowhere }));
    await call("my-repo", "git", meter.spawn(CALL, { env, cwd: repository }));
    await call("from-file", "rcfile", meter.spawn(CALL, { env, cwd: marked }));
    await call("from-env", "env", meter.spawn(CALL, { env: named, cwd: marked }));
    await call("shop", "run", meter.start(["run", "--project", "shop", "--", ...CALL], { cwd: marked }));
    const nested = ["run", "--project", "shop", "--", "sh", "-c", `HALTON_PROJECT=inner "$@"; true`, "sh", ...CALL];
    await call("shop", "run", meter.start(nested, { cwd: marked }));
    await call("from-file", "rcfile", meter.start(["run", "--", ...CALL], { cwd: marked }));
    deepEqual(owners(meter.database), wanted);
  });
});

function owners(database: string): [string, string][] {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    const sql =
      "SELECT slug, attribution_layer AS layer FROM requests JOIN projects ON projects.id = project_id ORDER BY seq";
    return db.prepare(sql).all().map((row) => [String(row["slug"]), String(row["layer"])]);
  } finally {
    db.close();
  }
}
