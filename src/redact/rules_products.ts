/**
 * Tokens of products that developers build with: payments, mail, maps, analytics, tasks. Data.
 *
 * Shapes are those of the issuers' documentation.
 *
 * @module
 */

import type { TokenRule } from "./rule.ts";
import { hex, sample } from "./samples.ts";

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const SAMPLE_UUID = `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;

/** Order decides only which name a text gets that two rules match in full. */
export const PRODUCT_RULES: readonly TokenRule[] = [
  {
    name: "adafruit-key",
    literals: ["aio_"],
    pattern: /aio_[A-Za-z0-9]{28}(?![A-Za-z0-9_])/y,
    validate: (secret) => /\d/.test(secret),
    open: false,
    extend: false,
    examples: [`aio_${sample(28)}`],
    nearMisses: ["aio_pika_connect_robust", "aio_abcdefghijklmnopqrstuvwxyzab"],
  },
  {
    name: "asana-token",
    literals: ["1/1", "2/1"],
    boundary: "word",
    pattern: /(?:1|2\\{0,16}\/1[0-9]{15})\\{0,16}\/1[0-9]{15}:[0-9a-f]{32}(?![0-9A-Za-z])/y,
    open: false,
    extend: false,
    examples: [`1/1200000000000000:${hex(32)}`, `2/1200000000000000/1200000000000001:${hex(32)}`],
    nearMisses: ["1/12/2024", `1/1200:${hex(32)}`],
  },
  {
    name: "easypost-key",
    literals: ["EZAK", "EZTK"],
    pattern: /EZ[AT]K[A-Za-z0-9]{54}/y,
    validate: (secret) => /\d/.test(secret),
    open: false,
    examples: [`EZAK${hex(54)}`, `EZTK${sample(54)}`],
    nearMisses: ["EZAK", `EZTK${hex(20)}`],
  },
  {
    name: "facebook-token",
    literals: ["EAA"],
    pattern: /EAA[A-Za-z0-9]{100,400}(?![\w+/=-])/y,
    validate: (secret) => /\d/.test(secret) && /[a-z]/.test(secret),
    open: false,
    extend: false,
    examples: [`EAAB${sample(180)}`],
    nearMisses: [`EAAB${sample(30)}`, `EAAB${sample(180)}+/=`],
  },
  {
    name: "flutterwave-key",
    literals: ["FLWSECK-", "FLWSECK_TEST-", "FLWPUBK-"],
    pattern: /FLW(?:SEC|PUB)K(?:_TEST)?-[A-Za-z0-9]{12}/y,
    examples: [`FLWSECK-${hex(32)}-X`, `FLWSECK_TEST-${hex(32)}-X`],
    nearMisses: ["FLWSECK-", "FLWSECK-x"],
  },
  {
    name: "mapbox-token",
    literals: ["sk.eyJ", "tk.eyJ"],
    pattern: /[st]k\.eyJ[\w-]{40,400}\.[\w-]{20}/y,
    open: /[st]k\.eyJ[\w.-]{0,400}/y,
    examples: [`sk.eyJ1I${sample(80)}.${sample(22)}`],
    nearMisses: ["sk.eyJ1I", "risk.eyJ"],
  },
  {
    name: "plaid-token",
    literals: ["access-production-", "access-sandbox-", "access-development-"],
    pattern: new RegExp(`access-(?:production|sandbox|development)-${UUID}`, "y"),
    open: /access-(?:production|sandbox|development)-(?=[0-9a-f]{0,8}\d)[0-9a-f-]{6,36}/y,
    examples: [`access-production-${SAMPLE_UUID}`, `access-sandbox-${SAMPLE_UUID}`],
    nearMisses: ["access-production-database", "access-sandbox-0001"],
  },
  {
    name: "posthog-key",
    literals: ["phx_", "phs_"],
    pattern: /ph[xs]_[A-Za-z0-9]{40}/y,
    examples: [`phx_${sample(43)}`],
    nearMisses: ["phx_new", "phs_total"],
  },
  {
    name: "prefect-key",
    literals: ["pnu_", "pnb_"],
    pattern: /pn[ub]_[A-Za-z0-9]{36}/y,
    examples: [`pnu_${sample(36)}`],
    nearMisses: ["pnu_example"],
  },
  {
    name: "readme-key",
    literals: ["rdme_"],
    pattern: /rdme_[A-Za-z0-9]{60}/y,
    examples: [`rdme_${sample(70).toLowerCase()}`],
    nearMisses: ["rdme_docs"],
  },
  {
    name: "shippo-token",
    literals: ["shippo_live_", "shippo_test_"],
    pattern: /shippo_(?:live|test)_[0-9a-f]{40}/y,
    examples: [`shippo_live_${hex(40)}`],
    nearMisses: ["shippo_live_rates"],
  },
  {
    name: "sourcegraph-token",
    literals: ["sgp_"],
    pattern: /sgp_(?:(?:[0-9a-f]{16}|local)_)?[0-9a-f]{40}/y,
    examples: [`sgp_${hex(16)}_${hex(40)}`, `sgp_${hex(40)}`],
    nearMisses: ["sgp_local", `sgp_${hex(12)}`],
  },
  {
    name: "typeform-token",
    literals: ["tfp_"],
    pattern: /tfp_[A-Za-z0-9_.=-]{40,64}/y,
    examples: [`tfp_${sample(44)}_${sample(14)}`],
    nearMisses: ["tfp_distributions"],
  },
];
