import { strictEqual as equal, throws } from "node:assert/strict";
import { publicUrlIn, readSettings } from "../../src/team/settings.ts";

Deno.test("publicUrlIn() takes https, and http on this machine only", () => {
  equal(publicUrlIn("https://meter.example.com/"), "https://meter.example.com");
  equal(publicUrlIn("http://127.0.0.1:8790"), "http://127.0.0.1:8790");
  equal(publicUrlIn("http://localhost:8790"), "http://localhost:8790");
  equal(publicUrlIn(""), "");
  for (
    const wrong of [
      "http://meter.example.com",
      "http://127.evil.example",
      "ftp://x",
      "meter",
      "https://x/path",
      "https://x/?q",
    ]
  ) {
    throws(() => publicUrlIn(wrong), /Cannot use HALTON_METER_PUBLIC_URL/, wrong);
  }
});

Deno.test("readSettings() reads the environment and refuses numbers that are none", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  const flags = { port: 1, listen: "127.0.0.1" };
  equal(readSettings(flags, env({})).behindProxy, false);
  equal(readSettings(flags, env({ HALTON_METER_INGEST_PER_MINUTE: "7" })).limits.ingestPerMinute, 7);
  throws(() => readSettings(flags, env({ HALTON_METER_INGEST_PER_MINUTE: "0" })), /not a whole number/);
});

Deno.test("readSettings() listens on others than this machine only with a public address before it", () => {
  const flags = { port: 1, listen: "0.0.0.0" };
  throws(() => readSettings(flags, () => undefined), /Cannot listen beyond this machine/);
  const env = (name: string) => name === "HALTON_METER_PUBLIC_URL" ? "https://meter.example.com" : undefined;
  equal(readSettings(flags, env).listen, "0.0.0.0");
  for (const listen of ["127.0.0.1", "::1", "localhost"]) {
    equal(readSettings({ port: 1, listen }, () => undefined).listen, listen);
  }
});
