import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { type Config, defaultConfig, parseConfig, SETTINGS } from "../../src/domain/config.ts";
import { describeProblem } from "../../src/domain/config_checks.ts";

function accept(raw: unknown): Config {
  const { config, problems } = parseConfig(raw);
  ok(config !== null, problems?.map(describeProblem).join("\n"));
  return config;
}

function refuse(raw: unknown): string[] {
  const { problems } = parseConfig(raw);
  ok(problems !== null, "accepted");
  return problems.map(describeProblem);
}

Deno.test("defaultConfig has the documented values", () => {
  deepEqual(defaultConfig(), {
    daemon: { edgePort: 8081, internalPort: 8090, apiPort: 8765 },
    cors: { allowOrigins: ["http://localhost:3000"] },
    bodies: { enabled: true, maxBodyBytes: 524288, retentionDays: 90, maxTotalBytes: 0 },
    tagging: { defaultProject: "misc" },
    cloud: {
      enabled: false,
      baseUrl: "https://api.haltonmeter.com",
      workspaceId: null,
      promptHash: "hmac",
      bodySync: false,
      upload: {
        preset: "standard",
        fields: { sourceWorkdir: null, promptHash: null, hostname: null },
        perProject: {},
      },
    },
    upstream: { map: {}, caFile: null, proxy: null },
    pricing: { overrides: [] },
    redaction: { rules: [] },
  });
});

Deno.test("SETTINGS are described, distinct, and pass their own checks", () => {
  const settings = Object.values(SETTINGS);
  equal(new Set(settings.map(({ key }) => key)).size, settings.length);
  for (const { key, help, fallback, check } of settings) {
    ok(/^[A-Z].*\.$/.test(help), key);
    if (fallback === null) continue;
    const problems: never[] = [];
    deepEqual(check(fallback, { path: key.split("."), problems }), fallback, key);
  }
});

Deno.test("parseConfig takes every setting from its key", () => {
  const config = accept({
    daemon: { edge_port: 0, internal_port: 0, api_port: 0 },
    cors: { allow_origins: [] },
    bodies: { enabled: false, max_body_bytes: 1, retention_days: 2, max_total_bytes: 3 },
    tagging: { default_project: "team:other" },
    cloud: {
      enabled: true,
      base_url: "http://127.0.0.1:9000/",
      workspace_id: "ws_1",
      prompt_hash: "plain",
      body_sync: true,
      upload: {
        preset: "full",
        fields: { source_workdir: false, prompt_hash: true, hostname: false },
        per_project: { billing: { preset: "minimal" }, "a/b": { fields: { hostname: true } } },
      },
    },
    upstream: { map: { "api.openai.com": "[::1]:9443" }, ca_file: "/etc/ca.pem", proxy: "http://proxy.example" },
    redaction: { rules: [{ name: "badge", pattern: "B-\\d{6}" }] },
  });
  deepEqual(config.daemon, { edgePort: 0, internalPort: 0, apiPort: 0 });
  deepEqual(config.cors, { allowOrigins: [] });
  deepEqual(config.bodies, { enabled: false, maxBodyBytes: 1, retentionDays: 2, maxTotalBytes: 3 });
  equal(config.tagging.defaultProject, "team:other");
  deepEqual(config.cloud, {
    enabled: true,
    baseUrl: "http://127.0.0.1:9000",
    workspaceId: "ws_1",
    promptHash: "plain",
    bodySync: true,
    upload: {
      preset: "full",
      fields: { sourceWorkdir: false, promptHash: true, hostname: false },
      perProject: {
        billing: { preset: "minimal", fields: { sourceWorkdir: null, promptHash: null, hostname: null } },
        "a/b": { preset: null, fields: { sourceWorkdir: null, promptHash: null, hostname: true } },
      },
    },
  });
  deepEqual(config.upstream, {
    map: { "api.openai.com": { host: "::1", port: 9443 } },
    caFile: "/etc/ca.pem",
    proxy: { host: "proxy.example", port: 80, authorization: null },
  });
  deepEqual(config.redaction.rules, [{ name: "badge", pattern: "B-\\d{6}" }]);
});

