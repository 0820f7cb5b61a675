/**
 * Real clients make a streamed call through `edge` and `daemon` and notice nothing; the meter notices everything.
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import { readBodies } from "../../src/store/bodies.ts";
import { openReadOnly } from "../../src/store/database.ts";
import {
  ANTHROPIC_COST_PICO,
  ANTHROPIC_MODEL,
  anthropicEvents,
  eventStream,
  OPENAI_COST_PICO,
  OPENAI_MODEL,
  openaiEvents,
} from "./support/answers.ts";
import { indexOfBytes, text, utf8 } from "./support/bytes.ts";
import { type Client, CLIENTS, clientVariables, ensureClients } from "./support/clients.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { startPlainProxy } from "./support/plain_proxy.ts";
import { type Provider, startProvider } from "./support/provider.ts";

const PROMPT = "The heron canary stands in cold water";

/** What a call looked like from both ends. Nothing is normalised: these clients draw no field anew for each call. */
interface Seen {
  readonly sent: string;
  readonly connections: number;
  readonly got: string;
}

function provider(kind: Client["provider"]): Promise<Provider> {
  const anthropic = kind === "anthropic";
  return startProvider({
    host: anthropic ? "api.anthropic.com" : "api.openai.com",
    answer: () => eventStream(anthropic ? anthropicEvents("msg_e2e_1") : openaiEvents("resp_e2e_1"), 5),
  });
}

async function call(client: Client, stand: Provider, variables: Record<string, string>, meter: Meter, key: string) {
  const before = stand.connections.length;
  const command = client.command(key, `${PROMPT}; by the way, my key is ${key}`);
  const { code, stdout, stderr } = await meter.spawn(command, { env: variables }).finished;
  equal(code, 0, stderr);
  const sent = stand.connections.slice(before).map((_, index) => text(stand.received(before + index))).join("\n--\n");
  return { sent, connections: stand.connections.length - before, got: stdout } satisfies Seen;
}

for (const client of CLIENTS) {
  Deno.test(`A streamed call by ${client.title} is the same with and without the meter, and is priced`, async () => {
    await ensureClients();
    const stand = await provider(client.provider);
    const plain = await startPlainProxy(stand.port);
    const prefix = client.provider === "anthropic" ? "sk-ant-api03-" : "sk-proj-";
    const key = `${prefix}${crypto.randomUUID().replaceAll("-", "")}${crypto.randomUUID().replaceAll("-", "")}-AA`;
    try {
      await withMeter({ providers: [stand] }, async (meter) => {
        const without = await call(client, stand, clientVariables(plain.url, meter.testCaFile), meter, key);
        const metered = await call(client, stand, clientVariables(meter.proxyUrl, meter.caFile), meter, key);
        equal(metered.sent, without.sent);
        equal(metered.got, without.got);
        equal(metered.connections, without.connections);
        match(metered.sent, /canary/);
        ok(metered.got.includes(client.provider === "anthropic" ? "another." : "Counted."), metered.got);

        await assertRow(client, meter);
        await assertNothingSecretKept(meter, key);
      });
    } finally {
      plain.stop();
      await stand.stop();
    }
  });
}

async function assertRow(client: Client, meter: Meter): Promise<void> {
  const row = await meter.onlyRow();
  const anthropic = client.provider === "anthropic";
  equal(row.costPico, anthropic ? ANTHROPIC_COST_PICO : OPENAI_COST_PICO);
  equal(row.costUsdMinorUnits, anthropic ? 5_600 : 2_302);
  deepEqual(
    [row.inputTokens, row.cacheWriteTokens, row.cacheReadTokens, row.outputTokens],
    anthropic ? [1_200, 3_000, 20_000, 850] : [3_103, row.cacheWriteTokens, 2_944, 1_623],
  );
  equal(row.model, anthropic ? ANTHROPIC_MODEL : OPENAI_MODEL);
  equal(row.mode, "streaming");
  equal(row.clientName, client.clientName);
  equal(row.status, "success");
  equal(row.httpStatus, 200);
  equal(row.tokensComplete, true);
  notEqual(row.ttftMs, null);
  notEqual(row.latencyMs, null);
  ok((row.latencyMs ?? 0) >= (row.ttftMs ?? 0), `latency ${row.latencyMs}, first byte ${row.ttftMs}`);
}

/** Bodies are there, and the key that was sent is in no file, compressed or not. */
async function assertNothingSecretKept(meter: Meter, key: string): Promise<void> {
  const { id } = await meter.onlyRow();
  const db = openReadOnly(meter.database);
  const bodies = db === null ? [] : readBodies(db, id);
  db?.close();
  deepEqual(bodies.map(({ direction }) => direction), ["request", "response"]);
  match(bodies[0]?.text ?? "", /canary stands in cold water; by the way, my key is \[REDACTED:[a-z-]+\]/);
  match(bodies[1]?.text ?? "", /data: /);
  for (const body of bodies) ok(!body.text.includes(key), "the key is in a stored body");
  for (const path of filesUnder(meter.home)) {
    const bytes = await Deno.readFile(path);
    equal(indexOfBytes(bytes, utf8(key)), -1, `the key is in ${path}`);
    if (path.endsWith(".log")) equal(indexOfBytes(bytes, utf8("canary")), -1, `the prompt is in ${path}`);
  }
}

function filesUnder(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory ? filesUnder(path) : entry.isFile ? [path] : [];
  });
}
