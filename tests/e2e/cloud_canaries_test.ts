/**
 * Prompts and answers stay on the machine unless both sides have turned their switch on: everything that is sent is searched.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { readBodies } from "../../src/store/bodies.ts";
import { syncCounts } from "../../src/store/cloud_pending.ts";
import { openForWriting } from "../../src/store/database.ts";
import { body, row, writerOf } from "../store/sample.ts";
import { postgresTest } from "../team/support/postgres.ts";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { utf8 } from "./support/bytes.ts";
import { foundIn, Planted } from "./support/cloud_capture.ts";
import { type Machine, withTeam } from "./support/cloud_machines.ts";
import type { SeenRequest } from "./support/flaky_link.ts";
import { until } from "./support/program.ts";
import { startProvider } from "./support/provider.ts";
import { messagesRequest, oneCall } from "./support/raw_client.ts";

const SYNC_MS = 60_000;

/** Each with a sentence in the prompt and one in the answer, for each value of the server's switch: 50 and a few. */
const CALLS = 13;

/** A call through the meter, until it is on record. */
async function call({ meter }: Machine, content: string): Promise<void> {
  const before = meter.rows().length;
  const port = meter.ports().edge?.port ?? meter.edgePort;
  const request = messagesRequest({ messages: [{ role: "user", content }] });
  await oneCall(port, [await Deno.readTextFile(meter.caFile)], request);
  await meter.waitForRows(before + 1, SYNC_MS);
}

/** A call as the recorder would have written it, by a meter that does not run. @returns its id. */
function recordCall({ meter }: Machine, request: string, response: string): string {
  const db = openForWriting(meter.database, { now: Date.now() });
  try {
    const made = row({ requestedAt: Date.now() });
    const writer = writerOf(db);
    writer.record(made, [body({ text: request }), body({ direction: "response", text: response })]);
    writer.flush();
    return made.id;
  } finally {
    db.close();
  }
}

async function synced({ local }: Machine): Promise<void> {
  await until("every row to be sent", () => local((db) => syncCounts(db).waiting === 0), SYNC_MS);
}

/** Text of all bodies on this machine. */
function localBodies({ meter, local }: Machine): string {
  return local((db) => meter.rows().flatMap(({ id }) => readBodies(db, id).map(({ text }) => text))).join("\n");
}

function request(bytes: Uint8Array, path = "/v1/requests/batch"): SeenRequest {
  return { number: 0, method: "POST", path, fields: new Map(), body: bytes, fault: "pass" };
}

Deno.test("foundIn finds a sentence as it is, packed, in Base64, in a path and in a field", () => {
  const canaries = new Planted("capture");
  const labels = (seen: SeenRequest) => foundIn([seen], canaries.needles);
  const sentence = canaries.sentence("a prompt");
  const [bytes, found] = [utf8(JSON.stringify({ text: sentence })), ["a prompt"]];
  const base64 = (held: Uint8Array) => Buffer.from(held).toString("base64");
  deepEqual(labels(request(bytes)), found);
  deepEqual(labels(request(gzipSync(bytes))), found);
  deepEqual(labels(request(utf8(`{"b":"${base64(bytes)}"}`))), found);
  deepEqual(labels(request(gzipSync(utf8(`{"b":"${base64(gzipSync(bytes))}"}`)))), found);
  deepEqual(labels(request(utf8(base64(utf8(base64(bytes)))))), found);
  deepEqual(labels(request(utf8("{}"), `/v1/requests/batch?q=${encodeURIComponent(sentence)}`)), found);
  deepEqual(labels({ ...request(utf8("{}")), fields: new Map([["x-note", sentence]]) }), found);
  deepEqual(labels(request(gzipSync(utf8(`{"b":"${base64(utf8("Nothing of interest is written here"))}"}`)))), []);
});

postgresTest(
  "C3 C8 C10 C11 no sentence of a prompt or answer is sent with body sync off, and with both switches on the redacted text is stored",
  async () => {
    const canaries = new Planted("two switches");
    let says = "";
    const provider = await startProvider({
      host: "api.anthropic.com",
      answer: () => eventStream(anthropicEvents(crypto.randomUUID(), [says]), 1),
    });
    try {
      await withTeam(async (team) => {
        const machine = await team.machine({ providers: [provider], edge: false });
        const { meter, link, good, local } = machine;
        await meter.startDaemon();
        await machine.connect();
        await good("cloud", "privacy", "set", "preset", "full");
        const stored = () =>
          team.query(
            `SELECT request_id::text, convert_from(request_text, 'UTF8') AS request,
               convert_from(response_text, 'UTF8') AS response, redaction_applied AS applied FROM request_bodies`,
          );

        for (const on of [false, true]) {
          await team.keepBodies(on);
          for (let number = 0; number < CALLS; number++) {
            says = canaries.sentence(`answer ${number}, server's switch ${on}`);
            await call(machine, canaries.sentence(`prompt ${number}, server's switch ${on}`));
          }
          await good("cloud", "sync");
          await synced(machine);
          await good("cloud", "whoami");
          await good("cloud", "reconcile");
        }
        equal(canaries.labels.length, 4 * CALLS);
        const here = canaries.needles.in(localBodies(machine));
        deepEqual([...here].toSorted(), canaries.labels, "all of them were captured here");
        deepEqual(foundIn(link.seen, canaries.needles), [], "none crossed the line");
        equal(link.seen.some(({ path }) => path.endsWith("/body")), false);
        const rows = await team.query("SELECT to_jsonb(r)::text AS row FROM requests r");
        equal(rows.length, 2 * CALLS);
        deepEqual([...canaries.needles.in(rows.map(({ row }) => row).join("\n"))], []);
        deepEqual(await stored(), [], "the server's switch alone");

        await team.keepBodies(false);
        await good("cloud", "privacy", "set", "body-sync", "on");
        await meter.stop(); // So that the lines are those of the command.
        const before = link.seen.length;
        const refused = recordCall(machine, canaries.sentence("refused prompt"), canaries.sentence("refused answer"));
        const line =
          `● POST /v1/requests/${refused}/body → 200 {stored: false, reason: store_prompt_content_disabled}\n`;
        equal(
          await good("cloud", "sync"),
          `● POST /v1/requests/batch → 200 {accepted: 1, duplicates: 0, rejected: 0}\n${line}${line}1 row and 2 bodies sent\n`,
        );
        deepEqual(await stored(), [], "this machine's switch alone");
        const labels = ["refused answer", "refused prompt"];
        deepEqual(foundIn(link.seen.slice(before), canaries.needles), labels, "the search sees bodies that are sent");

        await team.keepBodies(true);
        await meter.startDaemon();
        says = canaries.sentence("shared answer");
        await call(machine, `${canaries.sentence("shared prompt")} AKIAIOSFODNN7EXAMPLQ`);
        const shared = meter.rows().at(-1)?.id ?? "";
        await until("both directions", async () => {
          const [first] = await stored();
          return first !== undefined && first["request"] !== null && first["response"] !== null;
        }, SYNC_MS);
        const [prompt, answer] = local((db) => readBodies(db, shared));
        deepEqual((await stored()).map((each) => ({ ...each })), [
          { request_id: shared, request: prompt?.text, response: answer?.text, applied: true },
        ]);
        match(prompt?.text ?? "", /\[REDACTED:aws-access-key/);
        labels.push("shared answer", "shared prompt");
        deepEqual(foundIn(link.seen, canaries.needles), labels, "nothing from before the switch was sent later");
      });
    } finally {
      await provider.stop();
    }
  },
);
