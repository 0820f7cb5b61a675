/**
 * Keys of model providers and of services around them. Data.
 *
 * Shapes are those that the providers' own documentation and clients show; lengths are minimums well below the real
 * ones, because a key that grows must still be found.
 *
 * @module
 */

import type { TokenRule } from "./rule.ts";

/** More specific prefixes stand before the prefixes that they begin with. */
export const MODEL_PROVIDER_RULES: readonly TokenRule[] = [
  {
    name: "anthropic-api-key",
    category: "model-provider",
    literals: ["sk-ant-"],
    pattern: /sk-ant-[\w-]{16}/y,
    examples: [
      "sk-ant-api03-EXAMPLE0000example1111EXAMPLE2222-AA",
      "sk-ant-admin01-EXAMPLE0000example1111",
      "sk-ant-oat01-EXAMPLE0000example1111",
      "sk-ant-ort01-EXAMPLE0000example1111",
      "sk-ant-req-EXAMPLE0000example1111",
    ],
    nearMisses: ["sk-ant-…", "the prefix sk-ant-api03 means", "risk-ant-colony-optimisation-method"],
  },
  {
    name: "openrouter-api-key",
    category: "model-provider",
    literals: ["sk-or-"],
    pattern: /sk-or-(?:v\d-)?[A-Za-z0-9]{20}/y,
    examples: ["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"],
    nearMisses: ["sk-or-v1-key", "task-or-whatever-you-call-this-thing"],
  },
  {
    name: "openai-api-key",
    category: "model-provider",
    literals: ["sk-"],
    pattern: /sk-(?:(?:proj|svcacct|admin|None|service)-[\w-]{20}|[A-Za-z0-9]{20})/y,
    examples: [
      "sk-EXAMPLE0example1EXAMPLE2example3EXAMPLE4",
      "sk-proj-EXAMPLE0_example1-EXAMPLE2example3",
      "sk-svcacct-EXAMPLE0_example1-EXAMPLE2",
      "sk-admin-EXAMPLE0_example1-EXAMPLE2",
    ],
    nearMisses: ["sk-toggleable__content-arrow-fitted", "sk-learn", "task-12345678901234567890123", "sk-ant-…"],
  },
  {
    name: "openai-ephemeral-key",
    category: "model-provider",
    literals: ["ek_"],
    pattern: /ek_[A-Za-z0-9]{16}/y,
    examples: ["ek_00001111222233334444555566667777"],
    nearMisses: ["week_1234567890123456", "ek_short"],
  },
  {
    name: "websocket-api-key",
    category: "model-provider",
    literals: ["openai-insecure-api-key."],
    pattern: /openai-insecure-api-key\.(?<secret>[\w.-]{8,512})/y,
    examples: ["realtime, openai-insecure-api-key.EXAMPLE0example1, openai-beta.realtime-v1"],
    nearMisses: ["openai-insecure-api-key.<key>"],
  },
  {
    name: "google-api-key",
    category: "model-provider",
    literals: ["AIza", "AQ.Ab"],
    pattern: /AIza[\w-]{30}|AQ\.Ab[\w-]{30}/y,
    examples: ["AIzaEXAMPLE0example1EXAMPLE2example3EXA", "AQ.AbEXAMPLE0example1EXAMPLE2example3EX"],
    nearMisses: ["AIza…", "XAIzaEXAMPLE0example1EXAMPLE2example3EXA"],
  },
  {
    name: "google-oauth-token",
    category: "model-provider",
    literals: ["ya29."],
    pattern: /ya29\.[\w-]{20}/y,
    open: /ya29\.[\w.-]{0,4096}/y,
    examples: ["ya29.a0EXAMPLE0example1EXAMPLE2example3"],
    nearMisses: ["ya29.txt"],
  },
  {
    name: "google-refresh-token",
    category: "model-provider",
    literals: ["1//0"],
    pattern: /1\/\/0[\w-]{20}/y,
    examples: ["1//0EXAMPLE0example1EXAMPLE2example3"],
    nearMisses: ["21//0EXAMPLE0example1EXAMPLE2", "x = 1//0 # divides"],
  },
  {
    name: "google-oauth-secret",
    category: "model-provider",
    literals: ["GOCSPX-"],
    pattern: /GOCSPX-[\w-]{20}/y,
    examples: ["GOCSPX-EXAMPLE0example1EXAMPLE2exam"],
    nearMisses: ["GOCSPX-short"],
  },
  {
    name: "google-ephemeral-token",
    category: "model-provider",
    literals: ["auth_tokens/"],
    pattern: /auth_tokens\/[A-Za-z0-9]{16}/y,
    examples: ["auth_tokens/00001111222233334444555566667777"],
    nearMisses: ["auth_tokens/create", "oauth_tokens/00001111222233334444"],
  },
  {
    name: "xai-api-key",
    category: "model-provider",
    literals: ["xai-"],
    pattern: /xai-[A-Za-z0-9]{20}/y,
    examples: ["xai-EXAMPLE0example1EXAMPLE2example3EXAMPLE4example5"],
    nearMisses: ["xai-grok-4-fast-reasoning-latest", "xai-sdk-python"],
  },
  {
    name: "groq-api-key",
    category: "model-provider",
    literals: ["gsk_"],
    pattern: /gsk_[A-Za-z0-9]{20}/y,
    examples: ["gsk_EXAMPLE0example1EXAMPLE2example3EXAMPLE4exampl"],
    nearMisses: ["gsk_shader_new_from_bytes_internal"],
  },
  {
    name: "huggingface-token",
    category: "model-provider",
    literals: ["hf_", "api_org_"],
    pattern: /(?:hf|api_org)_[A-Za-z0-9]{20}/y,
    examples: ["hf_EXAMPLEexampleEXAMPLEexampleEXAMPL", "api_org_EXAMPLEexampleEXAMPLEexampleEXAMPL"],
    nearMisses: ["hf_hub_download_to_local_directory", "hf_short"],
  },
  {
    name: "perplexity-api-key",
    category: "model-provider",
    literals: ["pplx-"],
    pattern: /pplx-[A-Za-z0-9]{20}/y,
    examples: ["pplx-EXAMPLE0example1EXAMPLE2example3EXAMPLE4exampl"],
    nearMisses: ["pplx-70b-online"],
  },
  {
    name: "replicate-token",
    category: "model-provider",
    literals: ["r8_"],
    pattern: /r8_[A-Za-z0-9]{30}/y,
    examples: ["r8_EXAMPLE0example1EXAMPLE2example3EXAMP"],
    nearMisses: ["r8_short"],
  },
  {
    name: "nvidia-api-key",
    category: "model-provider",
    literals: ["nvapi-"],
    pattern: /nvapi-[\w-]{40}/y,
    examples: ["nvapi-EXAMPLE0example1EXAMPLE2example3EXAMPLE4example5EXAMPLE6"],
    nearMisses: ["nvapi-docs"],
  },
  {
    name: "langsmith-api-key",
    category: "model-provider",
    literals: ["lsv2_"],
    pattern: /lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}/y,
    examples: ["lsv2_pt_00001111222233334444555566667777_0123456789"],
    nearMisses: ["lsv2_pt_example"],
  },
];
