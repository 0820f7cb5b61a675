import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { csvField } from "../../src/api/csv.ts";
import { row, write } from "../store/sample.ts";
import { withApi } from "./harness.ts";

Deno.test("csvField keeps RFC 4180, and no field is a formula", () => {
  equal(csvField(null), "");
  equal(csvField(-1.5), "-1.5");
  equal(csvField(false), "false");
  equal(csvField("plain"), "plain");
  equal(csvField('a,"b"\r\nc'), '"a,""b""\r\nc"');
  for (const bad of ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1"]) {
    ok(/^"?'/.test(csvField(bad)), JSON.stringify(bad));
  }
  equal(csvField("-12.5"), "-12.5");
});

Deno.test("requests.csv holds every call of the project once, over many pages, and nothing of others", async () => {
  await withApi(async ({ db, ask }) => {
    const calls = Array.from({ length: 1_203 }, (_, i) => row({ model: i === 5 ? '=HYPERLINK("x"),\n' : "m" }));
    write(db, [...calls, row({ attribution: { slug: "other/one", layer: "env" } })]);
    const response = await ask("/v1/projects/demo/requests.csv");
    equal(response.headers.get("content-type"), "text/csv; charset=utf-8");
    equal(response.headers.get("content-disposition"), 'attachment; filename="demo-requests.csv"');
    const text = await response.text();
    match(text, /^id,requested_at,project,provider,model,/);
    ok(text.includes(`,"'=HYPERLINK(""x""),\n",`));
    const ids = [...text.matchAll(/^([0-9a-f-]{36}),/gm)].map(([, id]) => id);
    deepEqual(ids.toSorted(), calls.map(({ id }) => id).sort());
    equal(text.endsWith("\r\n"), true);
    const other = await ask("/v1/projects/other%2Fone/requests.csv?provider=openai");
    equal((await other.text()).trimEnd().split("\r\n").length, 1);
    equal(other.headers.get("content-disposition"), 'attachment; filename="other-one-requests.csv"');
  });
});
