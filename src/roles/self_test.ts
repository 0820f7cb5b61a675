/**
 * The self-test: one real call through the real path, edge and interceptor and recorder, to a stand-in provider on this
 * machine. No provider is contacted, and no report counts the call.
 *
 * A step that fails names its layer, so that `init` and `doctor` can say what to mend.
 *
 * Imports: domain, os (types), store, roles.
 *
 * @module
 */

import { SELF_TEST } from "../domain/hosts.ts";
import { installationId, type Paths } from "../os/paths.ts";
import { openReadOnly } from "../store/database.ts";
import { auditTrail } from "../store/settings.ts";
import { holdSelfTest } from "./control_client.ts";
import { edgeAt } from "./edge_probe.ts";
import { SELF_TEST_EVENT, type SelfTestDetails } from "./self_test_record.ts";
import { closeQuietly, writeAll } from "./splice.ts";
import { type StandIn, startStandIn } from "./stand_in.ts";

/** Where a call can be lost, in the order of its way. */
export type SelfTestLayer = "daemon" | "stand-in" | "edge" | "interceptor" | "certificate" | "provider" | "recorder";

/** What came of it. */
export type SelfTestResult =
  | {
    readonly ok: true;
    /** From the first byte sent to the last byte received, ms. */
    readonly callMs: number;
    readonly recorded: SelfTestDetails;
  }
  | { readonly ok: false; readonly layer: SelfTestLayer; readonly found: string; readonly hint: string };

/** A step fails by throwing this. */
class LayerFailure extends Error {
  readonly layer: SelfTestLayer;
  readonly hint: string;

  constructor(layer: SelfTestLayer, found: string, hint: string) {
    super(found);
    this.layer = layer;
    this.hint = hint;
  }
}

/** Longest wait for any one step; each takes milliseconds. */
const STEP_MS = 10_000;
const POLL_MS = 20;

/** What the stand-in says that the call used. */
const EXPECTED = { model: "claude-opus-5", input_tokens: 1_200, output_tokens: 850 } as const;

/** Has the shape of a key, so that redaction has something to find. */
const SAMPLE_KEY = `sk-ant-api03-${"Sample0Key".repeat(9)}-AA`;

/** What the test needs to know. */
export interface SelfTestOptions {
  readonly paths: Paths;
  readonly edgePort: number;
  /** `daemon.internal_port`, the only port of this machine that the interceptor may dial. */
  readonly standInPort: number;
}

/** Runs the test. Never throws. */
export async function selfTest(options: SelfTestOptions): Promise<SelfTestResult> {
  const { paths, edgePort, standInPort } = options;
  const toClose: (() => unknown)[] = [];
  try {
    const root = readRoot(paths);
    const standIn = await openStandIn(standInPort);
    toClose.push(standIn.stop);
    toClose.push(await arm(paths, standIn, standInPort));
    if (await edgeAt(edgePort, installationId(paths)) === null) {
      throw new LayerFailure(
        "edge",
        `Nothing of the meter answers on 127.0.0.1:${edgePort}`,
        "Run: halton-meter start",
      );
    }
    const mark = crypto.randomUUID();
    const started = performance.now();
    checkAnswer(await call(edgePort, root, `/v1/messages?self-test=${mark}`));
    const callMs = performance.now() - started;
    return { ok: true, callMs, recorded: checkRecord(await recordOf(paths.database, mark)) };
  } catch (error) {
    if (error instanceof LayerFailure) return { ok: false, layer: error.layer, found: error.message, hint: error.hint };
    const name = error instanceof Error ? error.name : "unknown error";
    return {
      ok: false,
      layer: "daemon",
      found: `The test itself failed with ${name}`,
      hint: "Run: halton-meter doctor",
    };
  } finally {
    for (const close of toClose.reverse()) await close();
  }
}

function readRoot(paths: Paths): string {
  try {
    return Deno.readTextFileSync(paths.caCertificate);
  } catch {
    throw new LayerFailure(
      "certificate",
      `There is no certificate at ${paths.caCertificate}`,
      "Run: halton-meter init",
    );
  }
}

async function openStandIn(port: number): Promise<StandIn> {
  if (port === 0) {
    throw new LayerFailure("stand-in", "daemon.internal_port is 0", "Set daemon.internal_port to a free port");
  }
  try {
    return await startStandIn({ now: Date.now(), hosts: [SELF_TEST.as], port });
  } catch {
    throw new LayerFailure(
      "stand-in",
      `Port ${port}, where the test's own provider should listen, is taken`,
      "Set daemon.internal_port in config.toml to a free port, then run: halton-meter stop && halton-meter start",
    );
  }
}

