/**
 * Secrets known by the name they are assigned to. Data, and the words and shapes that a value must have.
 *
 * @module
 */

import { isTokenCode } from "./characters.ts";
import { isStandIn, looksRandom } from "./checks.ts";
import type { AssignedValue, FieldRule } from "./rule.ts";
import { hex, sample } from "./samples.ts";

/** Tokens that mark a place in a list or a text, and open nothing. */
const HARMLESS_PREFIX = /(?:page|next|continuation|pad|eos|bos|unk|sep|cls|mask|special|stop)[_-]?$/i;

/** A human chooses a password, so it need not look random where the quotes show that it is a value. */
const PASSWORD_FIELDS = new Set(["password", "passwd", "passphrase", "pwd"]);

function isSecretValue(assigned: AssignedValue): boolean {
  const { value, quoted, field, prefix } = assigned;
  // Most names have nothing before them that could be part of a word.
  if (isTokenCode(prefix.charCodeAt(prefix.length - 1)) && HARMLESS_PREFIX.test(prefix)) return false;
  if (assigned.open && quoted) return !isStandIn(value);
  if (assigned.spoken && PASSWORD_FIELDS.has(field)) {
    return value.length >= 8 && /\d/.test(value) && /[A-Z!@#$%^*]/.test(value) && !isStandIn(value);
  }
  if (PASSWORD_FIELDS.has(field)) {
    if (quoted) return value.length >= 6 && !isStandIn(value) && !/^(?:~|\.{1,2})?\//.test(value);
    if (assigned.shouting && !/^[A-Z_]+$/.test(value)) {
      return value.length >= 6 && !isStandIn(value) && !/^[~.]?\//.test(value);
    }
    if (/^[A-Za-z]+\d+$/.test(value)) return value.length >= 8;
  }
  return looksRandom(value);
}

function isTokenValue(assigned: AssignedValue): boolean {
  if (!assigned.quoted) return looksRandom(assigned.value);
  return (assigned.open || assigned.value.length >= 8) && !isStandIn(assigned.value);
}

/** AWS secret keys are 40 characters of Base64 (AWS IAM user guide). */
function isAwsSecret(assigned: AssignedValue): boolean {
  return /^[A-Za-z0-9/+]{40}$/.test(assigned.value) || (assigned.open && /^[A-Za-z0-9/+]{1,39}$/.test(assigned.value));
}

/** Account keys are 64 bytes of Base64, shared access keys 32 (Azure Storage and Service Bus documentation). */
function isAzureKey({ value, open }: AssignedValue): boolean {
  return /^(?:[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=)$/.test(value) ||
    (open && /^[A-Za-z0-9+/]{8,88}={0,2}$/.test(value));
}

function isOpaqueBlob(assigned: AssignedValue): boolean {
  return assigned.quoted && (assigned.open || assigned.value.length >= 16) && !isStandIn(assigned.value);
}

/** Names are taken in this order when two rules match the same text. */
export const ASSIGNMENT_RULES: readonly FieldRule[] = [
  {
    name: "aws-secret-key",
    fields: ["secret access key", "aws secret key"],
    accepts: isAwsSecret,
    examples: [
      "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      '{"SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}',
      "export AWS_SECRET_ACCESS_KEY='wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'",
    ],
    nearMisses: ["aws_secret_access_key = $AWS_SECRET_ACCESS_KEY", "sha1 = 0000111122223333444455556666777788889999"],
  },
  {
    name: "azure-account-key",
    fields: ["account key", "shared access key"],
    accepts: isAzureKey,
    examples: [
      `AccountKey=${sample(86)}==;EndpointSuffix=core`,
      `Endpoint=sb://bus.internal/;SharedAccessKeyName=Root;SharedAccessKey=${sample(43)}=`,
    ],
    nearMisses: ["AccountKey=$STORAGE_KEY", "SharedAccessKeyName=RootManageSharedAccessKey;"],
  },
  {
    name: "cloudflare-api-token",
    fields: ["cloudflare api token", "cf api token", "cloudflare api key"],
    accepts: ({ value }) => /^[\w-]{37,53}$/.test(value) && looksRandom(value),
    examples: [`CLOUDFLARE_API_TOKEN=${sample(40)}`, `CLOUDFLARE_API_KEY=${hex(37)}`],
    nearMisses: ["CLOUDFLARE_API_TOKEN=${TOKEN}", 'cloudflare_api_token = "short"'],
  },
  {
    name: "mistral-api-key",
    fields: ["mistral api key"],
    accepts: ({ value }) => /^[A-Za-z0-9]{32}$/.test(value) && looksRandom(value),
    examples: [`MISTRAL_API_KEY=${sample(32)}`, `{"mistral_api_key": "${sample(32)}"}`],
    nearMisses: ["MISTRAL_API_KEY=your-mistral-api-key", "MISTRAL_API_KEY: str"],
  },
  {
    name: "encrypted-content",
    fields: ["encrypted content", "fallback credit token"],
    accepts: isOpaqueBlob,
    examples: ['{"encrypted_content":"EXAMPLE0example1EXAMPLE2=="}', '{"fallback_credit_token": "EXAMPLE0example1"}'],
    nearMisses: ['{"encrypted_content":null}', '{"include":["reasoning.encrypted_content"]}'],
  },
  {
    name: "oauth-token",
    fields: ["access token", "refresh token", "id token", "session token", "auth token"],
    accepts: isTokenValue,
    examples: [
      '{"refresh_token":"example-refresh"}',
      '{"id_token": "example-identity"}',
      '{"access_token":"example-access"}',
      "{'accessToken': 'example-access'}",
      "grant_type=refresh_token&refresh_token=0000example1111",
    ],
    nearMisses: ['{"access_token":"string"}', '{"refresh_token":null}', '{"access_token_type":"something-else"}'],
  },
  {
    name: "assigned-secret",
    fields: [
      "password",
      "passwd",
      "passphrase",
      "pwd",
      "secret",
      "secret key",
      "token",
      "api key",
      "access key",
      "account key",
      "auth key",
      "openai key",
      "app key",
      "application key",
      "admin key",
      "subscription key",
      "service key",
      "role key",
      "master key",
      "storage key",
      "cosmos key",
      "consumer key",
      "function key",
      "private key",
      "signing key",
      "encryption key",
      "authorization",
    ],
    accepts: isSecretValue,
    examples: [
      '{"api_key":"0123example4567"}',
      "OPENAI_API_KEY=0123example4567",
      "password: example-0000",
      'password = "examplepass"',
      "DB_PASSWORD=examplepass",
      "clientSecret: '0123-example-4567'",
      "x-api-key: 0123example4567",
      "deploy --token 0123example4567",
      "AccountKey=EXAMPLE0example1EXAMPLE2example3==;EndpointSuffix=core",
      "https://host.internal/?page=2&token=0123example4567&x=1",
    ],
    nearMisses: [
      '{"max_tokens": 4096, "input_tokens": 12}',
      '{"cache_control":{"type":"ephemeral"}}',
      "password: string",
      "const token = getToken2();",
      'apiKey: process.env["API_KEY"]',
      "api_key=api_key",
      "secret = config.secret2",
      '{"next_page_token":"CAUQAA1234567"}',
      '{"token":" hello"}',
      '{"password":{"type":"string"}}',
      "PWD=/home/example/project1",
      'if (token === "required") return;',
      "API_KEY=$OPENAI_API_KEY_2",
    ],
  },
];
