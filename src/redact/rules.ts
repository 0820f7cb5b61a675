/**
 * The redaction table: every rule, in the order in which names are taken when two rules match exactly the same text.
 *
 * A new rule is one entry in the file of its kind; nothing else changes. What a rule must keep to is in rule.ts.
 *
 * @module
 */

import type { Rule } from "./rule.ts";
import { ASSIGNMENT_RULES } from "./rules_assignments.ts";
import { CLOUD_RULES } from "./rules_clouds.ts";
import { CONNECTION_RULES } from "./rules_connections.ts";
import { CREDENTIAL_RULES } from "./rules_credentials.ts";
import { MODEL_PROVIDER_RULES } from "./rules_model_providers.ts";
import { PERSONAL_RULES } from "./rules_personal.ts";
import { PLATFORM_RULES } from "./rules_platforms.ts";
import { SERVICE_RULES } from "./rules_services.ts";

/** All rules. Specific shapes come before general ones. */
export const RULES: readonly Rule[] = [
  ...MODEL_PROVIDER_RULES,
  ...PLATFORM_RULES,
  ...CLOUD_RULES,
  ...SERVICE_RULES,
  ...CREDENTIAL_RULES,
  ...ASSIGNMENT_RULES,
  ...CONNECTION_RULES,
  ...PERSONAL_RULES,
];
