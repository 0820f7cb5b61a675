/**
 * Keys of model providers and of services around them. Data.
 *
 * Shapes are those that the providers' own documentation and clients show; lengths are minimums well below the real
 * ones, because a key that grows must still be found.
 *
 * @module
 */

import type { TokenRule } from "./rule.ts";
import { hex, sample } from "./samples.ts";

/** More specific prefixes stand before the prefixes that they begin with. */
export const MODEL_PROVIDER_RULES: readonly TokenRule[] = [
  {
    name: "anthropic-api-key",
    literals: ["sk-ant-"],
    boundary: "none",
    pattern: /sk-ant-[\w-]{16}/y,
    examples: [
      `sk-ant-api03-${sample(33)}-AA`,
      `sk-ant-admin01-${sample(22)}`,
      `sk-ant-oat01-${sample(22)}`,
      `sk-ant-ort01-${sample(22)}`,
      `sk-ant-req-${sample(22)}`,
    ],
    nearMisses: ["sk-ant-…", "the prefix sk-ant-api03 means", "risk-ant-colony"],
  },
  {
    name: "openrouter-api-key",
    literals: ["sk-or-"],
    pattern: /sk-or-(?:v\d-)?[A-Za-z0-9]{20}/y,
    examples: [`sk-or-v1-${hex(64)}`],
    nearMisses: ["sk-or-v1-key", "task-or-whatever-you-call-this-thing"],
  },
  {
    name: "openai-api-key",
    literals: ["sk-"],
    pattern: /sk-(?:(?:proj|svcacct|admin|None|service)-[\w-]{20}|[A-Za-z0-9]{20})/y,
    // Words follow `sk-` in package names; a key shows a capital or a digit soon.
    open: /sk-(?:(?:proj|svcacct|admin|None|service)-[\w-]{0,4096}|(?=[a-z]{0,9}[A-Z0-9])[A-Za-z0-9]{6,4096})/y,
    examples: [
      `sk-${sample(40)}`,
      `sk-proj-EXAMPLE0_example1-${sample(16)}`,
      "sk-svcacct-EXAMPLE0_example1-EXAMPLE2",
      "sk-admin-EXAMPLE0_example1-EXAMPLE2",
    ],
    nearMisses: ["sk-toggleable__content-arrow-fitted", "sk-learn", "task-12345678901234567890123", "sk-ant-…"],
  },
  {
    name: "openai-ephemeral-key",
    literals: ["ek_"],
    pattern: /ek_[A-Za-z0-9]{16}/y,
    examples: [`ek_${hex(32)}`],
    nearMisses: ["week_1234567890123456", "ek_short"],
  },
  {
    name: "websocket-api-key",
    literals: ["openai-insecure-api-key."],
    pattern: /openai-insecure-api-key\.(?<secret>[\w.-]{8,512})/y,
    examples: [`realtime, openai-insecure-api-key.${sample(16)}, openai-beta.realtime-v1`],
    nearMisses: ["openai-insecure-api-key.<key>"],
  },
  {
    name: "google-api-key",
    literals: ["AIza", "AQ.Ab"],
    pattern: /AIza[\w-]{30}|AQ\.Ab[\w-]{30}/y,
    examples: [`AIza${sample(35)}`, `AQ.Ab${sample(34)}`],
    nearMisses: ["AIza…", `XAIza${sample(35)}`],
  },
  {
    name: "google-oauth-token",
    literals: ["ya29."],
    pattern: /ya29\.[\w-]{20}/y,
    open: /ya29\.[\w.-]{0,4096}/y,
    examples: [`ya29.a0${sample(32)}`],
    nearMisses: ["ya29.txt"],
  },
  {
    name: "google-refresh-token",
    literals: ["1//0"],
    pattern: /1\/\/0[\w-]{20}/y,
    examples: [`1//0${sample(32)}`],
    nearMisses: [`21//0${sample(24)}`, "x = 1//0 # divides"],
  },
  {
    name: "google-oauth-secret",
    literals: ["GOCSPX-"],
    pattern: /GOCSPX-[\w-]{20}/y,
    examples: [`GOCSPX-${sample(28)}`],
    nearMisses: ["GOCSPX-short"],
  },
  {
    name: "google-ephemeral-token",
    literals: ["auth_tokens/"],
    pattern: /auth_tokens\/[A-Za-z0-9]{16}/y,
    examples: [`auth_tokens/${hex(32)}`],
    nearMisses: ["auth_tokens/create", `oauth_tokens/${hex(20)}`],
  },
  {
    name: "xai-api-key",
    literals: ["xai-"],
    pattern: /xai-[A-Za-z0-9]{20}/y,
    examples: [`xai-${sample(48)}`],
    nearMisses: ["xai-grok-4-fast-reasoning-latest", "xai-sdk-python"],
  },
  {
    name: "groq-api-key",
    literals: ["gsk_"],
    pattern: /gsk_[A-Za-z0-9]{20}/y,
    examples: [`gsk_${sample(46)}`],
    nearMisses: ["gsk_shader_new_from_bytes_internal"],
  },
  {
    name: "huggingface-token",
    literals: ["hf_", "api_org_"],
    pattern: /(?:hf|api_org)_[A-Za-z0-9]{20}/y,
    examples: [`hf_${sample(34)}`, `api_org_${sample(34)}`],
    nearMisses: ["hf_hub_download_to_local_directory", "hf_short"],
  },
  {
    name: "perplexity-api-key",
    literals: ["pplx-"],
    pattern: /pplx-[A-Za-z0-9]{20}/y,
    examples: [`pplx-${sample(46)}`],
    nearMisses: ["pplx-70b-online"],
  },
  {
    name: "replicate-token",
    literals: ["r8_"],
    pattern: /r8_[A-Za-z0-9]{30}/y,
    examples: [`r8_${sample(37)}`],
    nearMisses: ["r8_short"],
  },
  {
    name: "nvidia-api-key",
    literals: ["nvapi-"],
    pattern: /nvapi-[\w-]{40}/y,
    examples: [`nvapi-${sample(56)}`],
    nearMisses: ["nvapi-docs"],
  },
  {
    name: "langsmith-api-key",
    literals: ["lsv2_"],
    pattern: /lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}/y,
    examples: [`lsv2_pt_${hex(32)}_0123456789`],
    nearMisses: ["lsv2_pt_example"],
  },
  {
    name: "cerebras-api-key",
    literals: ["csk-"],
    pattern: /csk-[A-Za-z0-9]{40}/y,
    examples: [`csk-${sample(48)}`],
    nearMisses: ["csk-short"],
  },
  {
    name: "elevenlabs-api-key",
    literals: ["sk_"],
    pattern: /sk_[0-9a-f]{48}(?![0-9A-Za-z])/y,
    open: false,
    extend: false,
    examples: [`sk_${hex(48)}`],
    nearMisses: ["sk_buff_head_init", `sk_${hex(20)}`],
  },
  {
    name: "firecrawl-api-key",
    literals: ["fc-"],
    boundary: "word",
    pattern: /fc-[0-9a-f]{32}(?![0-9A-Za-z-])/y,
    open: false,
    extend: false,
    examples: [`fc-${hex(32)}`],
    nearMisses: ["fc-cache -fv", `rfc-${hex(32)}`],
  },
  {
    name: "fireworks-api-key",
    literals: ["fw_"],
    pattern: /fw_[A-Za-z0-9]{22}(?![A-Za-z0-9_])/y,
    validate: (secret) => /\d/.test(secret),
    open: false,
    extend: false,
    examples: [`fw_${sample(22)}`],
    nearMisses: ["fw_rule_chain", "fw_abcdefghijklmnopqrstuv"],
  },
  {
    name: "jina-api-key",
    literals: ["jina_"],
    pattern: /jina_[A-Za-z0-9]{32}[\w-]{16}/y,
    examples: [`jina_${hex(32)}${sample(28)}`],
    nearMisses: ["jina_embeddings_v3"],
  },
  {
    name: "langfuse-key",
    literals: ["sk-lf-"],
    pattern: /sk-lf-[0-9a-f]{8}-[0-9a-f-]{20}/y,
    examples: [`sk-lf-${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`],
    nearMisses: ["sk-lf-…"],
  },
  {
    name: "llamacloud-api-key",
    literals: ["llx-"],
    pattern: /llx-[A-Za-z0-9]{40}/y,
    examples: [`llx-${sample(48)}`],
    nearMisses: ["llx-parse"],
  },
  {
    name: "pinecone-api-key",
    literals: ["pcsk_"],
    pattern: /pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40}/y,
    examples: [`pcsk_${sample(6)}_${sample(63)}`],
    nearMisses: ["pcsk_key"],
  },
  {
    name: "tavily-api-key",
    literals: ["tvly-"],
    pattern: /tvly-(?:dev-|prod-)?[A-Za-z0-9]{24}/y,
    examples: [`tvly-${sample(32)}`, `tvly-dev-${sample(32)}`],
    nearMisses: ["tvly-python-sdk"],
  },
];
