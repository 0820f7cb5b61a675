/**
 * What identifies or charges a person: addresses, cards, bank accounts. Data.
 *
 * Sources: RFC 5321 (sizes of addresses), ISO/IEC 7812 (card numbers), the IBAN registry (lengths per country).
 *
 * @module
 */

import { isCardNumber, mod97 } from "./checks.ts";
import type { TokenRule } from "./rule.ts";

/** Whole length → countries. */
const IBAN_COUNTRIES: readonly (readonly [number, string])[] = [
  [15, "NO"],
  [16, "BE"],
  [18, "DK FI FO GL NL SD"],
  [19, "MK SI"],
  [20, "AT BA EE KZ LT LU XK"],
  [21, "CH HR LI LV"],
  [22, "BG BH CR DE GB GE IE ME RS VA"],
  [23, "AE GI IL IQ OM SO TL"],
  [24, "AD CZ ES MD PK RO SA SE SK TN VG"],
  [25, "LY PT ST"],
  [26, "IS TR"],
  [27, "BI DJ FR GR IT MC MR SM"],
  [28, "AL AZ BY CY DO GT HN HU LB NI PL SV"],
  [29, "BR EG PS QA UA"],
  [30, "JO KW MU YE"],
  [31, "MT SC"],
  [32, "LC"],
  [33, "RU"],
];

function ibanPattern(): RegExp {
  const shapes = IBAN_COUNTRIES.map(([length, countries]) =>
    `(?:${countries.replaceAll(" ", "|")})\\d{2}(?: ?[A-Z0-9]){${length - 4}}`
  );
  return new RegExp(`(?:${shapes.join("|")})(?![A-Za-z0-9])`, "y");
}

/** First two digits of card numbers, as far as networks use them. */
function cardStarts(): string[] {
  const starts = "22 23 24 25 26 27 30 34 35 36 37 38 51 52 53 54 55 60 62 64 65".split(" ");
  return [...starts, ...Array.from({ length: 10 }, (_, digit) => `4${digit}`)];
}

/** Addresses of nobody, version numbers and image densities written with an at sign. */
const NO_ADDRESS = /^(?:@|%40)|^(?:git|no-?reply|donotreply)(?:@|%40)|(?:@|%40)(?:\d+\.\d|\d+x\.)/i;
/** In `scheme://user:password@host` the sign parts a password from a host. */
const USERINFO_BEFORE = /(?::(?:\\{0,32}\/){2}|%3A%2F%2F)[^\s"'<>/?#]{0,120}$/i;

function isPersonalAddress(address: string, before: string): boolean {
  return !NO_ADDRESS.test(address) && !USERINFO_BEFORE.test(before);
}

/** Order decides only which name a text gets that two rules match in full. */
export const PERSONAL_RULES: readonly TokenRule[] = [
  {
    name: "email",
    literals: ["@", "%40"],
    boundary: "none",
    pattern:
      /(?<=(?<lead>(?:[A-Za-z0-9._+-]|%2B){1,64}))(?:@|%40)(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24}/y,
    validate: isPersonalAddress,
    extend: false,
    open: false,
    examples: ["alice@example.com", "bob.o+tag@mail.example.co.uk", "alice%40example.com"],
    nearMisses: [
      "git@code.example.com:team/repo",
      "noreply@example.com",
      "icon@2x.png",
      "left-pad@1.3.0",
      "@scope/name",
    ],
  },
  {
    name: "credit-card",
    literals: cardStarts(),
    pattern:
      /(?<![./_@#$]|(?<!^|\n|\\n)[+-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}|3[47]\d{2}([ -]?)\d{6}\2\d{5}|3[068]\d{2}([ -]?)\d{6}\3\d{4})(?![\w-]|\.\d)/y,
    validate: isCardNumber,
    extend: false,
    open: false,
    examples: [
      "4111111111111111",
      "4111 1111 1111 1111",
      "5555-5555-5555-4444",
      "378282246310005",
      "3782 822463 10005",
    ],
    nearMisses: ["4111111111111112", "0.4111111111111111", "1700000000000000", "a-4111-1111-1111-1111"],
  },
  {
    name: "iban",
    literals: IBAN_COUNTRIES.flatMap(([, countries]) => countries.split(" ")),
    pattern: ibanPattern(),
    validate: (iban) => mod97(iban.replaceAll(" ", "")),
    extend: false,
    open: false,
    examples: ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "NO9386011117947"],
    nearMisses: ["DE89370400440532013001", "DE8937040044053201300", "SEPTEMBER 2024"],
  },
];