/** Tells the daemon where the stand-in is. @returns what takes it back. */
async function arm(paths: Paths, { caCertPem }: StandIn, port: number): Promise<() => void> {
  const armed = await holdSelfTest(paths.socket, caCertPem, STEP_MS);
  if (armed === null) throw new LayerFailure("daemon", "No daemon answers", "Run: halton-meter start");
  if (armed.port === port) return armed.release;
  armed.release();
  throw new LayerFailure(
    "daemon",
    `The daemon was started with daemon.internal_port ${armed.port}, and config.toml says ${port}`,
    "Run: halton-meter stop && halton-meter start",
  );
}

/** Makes the call as a client would that knows the proxy and the certificate. @returns the whole answer. */
async function call(edgePort: number, root: string, target: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: edgePort });
  const state: { open: Deno.Conn } = { open: connection };
  const timer = setTimeout(() => closeQuietly(state.open), STEP_MS);
  try {
    const authority = `${SELF_TEST.host}:443`;
    await writeAll(connection, encode(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`));
    const opened = await readUntil(connection, "\r\n\r\n");
    if (!/^HTTP\/1\.1 200 /.test(opened)) {
      throw new LayerFailure(
        "interceptor",
        "The edge cannot reach the daemon's interceptor, and tunnels calls unmetered",
        "Run: halton-meter stop && halton-meter start",
      );
    }
    state.open = await handshake(connection, root);
    await writeAll(state.open, request(target));
    return await readUntil(state.open, null);
  } catch (error) {
    if (error instanceof LayerFailure) throw error;
    throw new LayerFailure("provider", "The call was broken off", "Look at: halton-meter logs daemon");
  } finally {
    clearTimeout(timer);
    closeQuietly(state.open);
  }
}

async function handshake(connection: Deno.TcpConn, root: string): Promise<Deno.TlsConn> {
  try {
    const tls = await Deno.startTls(connection, { hostname: SELF_TEST.as, caCerts: [root] });
    await tls.handshake();
    return tls;
  } catch (error) {
    const certificate = error instanceof Error && /certificate|InvalidData/i.test(`${error.name} ${error.message}`);
    throw certificate
      ? new LayerFailure(
        "certificate",
        "The daemon's certificates do not come from the certificate authority on disk",
        "Run: halton-meter stop && halton-meter start",
      )
      : new LayerFailure(
        "interceptor",
        "The interceptor does not answer a TLS handshake",
        "Run: halton-meter stop && halton-meter start",
      );
  }
}

function request(target: string): Uint8Array {
  const body = JSON.stringify({
    model: EXPECTED.model,
    max_tokens: 64,
    stream: true,
    messages: [{ role: "user", content: `A self-test of halton-meter, with something to mask: ${SAMPLE_KEY}` }],
  });
  return encode(
    `POST ${target} HTTP/1.1\r\nHost: ${SELF_TEST.as}\r\nUser-Agent: halton-meter-self-test\r\n` +
      `X-Api-Key: ${SAMPLE_KEY}\r\nContent-Type: application/json\r\nContent-Length: ${encode(body).length}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Reads up to `end`, or to the end of the stream. */
async function readUntil(connection: Deno.Conn, end: string | null): Promise<string> {
  const buffer = new Uint8Array(16_384);
  const decoder = new TextDecoder();
  let text = "";
  while (end === null || !text.endsWith(end)) {
    const count = await connection.read(buffer);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return text;
}

function checkAnswer(answer: string): void {
  if (/^HTTP\/1\.1 200 /.test(answer) && answer.includes("event: message_stop")) return;
  const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? "nothing";
  throw new LayerFailure(
    "provider",
    `The interceptor could not relay the call: the answer was ${status}`,
    "Look at: halton-meter logs daemon",
  );
}

/** What the recorder noted of the call with this mark; null when it noted none in time. */
async function recordOf(database: string, mark: string): Promise<SelfTestDetails | null> {
  const deadline = performance.now() + STEP_MS;
  for (;;) {
    const db = openReadOnly(database);
    const events = db === null ? [] : auditTrail(db, 50);
    db?.close();
    const found = events.find(({ event, details }) =>
      event === SELF_TEST_EVENT && String(details["path"]).includes(mark)
    );
    if (found !== undefined) return found.details as unknown as SelfTestDetails;
    if (performance.now() > deadline) return null;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function checkRecord(recorded: SelfTestDetails | null): SelfTestDetails {
  const hint = "Look at: halton-meter status, halton-meter logs daemon";
  if (recorded === null) throw new LayerFailure("recorder", "The call was relayed, but the recorder noted none", hint);
  const { model, input_tokens, output_tokens, cost_pico, bodies, redactions } = recorded;
  const counted = model === EXPECTED.model && input_tokens === EXPECTED.input_tokens &&
    output_tokens === EXPECTED.output_tokens;
  if (!counted) throw new LayerFailure("recorder", "The recorder read other token counts than were sent", hint);
  if (cost_pico === null) throw new LayerFailure("recorder", `The price list has no price for ${EXPECTED.model}`, hint);
  if (bodies > 0 && redactions === 0) {
    throw new LayerFailure("recorder", "The recorder stores bodies without masking a key in them", hint);
  }
  return recorded;
}
