/**
 * Tokens of further services. Data.
 *
 * Shapes are those of the issuers' documentation.
 *
 * @module
 */

import type { TokenRule } from "./rule.ts";
import { hex, sample } from "./samples.ts";

/** Beginnings of the Base64 of a decimal number, as bot tokens of Discord have them: an account's id. */
function discordStarts(): string[] {
  return ["M", "N", "O"].flatMap((first) => ["D", "T", "j", "z"].map((second) => first + second));
}

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const SAMPLE_UUID = `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;

/** Order decides only which name a text gets that two rules match in full. */
export const SERVICE_RULES: readonly TokenRule[] = [
  {
    name: "airtable-token",
    literals: ["pat"],
    pattern: /pat[A-Za-z0-9]{14}\.[0-9a-f]{64}/y,
    open: false,
    examples: [`pat${sample(14)}.${hex(64)}`],
    nearMisses: ["patternMatcher1.test", `pat${sample(14)}.${hex(20)}`],
  },
  {
    name: "brevo-api-key",
    literals: ["xkeysib-", "xsmtpsib-"],
    pattern: /x(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{16}/y,
    examples: [`xkeysib-${hex(64)}-${sample(16)}`],
    nearMisses: ["xkeysib-short"],
  },
  {
    name: "contentful-token",
    literals: ["CFPAT-"],
    pattern: /CFPAT-[\w-]{40}/y,
    examples: [`CFPAT-${sample(43)}`],
    nearMisses: ["CFPAT-docs"],
  },
  {
    name: "discord-token",
    literals: discordStarts(),
    pattern: /[MNO][A-Za-z0-9]{22,27}\.[\w-]{6}\.[\w-]{27}/y,
    open: false,
    examples: [`MTEx${sample(20)}.G${hex(5)}.${sample(38)}`],
    nearMisses: ["OTPauthenticator.verify.check", `MTEx${sample(20)}.short`],
  },
  {
    name: "discord-webhook",
    literals: ["discord.com", "discordapp.com"],
    boundary: "none",
    pattern:
      /discord(?:app)?\.com\\{0,16}\/api\\{0,16}\/webhooks\\{0,16}\/[0-9]{15,22}\\{0,16}\/(?<secret>[\w-]{40,90})/y,
    extend: false,
    open: /discord(?:app)?\.com\\{0,16}\/api\\{0,16}\/webhooks\\{0,16}\/[0-9]{15,22}\\{0,16}\/(?<secret>[\w-]{1,90})/y,
    examples: [`https://discord.com/api/webhooks/000000000000000000/${sample(68)}`],
    nearMisses: ["https://discord.com/developers/docs/resources/webhook", "https://discord.com/api/webhooks/0000/x"],
  },
  {
    name: "doppler-token",
    literals: ["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
    pattern: /dp\.(?:[psc]t|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40}/y,
    open: /dp\.(?:[psc]t|sa|scim|audit)\.[\w.-]{0,96}/y,
    examples: [`dp.pt.${sample(43)}`, `dp.st.prd.${sample(43)}`],
    nearMisses: ["dp.pt.x", "dp.st.prd"],
  },
  {
    name: "dropbox-token",
    literals: ["sl."],
    pattern: /sl\.(?:u\.)?[\w-]{120}/y,
    open: false,
    examples: [`sl.${sample(136)}`, `sl.u.${sample(150)}`],
    nearMisses: ["sl.wikipedia.org", `sl.${sample(30)}`],
  },
  {
    name: "dynatrace-token",
    literals: ["dt0c01.", "dt0s01.", "dt0s02.", "dt0s16."],
    pattern: /dt0[cs][0-9]{2}\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}/y,
    open: /dt0[cs][0-9]{2}\.[A-Z0-9.]{0,90}/y,
    examples: [`dt0c01.${sample(24).toUpperCase()}.${sample(64).toUpperCase()}`],
    nearMisses: ["dt0c01.SHORT"],
  },
  {
    name: "figma-token",
    literals: ["figd_", "figo_", "figu_", "figoh_", "figor_"],
    pattern: /fig(?:[dou]|o[hr])_[\w-]{30}/y,
    examples: [`figd_${sample(40)}`],
    nearMisses: ["figd_token"],
  },
  {
    name: "hubspot-token",
    literals: ["pat-na1-", "pat-na2-", "pat-na3-", "pat-eu1-", "pat-ap1-"],
    pattern: new RegExp(`pat-(?:na[1-3]|eu1|ap1)-${UUID}`, "y"),
    examples: [`pat-na1-${SAMPLE_UUID}`],
    nearMisses: ["pat-na1-token"],
  },
  {
    name: "launchdarkly-key",
    literals: ["sdk-", "api-"],
    pattern: new RegExp(`(?:sdk|api)-${UUID}`, "y"),
    open: false,
    examples: [`sdk-${SAMPLE_UUID}`, `api-${SAMPLE_UUID}`],
    nearMisses: ["sdk-typescript-generator", "api-gateway-0001"],
  },
  {
    name: "mailchimp-key",
    literals: ["-us"],
    boundary: "none",
    pattern: /(?<=(?:^|[^A-Za-z0-9]|\\[bfnrt]|\\u[0-9a-fA-F]{4})(?<lead>[0-9a-f]{32}))-us[0-9]{1,2}(?![A-Za-z0-9-])/y,
    extend: false,
    open: false,
    examples: [`${hex(32)}-us14`],
    nearMisses: ["en-us1", `${hex(40)}-us14`, `${hex(32)}-usa`],
  },
  {
    name: "mailgun-key",
    literals: ["key-"],
    boundary: "word",
    pattern: /key-[0-9a-f]{32}(?![0-9A-Za-z-])/y,
    extend: false,
    open: false,
    examples: [`key-${hex(32)}`],
    nearMisses: ["key-value", `api-key-${hex(32)}`, `key-${hex(40)}`],
  },
  {
    name: "new-relic-key",
    literals: ["NRAK-", "NRIQ-", "NRII-", "NRJS-", "NRAL", "FFFFNRAL"],
    boundary: "none",
    pattern:
      /NR(?:AK-[A-Z0-9]{27}|I[QI]-[\w-]{32}|JS-[0-9a-f]{19})|(?<=(?:^|[^A-Za-z0-9]|\\[bfnrt]|\\u[0-9a-fA-F]{4})(?<lead>(?:[a-z]{2}01xx)?[0-9a-f]{28,36}(?:FFFF)?))NRAL/y,
    open: /NR(?:AK|IQ|II|JS)-[\w-]{4,40}/y,
    examples: [`NRAK-${sample(27).toUpperCase()}`, `eu01xx${hex(30)}FFFFNRAL`, `${hex(36)}NRAL`],
    nearMisses: ["NRAK-docs", "CENTRAL", "GENRAL"],
  },
  {
    name: "onepassword-token",
    literals: ["ops_eyJ", "A3-"],
    pattern: /ops_eyJ[\w-]{100}|A3-[A-Z0-9]{6}-[A-Z0-9]{6}-(?:[A-Z0-9]{5}-){3}[A-Z0-9]{5}(?![A-Z0-9-])/y,
    open: /ops_eyJ[\w-]{1,4096}/y,
    examples: [`ops_eyJ${sample(200)}=`, `A3-${"EXAMPL-EXAMPL-EXAMP-EXAMP-EXAMP-EXAMP"}`],
    nearMisses: ["ops_eyJ", "A3-SIZE-PAPER"],
  },
  {
    name: "postman-api-key",
    literals: ["PMAK-"],
    pattern: /PMAK-[0-9a-f]{24}-[0-9a-f]{34}/y,
    examples: [`PMAK-${hex(24)}-${hex(34)}`],
    nearMisses: ["PMAK-docs"],
  },
  {
    name: "resend-api-key",
    literals: ["re_"],
    pattern: /re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20}/y,
    open: false,
    examples: [`re_${sample(8)}_${sample(24)}`],
    nearMisses: ["re_compiled_regex", "re_abcdefgh_short"],
  },
  {
    name: "sentry-dsn",
    literals: [".sentry.io", ".sentry.dev"],
    boundary: "none",
    pattern:
      /(?<=:(?:\\{0,16}\/){2}(?<lead>[0-9a-f]{32}(?::[0-9a-f]{32})?@[a-z0-9.-]{1,40}))\.sentry\.(?:io|dev)\\{0,16}\/[0-9]{1,20}/y,
    extend: false,
    open: false,
    examples: [`https://${hex(32)}@o000000.ingest.sentry.io/0000000`, `https://${hex(32)}@o0.ingest.us.sentry.io/1`],
    nearMisses: ["https://docs.sentry.io/1", "https://example@o0.ingest.sentry.io/1"],
  },
  {
    name: "sentry-token",
    literals: ["sntrys_", "sntryu_", "sntryi_"],
    pattern: /sntry(?:s_eyJ(?:[\w=+/-]|\\{1,16}\/){60,400}|[ui]_[0-9a-f]{64})/y,
    open: /sntry[sui]_(?:[\w=+/-]|\\{1,16}\/){0,400}/y,
    examples: [`sntrys_eyJ${sample(120)}=_${sample(43)}`, `sntryu_${hex(64)}`],
    nearMisses: ["sntrys_", "sntryu_token"],
  },
  {
    name: "square-token",
    literals: ["sq0atp-", "sq0csp-", "EAAA"],
    pattern: /sq0(?:atp-[\w-]{22}|csp-[\w-]{43})|EAAA[\w-]{60}(?![A-Za-z0-9_+/-])/y,
    extend: false,
    open: /sq0(?:atp|csp)-[\w-]{0,43}/y,
    examples: [`sq0atp-${sample(22)}`, `sq0csp-${sample(43)}`, `EAAA${sample(60)}`],
    nearMisses: ["sq0atp-docs", `EAAA${sample(80)}`],
  },
  {
    name: "teams-webhook",
    literals: [".webhook.office.com"],
    boundary: "none",
    pattern: new RegExp(
      String
        .raw`\.webhook\.office\.com\\{0,16}/webhookb2\\{0,16}/(?<secret>${UUID}@${UUID}\\{0,16}/IncomingWebhook\\{0,16}/[0-9a-f]{32}\\{0,16}/${UUID}(?:\\{0,16}/[\w-]{20,60})?)`,
      "y",
    ),
    extend: false,
    open: new RegExp(String.raw`\.webhook\.office\.com\\{0,16}/webhookb2\\{0,16}/(?<secret>[\w@/\\-]{1,240})`, "y"),
    examples: [
      `https://team.webhook.office.com/webhookb2/${SAMPLE_UUID}@${SAMPLE_UUID}/IncomingWebhook/${
        hex(32)
      }/${SAMPLE_UUID}`,
    ],
    nearMisses: ["https://team.webhook.office.com/webhookb2/", "see webhook.office.com"],
  },
];
