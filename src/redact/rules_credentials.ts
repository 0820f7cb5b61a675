/**
 * Credentials of open standards: header schemes, JSON Web Tokens, PEM keys, passwords in addresses. Data.
 *
 * Sources: RFC 6750 (bearer), RFC 7617 (basic), RFC 7519 (JWT), RFC 7468 and RFC 9580 (PEM and PGP armour), RFC 3986 (userinfo).
 *
 * @module
 */

import { isBasicCredential, isStandIn } from "./checks.ts";
import type { TokenRule } from "./rule.ts";

const AUTHORIZATION_BEFORE = /authorization["'\\\s:=]{0,12}$/i;

/** Prose says "bearer of", code says "Bearer token": without the header's name before it, a token must look like one. */
function isBearerToken(secret: string, before: string): boolean {
  if (isStandIn(secret)) return false;
  if (AUTHORIZATION_BEFORE.test(before)) return true;
  if (/\d/.test(secret) && /[A-Za-z]/.test(secret)) return secret.length >= 9;
  return secret.length >= 20 && /[a-z]/.test(secret) && /[A-Z]/.test(secret);
}

/**
 * The parts of a PEM block. A line break is itself, or escaped up to four times over, with indent or an event stream's
 * `data:`. Each part can be read in one way only, so that no input makes the pattern try combinations.
 */
const LINE_BREAK = String.raw`(?:(?:\r?\n|(?:\\{1,16}r)?\\{1,16}n)(?:data:)?[ \t]{0,16}(?![ \t])){1,8}`;
const BREAK = String.raw`(?:${LINE_BREAK}| {1,4}(?=[A-Za-z0-9+/=]{20}))`;
const BASE64_LINE = "[A-Za-z0-9+/=]{1,8192}";
const ARMOUR_LINE = String.raw`(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset):[^\r\n\\"]{0,80}(?![^\r\n\\"])`;
const PEM_BODY = String.raw`(?:${BASE64_LINE})?(?:${BREAK}(?:${ARMOUR_LINE}|${BASE64_LINE})){0,1024}`;
const PEM_HEAD = "-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----";
const PEM_END = String.raw`(?:${LINE_BREAK}-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?`;

/** A header that only talks of a key is followed by next to nothing. */
function holdsKeyMaterial(secret: string): boolean {
  const body = secret.slice(secret.indexOf("KEY"));
  return body.length >= 40;
}

/** Names are taken in this order when two rules match the same text. */
export const CREDENTIAL_RULES: readonly TokenRule[] = [
  {
    name: "private-key",
    literals: ["-----BEGIN "],
    boundary: "none",
    pattern: new RegExp(PEM_HEAD + PEM_BODY + PEM_END, "y"),
    validate: holdsKeyMaterial,
    extend: false,
    open: new RegExp(
      String.raw`(?:${PEM_HEAD}${PEM_BODY}(?:${LINE_BREAK})?\\{0,16}r?-{0,5}|-----BEGIN [A-Z0-9 ]{0,60}-{0,5})`,
      "y",
    ),
    examples: [
      "-----BEGIN RSA PRIVATE KEY-----\nEXAMPLE0example1EXAMPLE2example3\nEXAMPLE4example5==\n-----END RSA PRIVATE KEY-----",
      "-----BEGIN PRIVATE KEY-----\\nEXAMPLE0example1EXAMPLE2example3\\n-----END PRIVATE KEY-----\\n",
      "-----BEGIN OPENSSH PRIVATE KEY-----\r\nEXAMPLE0example1EXAMPLE2example3\r\n",
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nEXAMPLE0example1EXAMPLE2\n",
      "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nEXAMPLE0example1EXAMPLE2example3\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----",
    ],
    nearMisses: [
      "-----BEGIN PUBLIC KEY-----\nEXAMPLE0example1EXAMPLE2example3\n-----END PUBLIC KEY-----",
      "-----BEGIN CERTIFICATE-----\nEXAMPLE0example1EXAMPLE2example3\n-----END CERTIFICATE-----",
      'if (text.startsWith("-----BEGIN PRIVATE KEY-----")) return;',
      "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    ],
  },
  {
    name: "jwt",
    literals: ["eyJ"],
    boundary: "word",
    pattern: /eyJ[\w-]{8,4096}\.[\w-]{8,16384}(?:\.[\w-]{0,8192}){1,3}/y,
    open: /eyJ[\w-]{4,4096}(?:\.[\w-]{0,4096}){0,4}/y,
    examples: ["eyJhbGciOiJub25lIn0.eyJzdWIiOiJleGFtcGxlIn0.EXAMPLE0example1"],
    nearMisses: ["eyJhbGciOiJub25lIn0 is a header", "data:image/png;base64,eyJhbGciOiJub25lIn0AAAA/BBBB"],
  },
  {
    name: "bearer-token",
    literals: ["bearer ", "bearer%20"],
    ignoreCase: true,
    pattern: /bearer(?: {1,4}|%20)(?<secret>[A-Za-z0-9._~+/-]{8,4096}={0,2})/iy,
    validate: isBearerToken,
    extend: false,
    open:
      /bearer(?: {1,4}|%20)(?:(?<=authorization["'\\\s:=]{1,12}bearer[ %20]{1,4})|(?=\S{0,64}\d))(?<secret>[A-Za-z0-9._~+/=-]{1,4096})/iy,
    examples: [
      "Authorization: Bearer example-token-of-words",
      '{"authorization":"Bearer 0000-1111-example"}',
      "curl -H 'authorization: bearer EXAMPLE0example1='",
      "send Bearer EXAMPLE0example1 with it",
    ],
    nearMisses: [
      "Authorization: Bearer $TOKEN",
      "Authorization: Bearer <token>",
      "Bearer authentication is used",
      "the bearer of responsibilities",
    ],
  },
  {
    name: "basic-auth",
    literals: ["basic ", "basic%20"],
    ignoreCase: true,
    pattern: /basic(?: {1,4}|%20)(?<secret>[A-Za-z0-9+/]{6,1024}={0,2})(?![A-Za-z0-9+/=])/iy,
    validate: isBasicCredential,
    extend: false,
    open: /(?<=authorization["'\\\s:=]{1,12})basic(?: {1,4}|%20)(?<secret>[A-Za-z0-9+/=]{1,1024})/iy,
    examples: ["Authorization: Basic ZXhhbXBsZTpleGFtcGxl", "basic ZXhhbXBsZTpleGFtcGxlMQ=="],
    nearMisses: ["Basic authentication", "basic principles", "Visual Basic 12345678"],
  },
  {
    name: "url-password",
    literals: ["://", ":\\"],
    boundary: "none",
    pattern: /:(?:\\{0,16}\/){2}[^\s:@/"'\\<>?#]{0,80}:(?<secret>[^\s/"'\\<>]{3,200})(?=@)/y,
    validate: (secret) => !isStandIn(secret),
    extend: false,
    open: /:(?:\\{0,16}\/){2}[^\s:@/"'\\<>?#.]{1,80}:(?<secret>[^\s@/"'\\<>]{6,200})/y,
    examples: ["postgres://example:example-pass@db.internal/app", "https:\\/\\/user:0000example@host.internal\\/"],
    nearMisses: [
      "http://localhost:8080/@scope/name",
      "redis://user:${PASSWORD}@cache",
      "https://user@host.internal/",
      "http://[::1]:8080/",
    ],
  },
];