Deno.test("parseConfig says what it found and what it wants, once per problem", () => {
  deepEqual(
    refuse({
      daemon: { edge_port: 65536, internal_port: 1.5, api_port: -1 },
      bodies: { enabled: "yes", max_body_bytes: "512K", retention_days: 0 },
      cors: { allow_origins: ["*", 7] },
    }),
    [
      "daemon.edge_port: found 65536, wanted a port number from 0 to 65535",
      "daemon.internal_port: found 1.5, wanted a port number from 0 to 65535",
      "daemon.api_port: found -1, wanted a port number from 0 to 65535",
      "cors.allow_origins[0]: found another string, wanted an origin such as http://localhost:3000",
      "cors.allow_origins[1]: found 7, wanted an origin such as http://localhost:3000",
      "bodies.enabled: found a string, wanted true or false",
      "bodies.max_body_bytes: found a string, wanted a whole number of bytes from 0 to 67108864",
      "bodies.retention_days: found 0, wanted a whole number of days from 1 to 36500",
    ],
  );
});

Deno.test("parseConfig repeats no string of the file", () => {
  const secret = "hunter2-s3cret";
  const raw = {
    daemon: { edge_port: secret },
    cors: { allow_origins: [secret] },
    bodies: { enabled: secret },
    tagging: { default_project: `${secret}!` },
    cloud: {
      base_url: `http://u:${secret}@example.com`,
      workspace_id: `${secret} x`,
      prompt_hash: secret,
      upload: { preset: secret, fields: { hostname: secret }, per_project: { a: secret } },
    },
    upstream: { map: { "api.openai.com": secret }, ca_file: secret, proxy: `https://u:${secret}@proxy` },
    pricing: { overrides: [{ provider: secret, model: `${secret} x`, input: secret, output: secret, from: secret }] },
    redaction: { rules: [{ name: `${secret}!`, pattern: `(${secret}` }] },
  };
  const lines = refuse(raw);
  equal(lines.length, 20, lines.join("\n"));
  equal(lines.join("\n").includes("s3cret"), false, lines.join("\n"));
});

Deno.test("parseConfig suggests what a misspelt key was meant to be", () => {
  deepEqual(
    refuse({ bodis: {}, bodies: { enabeld: true, zzz: 1 }, edge_port: 1, upstream: { map: { api: { openai: 1 } } } }),
    [
      'bodis: found an unknown key; did you mean "bodies"?',
      'edge_port: found an unknown key; did you mean "daemon.edge_port"?',
      'bodies.enabeld: found an unknown key; did you mean "enabled"?',
      "bodies.zzz: found an unknown key, wanted one of enabled, max_body_bytes, retention_days, max_total_bytes",
      "upstream.map.api: found an unknown key, wanted api.anthropic.com or api.openai.com or " +
      "generativelanguage.googleapis.com or api.x.ai or chatgpt.com or cloudcode-pa.googleapis.com, in quotes",
    ],
  );
});

Deno.test("parseConfig wants tables where tables belong", () => {
  deepEqual(refuse({ bodies: 3, cloud: { upload: [] }, upstream: { map: "x" } }), [
    "bodies: found 3, wanted a table",
    "cloud.upload: found a list, wanted a table",
    "upstream.map: found a string, wanted a table",
  ]);
});

Deno.test("parseConfig refuses ports that clash, but not free ones", () => {
  deepEqual(refuse({ daemon: { edge_port: 9000, api_port: 9000 } }), [
    "daemon.api_port: found 9000, wanted a port that no other setting has",
  ]);
  deepEqual(refuse({ daemon: { internal_port: 8081 } }), [
    "daemon.internal_port: found 8081, wanted a port that no other setting has",
  ]);
});

Deno.test("parseConfig makes a proxy's credentials ready to send", () => {
  const { proxy } = accept({ upstream: { proxy: "http://ad%40a:p%3Ass@[::1]:3128/" } }).upstream;
  deepEqual(proxy, { host: "::1", port: 3128, authorization: `Basic ${btoa("ad@a:p:ss")}` });
  for (
    const url of ["https://proxy:3128", "http://proxy:3128/path", "http://u:%zz@proxy", "proxy:3128", "http://p:0"]
  ) {
    equal(refuse({ upstream: { proxy: url } }).length, 1, url);
  }
});

