import { strictEqual as equal } from "node:assert/strict";
import { VERSION } from "../../src/team/version.ts";

Deno.test("VERSION is that of deno.json", () => {
  const config: unknown = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)));
  equal((config as { version?: unknown }).version, VERSION);
});
