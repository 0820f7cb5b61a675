import { match, strictEqual as equal } from "node:assert/strict";
import { type ClientFacts, type ClientName, exempts, judgeClient } from "../../src/install/client_rules.ts";

const BUNDLE = "/home/me/.halton-meter/ca-bundle.pem";
const NODE_ROOTS = "/home/me/.halton-meter/node-extra-ca.pem";
const METER = {
  edgePort: 8081,
  systemTrusts: false,
  fileTrusts: (path: string) => [BUNDLE, NODE_ROOTS].includes(path),
};

const SET_UP = {
  HTTPS_PROXY: "http://127.0.0.1:8081",
  https_proxy: "http://127.0.0.1:8081",
  NO_PROXY: "localhost,127.0.0.1,::1",
  NODE_USE_ENV_PROXY: "1",
  NODE_EXTRA_CA_CERTS: NODE_ROOTS,
  SSL_CERT_FILE: BUNDLE,
  CURL_CA_BUNDLE: BUNDLE,
  GIT_SSL_CAINFO: BUNDLE,
  CODEX_CA_CERTIFICATE: BUNDLE,
};

function client(name: ClientName, changes: Record<string, string | undefined> = {}, version = "24.9.0"): ClientFacts {
  const env = Object.entries({ ...SET_UP, ...changes }).filter((entry): entry is [string, string] => !!entry[1]);
  return { name, version, env: new Map(env) };
}

const ALL: readonly ClientName[] = ["curl", "node", "python", "git", "claude", "codex", "gemini"];

Deno.test("judgeClient finds every tool metered where init has set everything", () => {
  for (const name of ALL) equal(judgeClient(client(name), METER).verdict, "metered", name);
});

Deno.test("judgeClient says of a bare environment that calls go past the meter, and what to type", () => {
  for (const name of ALL.filter((name) => name !== "git")) {
    const { verdict, hint } = judgeClient({ name, version: "24.9.0", env: new Map() }, METER);
    equal(verdict, "unmetered", name);
    match(hint ?? "", /halton-meter run --/);
  }
});

Deno.test("judgeClient tells another proxy from ours, without showing its password", () => {
  const { verdict, detail } = judgeClient(
    client("claude", { HTTPS_PROXY: "http://me:hunter2@proxy.corp.example:3128", https_proxy: undefined }),
    METER,
  );
  equal(verdict, "unmetered");
  match(detail, /proxy\.corp\.example:3128/);
  equal(detail.includes("hunter2"), false);
});

Deno.test("judgeClient takes the proxy that wins: the lower-case variable", () => {
  equal(judgeClient(client("curl", { https_proxy: "http://10.0.0.1:3128" }), METER).verdict, "unmetered");
  equal(judgeClient(client("curl", { HTTPS_PROXY: "http://10.0.0.1:3128" }), METER).verdict, "metered");
  equal(judgeClient(client("curl", { https_proxy: "localhost:8081" }), METER).verdict, "metered");
  equal(judgeClient(client("curl", { https_proxy: "http://127.0.0.1:8082" }), METER).verdict, "unmetered");
});

Deno.test("judgeClient sees where a tool is sent elsewhere", () => {
  const cases: [ClientName, Record<string, string>, RegExp][] = [
    ["claude", { ANTHROPIC_BASE_URL: "https://gateway.corp.example/v1" }, /gateway\.corp\.example/],
    ["claude", { CLAUDE_CODE_USE_BEDROCK: "1" }, /Bedrock/],
    ["claude", { CLAUDE_CODE_USE_VERTEX: "true" }, /Vertex/],
    ["codex", { OPENAI_BASE_URL: "http://127.0.0.1:11434/v1" }, /127\.0\.0\.1/],
    ["gemini", { GOOGLE_GEMINI_BASE_URL: "nonsense" }, /cannot be read/],
    ["gemini", { GOOGLE_GENAI_USE_VERTEXAI: "true" }, /Vertex/],
  ];
  for (const [name, env, expected] of cases) {
    const { verdict, detail } = judgeClient(client(name, env), METER);
    equal(verdict, "unmetered", detail);
    match(detail, expected);
  }
  equal(judgeClient(client("claude", { ANTHROPIC_BASE_URL: "https://api.anthropic.com" }), METER).verdict, "metered");
  equal(judgeClient(client("claude", { CLAUDE_CODE_USE_BEDROCK: "0" }), METER).verdict, "metered");
});