Deno.test("parseConfig sends no token in clear text off this machine", () => {
  equal(refuse({ cloud: { base_url: "http://meter.example" } }).length, 1);
  equal(accept({ cloud: { base_url: "https://meter.example/team/" } }).cloud.baseUrl, "https://meter.example/team");
});

Deno.test("parseConfig keeps prices as exact decimals", () => {
  const base = { provider: "openai", model: "gpt-x" };
  const { overrides } = accept({
    pricing: {
      overrides: [
        { ...base, input: 0.0375, output: "10", cache_read: 0, from: "2026-01-01", until: new Date(1_800_000_000_000) },
        { ...base, input: "1.25", output: 2.5, cache_write_5m: 1, cache_write_1h: "2" },
      ],
    },
  }).pricing;
  deepEqual(overrides, [
    {
      ...base,
      prices: { input: "0.0375", output: "10", cacheRead: "0" },
      validFrom: Date.UTC(2026, 0, 1),
      validUntil: 1_800_000_000_000,
    },
    {
      ...base,
      prices: { input: "1.25", output: "2.5", cacheWrite5m: "1", cacheWrite1h: "2" },
      validFrom: null,
      validUntil: null,
    },
  ]);
});

Deno.test("parseConfig refuses prices that would not be exact, and missing ones", () => {
  for (const input of [-1, 1e-7, NaN, Infinity, "1e3", "1.1234567", "", "0x1", true, undefined]) {
    const lines = refuse({ pricing: { overrides: [{ provider: "xai", model: "m", input, output: 1 }] } });
    equal(lines.length, 1, String(input));
    ok(lines[0]?.startsWith("pricing.overrides[0].input: found "), lines[0]);
  }
});

Deno.test("parseConfig refuses periods that are no periods", () => {
  const base = { provider: "gemini", model: "m", input: 1, output: 1 };
  const dates = ["2026-02-30", "2026-13-01", "2026-01-01T00:00:00", "soon", 5];
  for (const from of dates) equal(refuse({ pricing: { overrides: [{ ...base, from }] } }).length, 1, String(from));
  equal(
    refuse({ pricing: { overrides: [{ ...base, from: "2026-01-02", until: "2026-01-02" }] } })[0],
    "pricing.overrides[0].until: found a time that is not after from, wanted a later one",
  );
  const { overrides } = accept({ pricing: { overrides: [{ ...base, from: "2026-01-01T01:00:00+01:00" }] } }).pricing;
  equal(overrides[0]?.validFrom, Date.UTC(2026, 0, 1));
});

Deno.test("parseConfig refuses redaction rules that do not compile, match nothing, or share a name", () => {
  const rule = { name: "a", pattern: "x" };
  for (const pattern of ["(", "x*", "", "\\p{Nope}"]) {
    equal(refuse({ redaction: { rules: [{ ...rule, pattern }] } }).length, 1, pattern);
  }
  deepEqual(refuse({ redaction: { rules: [rule, rule] } }), [
    "redaction.rules[1].name: found a repeated name, wanted another name",
  ]);
});

Deno.test("parseConfig refuses redaction rules that can be made slow, or that take a built-in name", () => {
  deepEqual(refuse({ redaction: { rules: [{ name: "badge", pattern: "(a+)+$" }] } }), [
    "redaction.rules[0].pattern: found repetitions that can be combined in too many ways in rule badge, wanted a pattern that is cheap on any text",
  ]);
  deepEqual(refuse({ redaction: { rules: [{ name: "email", pattern: "x" }] } }), [
    "redaction.rules[0].name: found another string, wanted a name such as internal-token that no built-in rule has",
  ]);
});

Deno.test("parseConfig is not fooled by inherited names", () => {
  deepEqual(
    refuse(JSON.parse('{"__proto__": {"enabled": true}, "constructor": 1}')).map((line) => line.split(",")[0]),
    [
      "__proto__: found an unknown key",
      "constructor: found an unknown key",
    ],
  );
});
