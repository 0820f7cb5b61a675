import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { type Config, defaultConfig } from "../../src/domain/config.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import { callRecords, open, REQUEST, tell, withRecorder } from "./recorder_bench.ts";

const SHOP = { slug: "shop", layer: "git" } as const;
const BADGE = { name: "badge", pattern: "B-\\d{6}" };

function withRules(...rules: { name: string; pattern: string }[]) {
  return (config: Config): Config => ({ ...config, redaction: { rules } });
}

const call = {
  target: "/v1/messages?q=B-123456",
  request: REQUEST.replace("How much", "Badge B-123456: how much"),
};

Deno.test("Recorder applies the user's rules to bodies and targets", async () => {
  await withRecorder(withRules(BADGE), async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    tell(bench.recorder, open(1), ...callRecords({ c: 1, ...call }));
    const [row] = await bench.rows();
    equal(row?.["path"], "/v1/messages?q=[REDACTED:badge]");
    const request = bench.bodies(row).find(({ direction }) => direction === "request");
    ok(request?.text.includes("Badge [REDACTED:badge]: how much"), request?.text);
    equal(bench.onDisk().includes("B-123456"), false);
  });
});

Deno.test("Recorder follows a change of the user's rules", async () => {
  await withRecorder(withRules(), async (bench) => {
    bench.recorder.setOwner(5001, SHOP);
    tell(bench.recorder, open(1), ...callRecords({ c: 1, x: 0, ...call }));
    await bench.rows();
    bench.recorder.configure(withRules(BADGE)(defaultConfig()), createRateTable());
    tell(bench.recorder, ...callRecords({ c: 1, x: 1, ...call }));
    const paths = (await bench.rows()).map((row) => row["path"]);
    deepEqual(paths, ["/v1/messages?q=B-123456", "/v1/messages?q=[REDACTED:badge]"]);
  });
});
