import { deepStrictEqual as deepEqual, doesNotThrow, strictEqual as equal } from "node:assert/strict";
import { createLog, errorLabel, formatLogLine } from "../src/log.ts";

const NOW = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6));

Deno.test("formatLogLine is one line of JSON, time first", () => {
  const line = formatLogLine(
    { event: "role.crashed", role: "edge", reason: 'two\nlines "quoted"', restart_in_ms: 1 },
    NOW,
  );
  equal(line.includes("\n"), false);
  equal(line.startsWith('{"timestamp":"2026-01-02T03:04:05.006Z","event":"role.crashed"'), true);
  deepEqual(JSON.parse(line), {
    timestamp: "2026-01-02T03:04:05.006Z",
    event: "role.crashed",
    role: "edge",
    reason: 'two\nlines "quoted"',
    restart_in_ms: 1,
  });
});

Deno.test("createLog stamps each line with the time of its event", () => {
  const lines: string[] = [];
  let now = NOW;
  const log = createLog((line) => lines.push(line), () => now);
  log({ event: "daemon.exit", reason: "stopped" });
  now = new Date(NOW.getTime() + 1000);
  log({ event: "daemon.exit", reason: "stopped" });
  deepEqual(lines.map((line) => JSON.parse(line).timestamp.slice(17)), ["05.006Z", "06.006Z"]);
});

Deno.test("createLog survives a sink that throws, and goes on with the next line", () => {
  let calls = 0;
  const log = createLog(() => {
    if (calls++ === 0) throw new Error("disk full");
  }, () => NOW);
  doesNotThrow(() => log({ event: "daemon.exit", reason: "stopped" }));
  log({ event: "daemon.exit", reason: "stopped" });
  equal(calls, 2);
});

Deno.test("errorLabel gives class and code, never the message", () => {
  equal(errorLabel(new TypeError("sk-secret")), "TypeError");
  equal(errorLabel(Object.assign(new Error("sk-secret"), { code: "ENOENT" })), "Error ENOENT");
  equal(errorLabel(Object.assign(new Error("sk-secret"), { code: 7 })), "Error");
  equal(errorLabel("sk-secret"), "unknown error");
  equal(errorLabel(null), "unknown error");
});
