/**
 * Synthetic secrets for the corpus, one shape per kind, drawn from a seed.
 *
 * Shapes follow what issuers hand out (prefix, alphabet, length, check parts), not what the rules look for. The corpus names
 * a kind and a seed, so that no file holds a string that a code host would take for a key; the secret itself exists only
 * while the tests run. None ever opened anything.
 *
 * @module
 */

/** A source of numbers: 0 ≤ n < `below`, the same for the same seed. */
export type Draw = (below: number) => number;

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const ALNUM = LOWER.toUpperCase() + LOWER + DIGITS;
const URL_SAFE = ALNUM + "-_";
const BASE64 = ALNUM + "+/";
const HEX = "0123456789abcdef";
const BASE32 = LOWER.toUpperCase() + "234567";

/** A generator for a text seed (FNV-1a into a multiply-with-xor sequence). */
export function drawFrom(seed: string): Draw {
  let state = 2166136261;
  for (let index = 0; index < seed.length; index++) state = Math.imul(state ^ seed.charCodeAt(index), 16777619);
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** `length` characters of `alphabet`. */
export function letters(draw: Draw, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(draw(alphabet.length))).join("");
}

function pick(draw: Draw, options: readonly string[]): string {
  return options[draw(options.length)] ?? "";
}

export function uuid(draw: Draw): string {
  const part = (length: number) => letters(draw, HEX, length);
  return `${part(8)}-${part(4)}-4${part(3)}-${pick(draw, ["8", "9", "a", "b"])}${part(3)}-${part(12)}`;
}

function base64url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function jwt(draw: Draw): string {
  const header = base64url(
    JSON.stringify({ alg: pick(draw, ["RS256", "HS256", "ES256"]), typ: "JWT", kid: letters(draw, HEX, 8) }),
  );
  const payload = base64url(
    JSON.stringify({ iss: "https://login.internal/", sub: uuid(draw), exp: 1760000000 + draw(1e7) }),
  );
  return `${header}.${payload}.${letters(draw, URL_SAFE, pick(draw, ["43", "342"]) === "43" ? 43 : 342)}`;
}

/** Base64 of random bytes under a DER head, in lines of `width`. */
function pem(draw: Draw, label: string, lines: number, width = 64): string {
  const body = Array.from(
    { length: lines },
    (_, line) => line === 0 ? "MII" + letters(draw, BASE64, width - 3) : letters(draw, BASE64, width),
  );
  return [`-----BEGIN ${label}-----`, ...body, letters(draw, BASE64, 22) + "==", `-----END ${label}-----`].join("\n");
}

