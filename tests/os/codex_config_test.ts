import { strictEqual as equal } from "node:assert/strict";
import { codexBaseUrl } from "../../src/os/codex_config.ts";

Deno.test("codexBaseUrl follows the provider that is selected, wherever its table stands", () => {
  for (
    const [text, url] of [
      ["", null],
      ['model = "gpt-5.4"\n', null],
      ['openai_base_url = "http://a/v1"\n[x]\n', "http://a/v1"],
      ['[x]\nopenai_base_url = "http://b/v1"\n', null],
      ['model_provider = "openai"\nopenai_base_url = "http://a/v1"\n', "http://a/v1"],
      ['model_provider = "openai"\n[model_providers.openai]\nbase_url = "http://ignored/v1"\n', null],
      [
        'model_provider = "proxy"\nopenai_base_url = "http://a/v1"\n[model_providers.proxy]\nname = "P"\nbase_url = "http://p/v1"\n',
        "http://p/v1",
      ],
      ['model_providers = { p = { base_url = "http://p/v1" } }\nmodel_provider = "p"\n', "http://p/v1"],
      ['[model_providers.p]\nbase_url = "http://p/v1"\n', null],
      ['model_provider = "ollama"\n', "http://localhost:11434/v1"],
      ['model_provider = "amazon-bedrock"\n', "amazon-bedrock"],
      ["model_provider = \n", null],
    ] as const
  ) {
    equal(codexBaseUrl(text), url, text);
  }
});
