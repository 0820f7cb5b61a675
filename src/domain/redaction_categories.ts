/**
 * The names of the redaction rules and the kind of thing that each protects, for counts per category.
 *
 * Owns the names only; what a rule matches is in redact/. Imports nothing.
 *
 * @module
 */

/** Category → the rules that ship with the program. */
const RULE_NAMES = {
  "model-provider": [
    "anthropic-api-key",
    "anyscale-api-key",
    "bedrock-api-key",
    "cerebras-api-key",
    "e2b-api-key",
    "elevenlabs-api-key",
    "firecrawl-api-key",
    "fireworks-api-key",
    "google-api-key",
    "google-ephemeral-token",
    "google-oauth-secret",
    "google-oauth-token",
    "google-refresh-token",
    "groq-api-key",
    "helicone-api-key",
    "huggingface-token",
    "jina-api-key",
    "langfuse-key",
    "langsmith-api-key",
    "llamacloud-api-key",
    "mistral-api-key",
    "nvidia-api-key",
    "openai-api-key",
    "openai-ephemeral-key",
    "openai-session-key",
    "openrouter-api-key",
    "perplexity-api-key",
    "pinecone-api-key",
    "replicate-token",
    "tavily-api-key",
    "together-api-key",
    "voyage-api-key",
    "websocket-api-key",
    "xai-api-key",
  ],
  "cloud": [
    "alibaba-access-key",
    "aws-access-key",
    "aws-secret-key",
    "azure-account-key",
    "azure-ai-key",
    "azure-client-secret",
    "azure-devops-token",
    "azure-function-key",
    "azure-sas-signature",
    "cloudflare-api-token",
    "cloudflare-origin-key",
    "databricks-token",
    "digitalocean-token",
    "fly-token",
    "heroku-api-key",
    "neon-api-key",
    "netlify-token",
    "planetscale-token",
    "pulumi-token",
    "render-api-key",
    "supabase-key",
    "tencent-secret-id",
    "terraform-cloud-token",
    "yandex-api-key",
  ],
  "code-host": [
    "atlassian-token",
    "buildkite-token",
    "circleci-token",
    "crates-io-token",
    "docker-token",
    "github-token",
    "gitlab-token",
    "jfrog-token",
    "npm-token",
    "nuget-key",
    "pypi-token",
    "rubygems-key",
    "sonarqube-token",
    "sourcegraph-token",
  ],
  "service": [
    "adafruit-key",
    "airtable-token",
    "asana-token",
    "brevo-api-key",
    "contentful-token",
    "discord-token",
    "discord-webhook",
    "doppler-token",
    "dropbox-token",
    "dynatrace-token",
    "easypost-key",
    "facebook-token",
    "figma-token",
    "flutterwave-key",
    "grafana-token",
    "hubspot-token",
    "launchdarkly-key",
    "linear-api-key",
    "mailchimp-key",
    "mailgun-key",
    "mapbox-token",
    "new-relic-key",
    "notion-token",
    "onepassword-token",
    "plaid-token",
    "posthog-key",
    "postman-api-key",
    "prefect-key",
    "readme-key",
    "resend-api-key",
    "sendgrid-key",
    "sentry-dsn",
    "sentry-token",
    "shippo-token",
    "shopify-token",
    "slack-token",
    "slack-webhook",
    "square-token",
    "stripe-key",
    "tailscale-key",
    "teams-webhook",
    "telegram-bot-token",
    "twilio",
    "typeform-token",
    "vault-token",
  ],
  "credential": [
    "age-key",
    "assigned-secret",
    "basic-auth",
    "bearer-token",
    "command-password",
    "connection-string",
    "encrypted-content",
    "jwt",
    "oauth-token",
    "private-key",
    "putty-key",
    "url-password",
    // Not rules of the table: header lines and query parameters are masked by their names.
    "header",
    "query",
    // Nor these: what is no name where a name belongs, and the last word of a body that was cut.
    "text",
    "unfinished",
  ],
  "personal": ["credit-card", "email", "iban"],
} as const;

/** What kind of thing a rule protects; `custom` = a rule of the user's own. */
export type RedactionCategory = keyof typeof RULE_NAMES | "custom";

const CATEGORY_OF: ReadonlyMap<string, RedactionCategory> = new Map(
  categories().flatMap((category) => RULE_NAMES[category].map((name) => [name, category] as const)),
);

function categories(): (keyof typeof RULE_NAMES)[] {
  return ["model-provider", "cloud", "code-host", "service", "credential", "personal"];
}

/** All categories, in the order in which they are shown. */
export const REDACTION_CATEGORIES: readonly RedactionCategory[] = [...categories(), "custom"];

/** The category of a stored count's rule. Names that the program does not know are the user's. */
export function categoryOf(rule: string): RedactionCategory {
  return CATEGORY_OF.get(rule) ?? "custom";
}

/** Every name that a user's rule may not take. */
export function builtInRuleNames(): string[] {
  return [...CATEGORY_OF.keys()];
}
