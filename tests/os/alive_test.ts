import { strictEqual as equal } from "node:assert/strict";
import { isAlive } from "../../src/os/alive.ts";

Deno.test("isAlive knows a process that runs from one that was killed", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  equal(isAlive(child.pid), true);
  equal(isAlive(Deno.pid), true);
  child.kill("SIGKILL");
  await child.status;
  equal(isAlive(child.pid), false);
});
