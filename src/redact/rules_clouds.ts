/**
 * Tokens of further clouds and code hosts. Data.
 *
 * Shapes are those of the issuers' documentation and of their command line tools.
 *
 * @module
 */

import type { TokenRule } from "./rule.ts";
import { hex, sample } from "./samples.ts";

/** Three random characters stand before the digit and `Q~` that Entra ID puts into every client secret. */
const AZURE_CLIENT_SECRET =
  /(?<=(?:^|[^\w~.-]|\\[bfnrt]|\\u[0-9a-fA-F]{4})(?<lead>[\w~.-]{3}))\dQ~[\w~.-]{31,34}(?![\w~-])/y;

/** A pattern for a mark in the middle of a token: `lead` is what stands before the mark, from the token's start. */
function ledBy(lead: string, from: string): RegExp {
  return new RegExp(String.raw`(?<=(?:^|[^\w+/-]|\\[bfnrt]|\\u[0-9a-fA-F]{4})(?<lead>${lead}))${from}`, "y");
}

/** Order decides only which name a text gets that two rules match in full. */
export const CLOUD_RULES: readonly TokenRule[] = [
  {
    name: "azure-client-secret",
    literals: Array.from({ length: 10 }, (_, digit) => `${digit}Q~`),
    boundary: "none",
    pattern: AZURE_CLIENT_SECRET,
    extend: false,
    open: false,
    examples: [`a0B8Q~${sample(34)}`, `xY_8Q~${sample(30)}.${sample(2)}`],
    nearMisses: ["a0B8Q~short", `word8Q~${sample(50)}`],
  },
  {
    name: "azure-sas-signature",
    literals: ["sig="],
    pattern: /sig=(?<secret>[A-Za-z0-9%/+]{42,90}(?:%3[Dd]|=))/y,
    extend: false,
    open: /sig=(?<secret>[A-Za-z0-9%/+]{8,90})/y,
    examples: [`https://host.internal/c?sv=2024-01-01&se=2026-01-01&sig=${sample(43)}%3D`],
    nearMisses: ["sig=short", `design=${sample(43)}%3D`],
  },
  {
    name: "cloudflare-origin-key",
    literals: ["v1.0-"],
    pattern: /v1\.0-[0-9a-f]{24}-[0-9a-f]{100,160}/y,
    open: /v1\.0-[0-9a-f]{8,24}(?:-[0-9a-f]{0,160})?/y,
    examples: [`v1.0-${hex(24)}-${hex(146)}`],
    nearMisses: ["v1.0-rc.1", "v1.0-00aa-beta"],
  },
  {
    name: "alibaba-access-key",
    literals: ["LTAI"],
    pattern: /LTAI[A-Za-z0-9]{12,26}(?![A-Za-z0-9])/y,
    validate: (secret) => /\d/.test(secret),
    extend: false,
    examples: [`LTAI${sample(20)}`, `LTAI${sample(12)}`],
    nearMisses: ["LTAI", "LTAISHORT"],
  },
  {
    name: "heroku-api-key",
    literals: ["HRKU-"],
    pattern: /HRKU-[\w-]{30}/y,
    examples: [`HRKU-${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`, `HRKU-AA${sample(58)}`],
    nearMisses: ["HRKU-docs"],
  },
  {
    name: "fly-token",
    literals: ["fm1r_", "fm1a_", "fm2_"],
    pattern:
      /fm(?:1[ar]|2)_(?<secret>(?:[A-Za-z0-9+/]|\\{1,16}\/){40,4096}={0,2}(?:,fm2_(?:[A-Za-z0-9+/]|\\{1,16}\/){40,4096}={0,2}){0,8})/y,
    open:
      /fm(?:1[ar]|2)_(?<secret>(?:[A-Za-z0-9+/=]|\\{1,16}\/){1,4096}(?:,fm2_(?:[A-Za-z0-9+/=]|\\{1,16}\/){0,4096}){0,8}(?:,f?m?2?)?)/y,
    extend: false,
    examples: [`FlyV1 fm2_${sample(96)}==`],
    nearMisses: ["fm2_radio_station"],
  },
  {
    name: "netlify-token",
    literals: ["nfp_"],
    pattern: /nfp_[A-Za-z0-9]{30}/y,
    examples: [`nfp_${sample(36)}`],
    nearMisses: ["nfp_count_of_the_year"],
  },
  {
    name: "planetscale-token",
    literals: ["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
    pattern: /pscale_(?:tkn|pw|oauth)_[\w.=-]{30,64}/y,
    examples: [`pscale_tkn_${sample(43)}`, `pscale_pw_${sample(43)}`],
    nearMisses: ["pscale_pw_rotate"],
  },
  {
    name: "pulumi-token",
    literals: ["pul-"],
    pattern: /pul-[0-9a-f]{40}/y,
    examples: [`pul-${hex(40)}`],
    nearMisses: ["pul-request", `pul-${hex(12)}`],
  },
  {
    name: "render-api-key",
    literals: ["rnd_"],
    pattern: /rnd_[A-Za-z0-9]{28}/y,
    examples: [`rnd_${sample(28)}`],
    nearMisses: ["rnd_uniform_between_zero_and_one"],
  },
  {
    name: "supabase-key",
    literals: ["sbp_", "sb_secret_"],
    pattern: /sbp_(?:oauth_)?[0-9a-f]{40}|sb_secret_[\w-]{20}/y,
    examples: [`sbp_${hex(40)}`, `sb_secret_${sample(22)}_${sample(8)}`],
    nearMisses: ["sbp_total", "sb_secret_name"],
  },
  {
    name: "terraform-cloud-token",
    literals: [".atlasv1."],
    boundary: "none",
    pattern: /(?<=(?:^|[^A-Za-z0-9]|\\[bfnrt]|\\u[0-9a-fA-F]{4})(?<lead>[A-Za-z0-9]{14}))\.atlasv1\.[\w-]{60}/y,
    open: /(?<=(?:^|[^A-Za-z0-9]|\\[bfnrt]|\\u[0-9a-fA-F]{4})(?<lead>[A-Za-z0-9]{14}))\.atlasv1\.[\w-]{0,60}/y,
    examples: [`${sample(14)}.atlasv1.${sample(67)}`],
    nearMisses: ["docs.atlasv1.io", `x.atlasv1.${sample(67)}`],
  },
  {
    name: "atlassian-token",
    literals: ["ATATT3", "ATCTT3", "ATBB"],
    pattern: /AT[AC]TT3[\w=-]{40,400}|ATBB[A-Za-z0-9]{32}/y,
    examples: [`ATATT3xFfGF0${sample(170)}=${hex(8).toUpperCase()}`, `ATBB${sample(32)}`],
    nearMisses: ["ATBB", "ATATT3 is the prefix"],
  },
  {
    name: "buildkite-token",
    literals: ["bkua_"],
    pattern: /bkua_[0-9a-f]{40}/y,
    examples: [`bkua_${hex(40)}`],
    nearMisses: ["bkua_agent"],
  },
  {
    name: "circleci-token",
    literals: ["CCIPAT_", "CCIPRJ_"],
    pattern: /CCIP(?:AT|RJ)_[A-Za-z0-9]{16,32}_[0-9a-f]{40}/y,
    open: /CCIP(?:AT|RJ)_\w{0,96}/y,
    examples: [`CCIPAT_${sample(22)}_${hex(40)}`],
    nearMisses: ["CCIPAT_TOKEN"],
  },
  {
    name: "crates-io-token",
    literals: ["cio"],
    pattern: /cio[A-Za-z0-9]{32}(?![A-Za-z0-9])/y,
    validate: (secret) => /\d/.test(secret) && /[A-Z]/.test(secret) && /[a-z]/.test(secret.slice(3)),
    open: false,
    extend: false,
    examples: [`cio${sample(32)}`],
    nearMisses: ["ciosoftwareandhardwarearchitecture", `cio${sample(12)}`],
  },
  {
    name: "jfrog-token",
    literals: ["AKCp", "cmVmdGtu"],
    pattern: /AKCp[A-Za-z0-9]{60}|cmVmdGtu[A-Za-z0-9]{50}/y,
    examples: [`AKCp8${sample(68)}`, `cmVmdGtu${sample(56)}`],
    nearMisses: ["AKCp8", "cmVmdGtuOg"],
  },
  {
    name: "nuget-key",
    literals: ["oy2"],
    pattern: /oy2[a-z0-9]{43}(?![A-Za-z0-9])/y,
    validate: (secret) => /\d/.test(secret.slice(3)),
    open: false,
    extend: false,
    examples: [`oy2${sample(43).toLowerCase()}`],
    nearMisses: [`oy2${sample(20).toLowerCase()}`, `toy2${sample(43).toLowerCase()}`],
  },
  {
    name: "rubygems-key",
    literals: ["rubygems_"],
    pattern: /rubygems_[0-9a-f]{48}/y,
    examples: [`rubygems_${hex(48)}`],
    nearMisses: ["rubygems_api_key", "rubygems_version"],
  },
  {
    name: "sonarqube-token",
    literals: ["sqp_", "squ_", "sqa_"],
    pattern: /sq[pua]_[0-9a-f]{40}/y,
    examples: [`squ_${hex(40)}`, `sqp_${hex(40)}`],
    nearMisses: ["squ_root", `squ_${hex(12)}`],
  },
  {
    name: "azure-devops-token",
    literals: ["AZDO"],
    boundary: "none",
    pattern: ledBy("[A-Za-z0-9]{76}", "AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])"),
    extend: false,
    open: false,
    examples: [`${sample(76)}AZDO${sample(4)}`],
    nearMisses: ["AZDO pipelines", `${sample(20)}AZDO${sample(4)}`],
  },
  {
    name: "azure-ai-key",
    literals: ["JQQJ99"],
    boundary: "none",
    pattern: ledBy("[A-Za-z0-9]{52}", "JQQJ99[A-Za-z0-9]{20,30}(?![A-Za-z0-9])"),
    extend: false,
    open: ledBy("[A-Za-z0-9]{52}", "JQQJ99[A-Za-z0-9]{0,30}"),
    examples: [`${sample(52)}JQQJ99${sample(26)}`],
    nearMisses: ["JQQJ99", `${sample(12)}JQQJ99${sample(26)}`],
  },
  {
    name: "azure-function-key",
    literals: ["AzFu"],
    boundary: "none",
    pattern: ledBy("[\\w-]{44}", "AzFu[\\w-]{5,6}(?:={1,2}|(?![\\w-]))"),
    extend: false,
    open: false,
    examples: [`${sample(44)}AzFu${sample(6)}==`],
    nearMisses: ["AzFunction", `${sample(44)}AzFunctionApplicationName`],
  },
  {
    name: "neon-api-key",
    literals: ["napi_"],
    pattern: /napi_[a-z0-9]{40}/y,
    examples: [`napi_${hex(64)}`],
    nearMisses: ["napi_create_function", "napi_get_value_string_utf8"],
  },
  {
    name: "tencent-secret-id",
    literals: ["AKID"],
    pattern: /AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])/y,
    validate: (secret) => /\d/.test(secret) && /[a-z]/.test(secret),
    open: false,
    extend: false,
    examples: [`AKID${sample(32)}`],
    nearMisses: ["AKID", "AKIDNEYSANDLIVERSANDHEARTSANDLUNGSXX"],
  },
  {
    name: "yandex-api-key",
    literals: ["AQVN"],
    pattern: /AQVN[\w-]{35,38}(?![\w-])/y,
    validate: (secret) => /\d/.test(secret),
    open: false,
    extend: false,
    examples: [`AQVN${sample(36)}`],
    nearMisses: ["AQVN", `AQVN${sample(60)}`],
  },
];