Deno.test("judgeClient sees that NO_PROXY exempts the tool's provider, and not another's", () => {
  equal(judgeClient(client("claude", { NO_PROXY: "localhost,.anthropic.com" }), METER).verdict, "unmetered");
  equal(judgeClient(client("claude", { NO_PROXY: "localhost,.openai.com" }), METER).verdict, "metered");
  equal(judgeClient(client("codex", { no_proxy: "*" }), METER).verdict, "unmetered");
});

Deno.test("judgeClient says that a tool would fail which does not trust the certificate", () => {
  equal(judgeClient(client("claude", { NODE_EXTRA_CA_CERTS: "/gone.pem" }), METER).verdict, "broken");
  equal(judgeClient(client("gemini", { NODE_EXTRA_CA_CERTS: undefined }), METER).verdict, "broken");
  equal(judgeClient(client("curl", { CURL_CA_BUNDLE: "/etc/other.pem" }), METER).verdict, "broken");
  equal(judgeClient(client("python", { SSL_CERT_FILE: undefined }), METER).verdict, "broken");
  equal(judgeClient(client("git", { GIT_SSL_CAINFO: "/gone.pem" }), METER).verdict, "broken");
});

Deno.test("judgeClient counts on the system's trust store where a tool asks it", () => {
  const trusted = { ...METER, systemTrusts: true };
  equal(
    judgeClient(client("curl", { CURL_CA_BUNDLE: undefined, SSL_CERT_FILE: undefined }), trusted).verdict,
    "metered",
  );
  equal(judgeClient(client("gemini", { NODE_EXTRA_CA_CERTS: undefined }), trusted).verdict, "broken");
  const told = client("gemini", { NODE_EXTRA_CA_CERTS: undefined, NODE_USE_SYSTEM_CA: "1" });
  equal(judgeClient(told, trusted).verdict, "metered");
});

Deno.test("judgeClient knows which versions of Node obey a proxy", () => {
  for (const version of ["22.21.0", "24.0.0", "24.5.1", "25.0.0"]) {
    equal(judgeClient(client("node", {}, version), METER).verdict, "metered", version);
  }
  for (const version of ["18.20.0", "20.20.2", "22.20.9", "23.11.0"]) {
    equal(judgeClient(client("node", {}, version), METER).verdict, "partly", version);
  }
  equal(judgeClient(client("node", { NODE_USE_ENV_PROXY: undefined }), METER).verdict, "unmetered");
});

Deno.test("exempts follows the lists that tools accept", () => {
  for (const list of ["*", "api.openai.com", ".openai.com", "openai.com", "*.openai.com", "a b,API.OpenAI.com.:443"]) {
    equal(exempts(list, "api.openai.com"), true, list);
  }
  for (const list of ["", "localhost,127.0.0.1,::1", "penai.com", "x.api.openai.com", "example.com"]) {
    equal(exempts(list, "api.openai.com"), false, list);
  }
});

Deno.test("judgeClient names the file that a setting is from, and has that changed", () => {
  const from = (name: ClientName, variable: string, value: string, file: string) => {
    return judgeClient({ ...client(name, { [variable]: value }), files: new Map([[variable, file]]) }, METER);
  };
  const codex = from("codex", "OPENAI_BASE_URL", "http://localhost:11434/v1", "/h/.codex/config.toml");
  equal(codex.detail, "/h/.codex/config.toml sends its calls to localhost");
  equal(codex.hint, "Change /h/.codex/config.toml to have them metered");
  const cloud = from("codex", "OPENAI_BASE_URL", "amazon-bedrock", "/h/.codex/config.toml");
  equal(cloud.detail, '/h/.codex/config.toml sends its calls to the provider "amazon-bedrock"');
  const claude = from("claude", "https_proxy", "http://corp.example:1", "/h/.claude/settings.json");
  match(claude.detail, /^\/h\/\.claude\/settings\.json names another proxy \(corp\.example:1\)$/);
  match(claude.hint ?? "", /take it out of \/h\/\.claude\/settings\.json$/);
});