function luhnDigit(digits: string): string {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const value = Number(digits.charAt(digits.length - 1 - index)) * (index % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return String((10 - (sum % 10)) % 10);
}

function card(draw: Draw, start: string, length: number): string {
  const digits = start + letters(draw, DIGITS, length - 1 - start.length);
  return digits + luhnDigit(digits);
}

function iban(country: string, account: string): string {
  const digits = [...account + country + "00"].map((character) => parseInt(character, 36)).join("");
  return country + String(98n - BigInt(digits) % 97n).padStart(2, "0") + account;
}

const WORDS =
  "amber birch cobalt delta ember falcon garnet harbor island juniper kestrel lantern maple nickel orchid pepper".split(
    " ",
  );

/** What people choose: words, a year, a sign. */
function humanPassword(draw: Draw): string {
  const one = pick(draw, WORDS);
  const two = pick(draw, WORDS);
  const capital = one.charAt(0).toUpperCase() + one.slice(1);
  switch (draw(4)) {
    case 0:
      return `${capital}${2015 + draw(10)}!`;
    case 1:
      return `${capital}-${two}-${10 + draw(90)}`;
    case 2:
      return `${one.replaceAll("e", "3").replaceAll("a", "4")}_${letters(draw, DIGITS, 4)}`;
    default:
      return `${capital}${two}${draw(1000)}#x`;
  }
}

type Maker = (draw: Draw) => string;

const prefixed = (prefix: string, alphabet: string, length: number): Maker => (draw) =>
  prefix + letters(draw, alphabet, length);

/** Kind → maker. What stands before the first dot is the rule that should name it. */
const MAKERS: Readonly<Record<string, Maker>> = {
  "anthropic-api-key": (draw) => `sk-ant-api03-${letters(draw, URL_SAFE, 93)}AA`,
  "anthropic-api-key.admin": (draw) => `sk-ant-admin01-${letters(draw, URL_SAFE, 93)}AA`,
  "anthropic-api-key.oauth": (draw) => `sk-ant-oat01-${letters(draw, URL_SAFE, 93)}AA`,
  "anthropic-api-key.refresh": (draw) => `sk-ant-ort01-${letters(draw, URL_SAFE, 93)}AA`,
  "openai-api-key": (draw) => `sk-proj-${letters(draw, URL_SAFE, 74)}T3BlbkFJ${letters(draw, URL_SAFE, 74)}`,
  "openai-api-key.old": (draw) => `sk-${letters(draw, ALNUM, 20)}T3BlbkFJ${letters(draw, ALNUM, 20)}`,
  "openai-api-key.service": (draw) => `sk-svcacct-${letters(draw, URL_SAFE, 74)}T3BlbkFJ${letters(draw, URL_SAFE, 74)}`,
  "openai-api-key.deepseek": prefixed("sk-", HEX, 32),
  "openai-ephemeral-key": prefixed("ek_", HEX, 32),
  "openrouter-api-key": prefixed("sk-or-v1-", HEX, 64),
  "google-api-key": prefixed("AIzaSy", URL_SAFE, 33),
  "google-api-key.new": prefixed("AQ.Ab8RN6", URL_SAFE, 44),
  "google-oauth-token": (draw) => `ya29.a0${letters(draw, URL_SAFE, 160 + draw(60))}`,
  "google-refresh-token": prefixed("1//0", URL_SAFE, 98),
  "google-oauth-secret": prefixed("GOCSPX-", URL_SAFE, 28),
  "google-ephemeral-token": prefixed("auth_tokens/", HEX, 64),
  "xai-api-key": prefixed("xai-", ALNUM, 80),
  "groq-api-key": prefixed("gsk_", ALNUM, 52),
  "huggingface-token": prefixed("hf_", ALNUM, 34),
  "perplexity-api-key": prefixed("pplx-", ALNUM, 48),
  "replicate-token": prefixed("r8_", ALNUM, 37),
  "nvidia-api-key": prefixed("nvapi-", URL_SAFE, 64),
  "langsmith-api-key": (draw) => `lsv2_pt_${letters(draw, HEX, 32)}_${letters(draw, HEX, 10)}`,
  "cerebras-api-key": prefixed("csk-", LOWER + DIGITS, 48),
  "elevenlabs-api-key": prefixed("sk_", HEX, 48),
  "firecrawl-api-key": prefixed("fc-", HEX, 32),
  "fireworks-api-key": (draw) => `fw_${letters(draw, ALNUM, 19)}${letters(draw, DIGITS, 3)}`,
  "jina-api-key": (draw) => `jina_${letters(draw, HEX, 32)}${letters(draw, URL_SAFE, 28)}`,
  "langfuse-key": (draw) => `sk-lf-${uuid(draw)}`,
  "llamacloud-api-key": prefixed("llx-", ALNUM, 48),
  "pinecone-api-key": (draw) => `pcsk_${letters(draw, ALNUM, 6)}_${letters(draw, ALNUM, 63)}`,
  "tavily-api-key": (draw) => `tvly-${pick(draw, ["", "dev-"])}${letters(draw, ALNUM, 32)}`,
  "mistral-api-key": (draw) => letters(draw, ALNUM, 31) + letters(draw, DIGITS, 1),
  "aws-access-key": prefixed("AKIA", BASE32, 16),
  "aws-access-key.session": prefixed("ASIA", BASE32, 16),
  "aws-access-key.documentation": () => "AKIAIOSFODNN7" + "EXAMPLE",
  "aws-secret-key": prefixed("", BASE64, 40),
  "azure-account-key": (draw) => `${letters(draw, BASE64, 86)}==`,
  "azure-account-key.bus": (draw) => `${letters(draw, BASE64, 43)}=`,
  "azure-client-secret": (draw) =>
    `${letters(draw, ALNUM, 3)}8Q~${letters(draw, ALNUM + "_.~-", 33)}${letters(draw, ALNUM, 1)}`,
  "azure-sas-signature": (draw) =>
    `${letters(draw, ALNUM, 20)}%2B${letters(draw, ALNUM, 12)}%2F${letters(draw, ALNUM, 9)}%3D`,
  "cloudflare-api-token": (draw) => letters(draw, ALNUM, 30) + letters(draw, URL_SAFE, 8) + letters(draw, DIGITS, 2),
  "cloudflare-origin-key": (draw) => `v1.0-${letters(draw, HEX, 24)}-${letters(draw, HEX, 146)}`,
  "databricks-token": prefixed("dapi", HEX, 32),
  "digitalocean-token": prefixed("dop_v1_", HEX, 64),
  "fly-token": (draw) => letters(draw, BASE64, 180) + "==",
  "heroku-api-key": (draw) => `HRKU-${uuid(draw)}`,
  "netlify-token": prefixed("nfp_", ALNUM, 36),
  "planetscale-token": (draw) => `pscale_${pick(draw, ["tkn", "pw"])}_${letters(draw, ALNUM, 43)}`,
  "pulumi-token": prefixed("pul-", HEX, 40),
  "render-api-key": prefixed("rnd_", ALNUM, 32),
  "supabase-key": prefixed("sbp_", HEX, 40),
  "supabase-key.new": prefixed("sb_secret_", URL_SAFE, 31),
  "alibaba-access-key": (draw) => `LTAI5t${letters(draw, ALNUM, 17)}${letters(draw, DIGITS, 1)}`,
  "terraform-cloud-token": (draw) => `${letters(draw, ALNUM, 14)}.atlasv1.${letters(draw, ALNUM, 67)}`,
  "github-token": prefixed("ghp_", ALNUM, 36),
  "github-token.fine": (draw) => `github_pat_11${letters(draw, ALNUM, 20)}_${letters(draw, ALNUM, 59)}`,
  "github-token.action": prefixed("ghs_", ALNUM, 36),
  "gitlab-token": prefixed("glpat-", URL_SAFE, 20),
  "npm-token": prefixed("npm_", ALNUM, 36),
  "pypi-token": (draw) => `pypi-AgEIcHlwaS5vcmc${letters(draw, URL_SAFE, 150)}`,
  "docker-token": prefixed("dckr_pat_", URL_SAFE, 27),
  "atlassian-token": (draw) => `ATATT3xFfGF0${letters(draw, URL_SAFE, 171)}=${letters(draw, HEX.toUpperCase(), 8)}`,
  "buildkite-token": prefixed("bkua_", HEX, 40),
  "circleci-token": (draw) => `CCIPAT_${letters(draw, ALNUM, 22)}_${letters(draw, HEX, 40)}`,
  "crates-io-token": (draw) => `cio${letters(draw, ALNUM, 29)}a7Z`,
  "jfrog-token": (draw) => `AKCp8${letters(draw, ALNUM, 68)}`,
  "nuget-key": (draw) => `oy2${letters(draw, LOWER + "234567", 42)}7`,
  "rubygems-key": prefixed("rubygems_", HEX, 48),
  "sonarqube-token": prefixed("squ_", HEX, 40),
  "airtable-token": (draw) => `pat${letters(draw, ALNUM, 14)}.${letters(draw, HEX, 64)}`,
  "brevo-api-key": (draw) => `xkeysib-${letters(draw, HEX, 64)}-${letters(draw, ALNUM, 16)}`,
  "contentful-token": prefixed("CFPAT-", URL_SAFE, 43),
  "discord-token": (draw) =>
    `${base64url(letters(draw, "123456789", 1) + letters(draw, DIGITS, 17))}.G${letters(draw, ALNUM, 5)}.${
      letters(draw, URL_SAFE, 38)
    }`,
  "discord-webhook": (draw) => letters(draw, URL_SAFE, 68),
  "doppler-token": (draw) => `dp.${pick(draw, ["pt.", "st.prd.", "ct."])}${letters(draw, ALNUM, 43)}`,
  "dropbox-token": prefixed("sl.u.", URL_SAFE, 180),
  "dynatrace-token": (draw) => `dt0c01.${letters(draw, BASE32, 24)}.${letters(draw, BASE32, 64)}`,
  "figma-token": prefixed("figd_", URL_SAFE, 40),
  "grafana-token": (draw) => `glsa_${letters(draw, ALNUM, 32)}_${letters(draw, HEX, 8)}`,
  "hubspot-token": (draw) => `pat-${pick(draw, ["na1", "eu1"])}-${uuid(draw)}`,
  "launchdarkly-key": (draw) => `sdk-${uuid(draw)}`,
  "linear-api-key": prefixed("lin_api_", ALNUM, 40),
  "mailchimp-key": (draw) => `${letters(draw, HEX, 32)}-us${1 + draw(21)}`,
  "mailgun-key": prefixed("key-", HEX, 32),
  "new-relic-key": prefixed("NRAK-", BASE32, 27),
  "new-relic-key.licence": (draw) => `${letters(draw, HEX, 36)}NRAL`,
  "notion-token": (draw) => `ntn_${letters(draw, DIGITS, 11)}${letters(draw, ALNUM, 35)}`,
  "notion-token.old": prefixed("secret_", ALNUM, 43),
  "onepassword-token": (draw) => `ops_eyJ${letters(draw, URL_SAFE, 600)}`,
  "postman-api-key": (draw) => `PMAK-${letters(draw, HEX, 24)}-${letters(draw, HEX, 34)}`,
  "resend-api-key": (draw) => `re_${letters(draw, ALNUM, 8)}_${letters(draw, ALNUM, 24)}`,
  "sendgrid-key": (draw) => `SG.${letters(draw, URL_SAFE, 22)}.${letters(draw, URL_SAFE, 43)}`,
  "sentry-dsn": (draw) =>
    `${letters(draw, HEX, 32)}@o${letters(draw, "123456789", 6)}.ingest.sentry.io/${letters(draw, "123456789", 7)}`,
  "sentry-token": prefixed("sntryu_", HEX, 64),
  "shopify-token": prefixed("shpat_", HEX, 32),
  "slack-token": (draw) =>
    `xoxb-${letters(draw, "123456789", 12)}-${letters(draw, "123456789", 13)}-${letters(draw, ALNUM, 24)}`,
  "slack-token.app": (draw) =>
    `xapp-1-A0${letters(draw, BASE32, 9)}-${letters(draw, "123456789", 13)}-${letters(draw, HEX, 64)}`,
  "slack-webhook": (draw) => `T0${letters(draw, BASE32, 9)}/B0${letters(draw, BASE32, 9)}/${letters(draw, ALNUM, 24)}`,
  "square-token": prefixed("sq0csp-", URL_SAFE, 43),
  "stripe-key": (draw) => `${pick(draw, ["sk", "rk"])}_${pick(draw, ["live", "test"])}_51${letters(draw, ALNUM, 97)}`,
  "stripe-key.webhook": prefixed("whsec_", ALNUM, 32),
  "tailscale-key": (draw) => `tskey-auth-k${letters(draw, ALNUM, 10)}CNTRL-${letters(draw, ALNUM, 32)}`,
  "teams-webhook": (draw) => `${uuid(draw)}@${uuid(draw)}/IncomingWebhook/${letters(draw, HEX, 32)}/${uuid(draw)}`,
  "telegram-bot-token": (draw) => `${letters(draw, "123456789", 10)}:AA${letters(draw, URL_SAFE, 33)}`,
  "twilio": prefixed("SK", HEX, 32),
  "vault-token": prefixed("hvs.", URL_SAFE, 90),
  "vault-token.old": (draw) => `s.${letters(draw, ALNUM, 21)}a7Z`,
  "age-key": (draw) => `AGE-SECRET-KEY-1${letters(draw, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)}`,
  "private-key": (draw) => pem(draw, "RSA PRIVATE KEY", 24),
  "private-key.pkcs8": (draw) => pem(draw, "PRIVATE KEY", 25),
  "private-key.ec": (draw) => pem(draw, "EC PRIVATE KEY", 2),
  "private-key.openssh": (draw) => pem(draw, "OPENSSH PRIVATE KEY", 5, 70),
  "putty-key": (draw) => `${letters(draw, BASE64, 64)}\n${letters(draw, BASE64, 64)}\n${letters(draw, BASE64, 42)}==`,
  "jwt": jwt,
  "bearer-token": (draw) => letters(draw, ALNUM + "-._", 36) + letters(draw, DIGITS, 2),
  "basic-auth": (draw) => btoa(`${pick(draw, WORDS)}:${humanPassword(draw)}`),
  "url-password": (draw) => letters(draw, ALNUM, 18),
  "url-password.human": (draw) => humanPassword(draw).replaceAll("#", "%23"),
  "connection-string": humanPassword,
  "command-password": (draw) => humanPassword(draw).replaceAll("!", ""),
  "oauth-token": (draw) => letters(draw, URL_SAFE, 64),
  "encrypted-content": (draw) => `gAAAAAB${letters(draw, URL_SAFE, 300)}==`,
  "assigned-secret": (draw) => letters(draw, ALNUM, 30) + letters(draw, DIGITS, 2),
  "assigned-secret.hex": (draw) => letters(draw, HEX, 40),
  "assigned-secret.uuid": uuid,
  "assigned-secret.human": humanPassword,
  "assigned-secret.django": (draw) => `django-insecure-${letters(draw, ALNUM + "!@#$%^*(-_=+)", 49)}7`,
  "email": (draw) => `${pick(draw, WORDS)}.${pick(draw, WORDS)}@${pick(draw, WORDS)}-${pick(draw, WORDS)}.example`,
  "email.tagged": (draw) => `${pick(draw, WORDS)}+${pick(draw, WORDS)}${draw(99)}@mail.${pick(draw, WORDS)}.co.uk`,
  "credit-card": (draw) => card(draw, pick(draw, ["4", "51", "55", "2221"]), 16),
  "credit-card.spaced": (draw) => card(draw, "4", 16).replace(/(\d{4})(?=\d)/g, "$1 "),
  "credit-card.amex": (draw) => card(draw, "37", 15),
  "iban": (draw) => iban("DE", letters(draw, DIGITS, 18)),
  "iban.spaced": (draw) => iban("GB", `WEST${letters(draw, DIGITS, 14)}`).replace(/(.{4})(?=.)/g, "$1 "),
};

/** All kinds, in the order of the table. */
export const SECRET_KINDS: readonly string[] = Object.keys(MAKERS);

/** The secret of a kind and a seed. @throws {Error} for a kind that does not exist. */
export function secretOf(kind: string, seed: string): string {
  const make = MAKERS[kind];
  if (make === undefined) throw new Error(`No secrets of kind ${kind}`);
  return make(drawFrom(`${kind}:${seed}`));
}

/** The rule that should name secrets of a kind. */
export function ruleOfKind(kind: string): string {
  return kind.split(".")[0] ?? kind;
}
