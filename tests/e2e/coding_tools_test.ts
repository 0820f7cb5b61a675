/**
 * Claude Code, Codex and Gemini CLI themselves, run with `halton-meter run -- …` in a git repository, against stand-in
 * providers. They are large and not pinned by the project: set HALTON_METER_CODING_TOOLS to the `node_modules/.bin` folder
 * of an `npm install @anthropic-ai/claude-code @openai/codex @google/gemini-cli` to run these tests.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { ANTHROPIC_COST_PICO, ANTHROPIC_MODEL, anthropicEvents, eventStream, jsonAnswer } from "./support/answers.ts";
import { text } from "./support/bytes.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { type Answer, type ReceivedRequest, startProvider } from "./support/provider.ts";
import { startSocketProvider } from "./support/socket_provider.ts";

const TOOLS = Deno.env.get("HALTON_METER_CODING_TOOLS") ?? "";
const WITHOUT = { ignore: TOOLS === "" };

/** Between the parts of an answer: no provider's is over before the machine has told who called. */
const GAP_MS = 100;

const SAID = "Hello from the stand-in.";
const PROMPT = "Say hello to the heron";

/** Model of {@link responseEvents}; 2 USD in, 0.20 cache read, 10 out per million tokens. */
const CODEX_MODEL = "gpt-6-sol";
/** 4,000 × 2 + 2,000 × 0.2 + 100 × 10 = 9,400 millionths of a dollar. */
const CODEX_COST_PICO = 9_400_000_000n;

/** Model of {@link geminiAnswer}; 0.30 USD in, 0.03 cache read, 2.50 out per million tokens. */
const GEMINI_MODEL = "gemini-2.5-flash";
/** 4,000 × 0.3 + 1,000 × 0.03 + (30 + 50) × 2.5 = 1,430 millionths of a dollar. */
const GEMINI_COST_PICO = 1_430_000_000n;

/** What Codex is sent for one turn, as JSON texts. A warm-up asks for nothing to be generated. */
function responseEvents(id: string, warmUp = false): string[] {
  const item = {
    type: "message",
    id: "msg_1",
    status: "completed",
    role: "assistant",
    content: [{ type: "output_text", text: SAID, annotations: [] }],
  };
  const response = { id, object: "response", created_at: 1, model: CODEX_MODEL, service_tier: "default" };
  const usage = warmUp ? { input_tokens: 0, output_tokens: 0, total_tokens: 0 } : {
    input_tokens: 6_000,
    input_tokens_details: { cached_tokens: 2_000 },
    output_tokens: 100,
    output_tokens_details: { reasoning_tokens: 50 },
    total_tokens: 6_100,
  };
  const created = { type: "response.created", response: { ...response, status: "in_progress", output: [] } };
  const done = { type: "response.output_item.done", output_index: 0, item };
  const output = warmUp ? [] : [item];
  const completed = { type: "response.completed", response: { ...response, status: "completed", output, usage } };
  return (warmUp ? [created, completed] : [created, done, completed]).map((event) => JSON.stringify(event));
}

function asEvents(events: readonly string[]): string[] {
  return events.map((data) => `event: ${JSON.parse(data).type}\ndata: ${data}\n\n`);
}

function geminiAnswer() {
  return {
    candidates: [{ content: { parts: [{ text: SAID }], role: "model" }, finishReason: "STOP", index: 0 }],
    usageMetadata: {
      promptTokenCount: 5_000,
      cachedContentTokenCount: 1_000,
      candidatesTokenCount: 30,
      thoughtsTokenCount: 50,
      totalTokenCount: 5_080,
    },
    modelVersion: GEMINI_MODEL,
    responseId: "g1",
  };
}

/** Runs a tool as a user does, in a repository called `shop`. */
async function useTool(meter: Meter, tool: string, args: readonly string[], env: Record<string, string>) {
  const shop = `${meter.root}/shop`;
  await Deno.mkdir(`${shop}/.git`, { recursive: true });
  await Deno.writeTextFile(`${shop}/.git/HEAD`, "ref: refs/heads/main\n");
  const command = ["run", "--", `${TOOLS}/${tool}`, ...args];
  const { code, stdout, stderr } = await meter.command(command, { cwd: shop, env: { ...env, TERM: "dumb" } });
  equal(code, 0, stdout + stderr);
  return stdout;
}

/** The calls that the tool made, without those that bill nothing, once there are `count`. */
async function billed(meter: Meter, count = 1) {
  const rows = () => meter.rows().filter(({ costPico }) => costPico !== 0n);
  await until(`${count} calls that are billed`, () => rows().length >= count);
  return rows().map((row) => {
    const { provider, model, mode, project, clientName, costPico, billingBasis } = row;
    return { provider, model, mode, project, clientName, costPico, billingBasis };
  });
}

