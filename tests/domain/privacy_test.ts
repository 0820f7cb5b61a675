import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { judgeKey, judgeListening, judgeOutbound, modeText } from "../../src/domain/privacy.ts";

Deno.test("judgeListening wants 127.0.0.1 and nothing else", () => {
  equal(judgeListening(8765, ["127.0.0.1"]).state, "ok");
  equal(judgeListening(8765, []).state, "problem");
  equal(judgeListening(8765, null).state, "unknown");
  for (const other of ["*", "0.0.0.0", "::1", "::", "192.168.1.4"]) {
    const found = judgeListening(8765, ["127.0.0.1", other]);
    equal(found.state, "problem", other);
    match(found.detail, /also open on/);
  }
});

Deno.test("judgeOutbound lets the interceptor reach the providers, sync its server, and nobody else anything", () => {
  const at = (role: string, place: string, expected: boolean) => ({ role, place, expected });
  equal(judgeOutbound(null).state, "unknown");
  deepEqual(judgeOutbound([]), {
    state: "ok",
    detail: "no call since the start",
    hint: "See every destination: halton-meter connections",
  });
  equal(judgeOutbound([at("edge", "example.com:443", false), at("interceptor", "api.x.ai:443", true)]).state, "ok");
  equal(judgeOutbound([at("sync", "team.example:443", true)]).state, "ok");
  for (
    const stranger of [
      at("interceptor", "collector.example:443", false),
      at("sync", "collector.example:443", false),
      at("recorder", "api.x.ai:443", true),
      at("api", "api.x.ai:443", true),
    ]
  ) {
    const found = judgeOutbound([at("interceptor", "api.x.ai:443", true), stranger]);
    equal(found.state, "problem", stranger.role);
    equal(found.detail, `${stranger.role} → ${stranger.place}`);
  }
});

Deno.test("judgeKey wants 0700 and 0600, no more and no less", () => {
  const modes = { folder: "/ca", folderMode: 0o700, key: "/ca/key.pem", keyMode: 0o600 };
  deepEqual(judgeKey(modes), { state: "ok", detail: "drwx------ /ca, -rw------- /ca/key.pem", hint: null });
  for (const changed of [{ folderMode: 0o755 }, { folderMode: 0o500 }, { keyMode: 0o640 }, { keyMode: 0o400 }]) {
    equal(judgeKey({ ...modes, ...changed }).state, "problem");
  }
  match(judgeKey({ ...modes, keyMode: null }).detail, /no key at/);
});

Deno.test("modeText writes modes as ls does", () => {
  equal(modeText("d", 0o755), "drwxr-xr-x");
  equal(modeText("-", 0o604), "-rw----r--");
});
