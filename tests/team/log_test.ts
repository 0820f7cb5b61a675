import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { createTeamLog, reasonOf } from "../../src/team/log.ts";

Deno.test("createTeamLog() writes one JSON line per event, time first", () => {
  const lines: string[] = [];
  createTeamLog((line) => lines.push(line), () => new Date(0))({ event: "server.stopped" });
  deepEqual(lines, ['{"timestamp":"1970-01-01T00:00:00.000Z","event":"server.stopped"}']);
});

Deno.test("createTeamLog() outlives a sink that throws", () => {
  createTeamLog(() => {
    throw new Error("full");
  })({ event: "server.stopped" });
});

Deno.test("reasonOf() names the class and the code of an error, never its message", () => {
  equal(reasonOf(Object.assign(new Error("the prompt"), { code: "23505" })), "Error 23505");
  equal(reasonOf(Object.assign(new Error("the prompt"), { code: "a sentence" })), "Error");
  equal(reasonOf("text"), "unknown error");
});