function path({ head }: ReceivedRequest): string {
  return head.split(" ")[1] ?? "";
}

function notFound(): Answer {
  return jsonAnswer(404, { error: { type: "not_found_error", message: "The stand-in has no such thing" } });
}

const CLAUDE_LOGINS: readonly (readonly [string, Record<string, string>])[] = [
  ["metered", { ANTHROPIC_API_KEY: `sk-ant-api03-${"a".repeat(93)}-AA` }],
  ["subscription", { CLAUDE_CODE_OAUTH_TOKEN: `sk-ant-oat01-${"a".repeat(93)}-AA` }],
];

for (const [billingBasis, login] of CLAUDE_LOGINS) {
  Deno.test(
    `Claude Code is metered: each of its calls, its price, its project (${billingBasis})`,
    WITHOUT,
    async () => {
      let calls = 0;
      const stand = await startProvider({
        host: "api.anthropic.com",
        answer: (request) => {
          if (!path(request).startsWith("/v1/messages?")) return notFound();
          match(text(request.body), /"stream":true/);
          return eventStream(anthropicEvents(`msg_${calls++}`, [SAID]), GAP_MS);
        },
      });
      try {
        await withMeter({ providers: [stand] }, async (meter) => {
          const env = { ...login, DISABLE_AUTOUPDATER: "1" };
          match(await useTool(meter, "claude", ["-p", PROMPT, "--model", ANTHROPIC_MODEL], env), new RegExp(SAID));
          const expected = {
            provider: "anthropic",
            model: ANTHROPIC_MODEL,
            mode: "streaming",
            project: "shop",
            clientName: "claude-code",
            costPico: ANTHROPIC_COST_PICO,
            billingBasis,
          };
          // In a repository it also asks for a title.
          await meter.waitForRows(calls);
          deepEqual(await billed(meter), Array.from({ length: calls }, () => expected));
        });
      } finally {
        await stand.stop();
      }
    },
  );
}

const CODEX = {
  provider: "openai",
  model: CODEX_MODEL,
  project: "shop",
  clientName: "codex",
  costPico: CODEX_COST_PICO,
  billingBasis: "metered",
};
const CODEX_ARGS = ["exec", "--skip-git-repo-check", "-s", "read-only", PROMPT];
const CODEX_ENV = { CODEX_API_KEY: `sk-proj-${"b".repeat(60)}` };

Deno.test("Codex is metered over its WebSocket, and its warm-up costs nothing", WITHOUT, async () => {
  const stand = await startSocketProvider("api.openai.com", "127.0.0.1", (message, n) => {
    return responseEvents(`resp_${n}`, JSON.parse(message).generate === false);
  });
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      match(await useTool(meter, "codex", CODEX_ARGS, CODEX_ENV), new RegExp(SAID));
      deepEqual(await billed(meter), [{ ...CODEX, mode: "websocket" }]);
    });
  } finally {
    await stand.stop();
  }
});

Deno.test("Codex is metered over HTTP where its WebSocket is refused", WITHOUT, async () => {
  const stand = await startProvider({
    host: "api.openai.com",
    answer: (request) => {
      if (/^upgrade: websocket/im.test(request.head) || path(request) !== "/v1/responses") return notFound();
      return eventStream(asEvents(responseEvents("resp_1")), GAP_MS);
    },
  });
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      match(await useTool(meter, "codex", CODEX_ARGS, CODEX_ENV), new RegExp(SAID));
      deepEqual(await billed(meter), [{ ...CODEX, mode: "streaming" }]);
    });
  } finally {
    await stand.stop();
  }
});

Deno.test("Gemini CLI is metered", WITHOUT, async () => {
  const stand = await startProvider({
    host: "generativelanguage.googleapis.com",
    answer: (request) => {
      if (path(request).includes(":countTokens")) return jsonAnswer(200, { totalTokens: 7 });
      if (!path(request).includes(":streamGenerateContent")) return notFound();
      return eventStream([`data: ${JSON.stringify(geminiAnswer())}\n\n`], GAP_MS);
    },
  });
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      const env = { GEMINI_API_KEY: `AIza${"c".repeat(35)}`, GEMINI_CLI_TRUST_WORKSPACE: "true" };
      match(await useTool(meter, "gemini", ["-m", GEMINI_MODEL, "-p", PROMPT], env), new RegExp(SAID));
      deepEqual(await billed(meter), [{
        provider: "gemini",
        model: GEMINI_MODEL,
        mode: "streaming",
        project: "shop",
        clientName: "gemini-cli",
        costPico: GEMINI_COST_PICO,
        billingBasis: "metered",
      }]);
    });
  } finally {
    await stand.stop();
  }
});
