import { strictEqual as equal } from "node:assert/strict";
import { callPath, callsPath, projectPath, reportPath, withQuery } from "../../../src/api/pages/links.ts";

Deno.test("paths carry filters that are set, and no others", () => {
  equal(callsPath(), "/requests");
  equal(callsPath({ project: "a", model: "", from: undefined }), "/requests?project=a");
  equal(callsPath({ q: "a&b=c" }, "abc"), "/requests?q=a%26b%3Dc&cursor=abc");
  equal(projectPath("a", 7), "/projects/a?days=7");
  equal(reportPath("a", "2026-01-01"), "/projects/a/report?from=2026-01-01");
  equal(withQuery("/", { days: 0 }), "/?days=0");
});

Deno.test("names in paths cannot leave their segment", () => {
  equal(callPath("../../x?y#z"), "/requests/..%2F..%2Fx%3Fy%23z");
  equal(projectPath("a/b"), "/projects/a%2Fb");
});
