/**
 * Files that tools encode as Base64 before they show them. `{{kind:SEED}}` is a secret; SEED is replaced.
 *
 * @module
 */

/** File texts with secrets. */
export const ENCODED_FILES: readonly string[] = [
  "NODE_ENV=production\nOPENAI_API_KEY={{openai-api-key:SEED}}\nPORT=8080\n",
  "ANTHROPIC_API_KEY={{anthropic-api-key:SEED}}\n",
  "# .env\nDB_HOST=db.internal\nDB_PASSWORD={{assigned-secret.human:SEED}}\nDEBUG=false\n",
  '{"auths":{"registry.internal":{"username":"ci","password":"{{assigned-secret:SEED}}"}}}',
  "[default]\naws_access_key_id = {{aws-access-key:SEED}}\naws_secret_access_key = {{aws-secret-key:SEED}}\n",
  "{{github-token:SEED}}",
  "{{private-key.openssh:SEED}}\n",
  "postgres://app:{{url-password:SEED}}@db.internal:5432/app",
  "#!/bin/sh\nset -eu\n# schließt die Lücke\ncurl -H 'Authorization: Bearer {{bearer-token:SEED}}' https://api.internal/v1/ping\n",
  "apiVersion: v1\nusers:\n- name: admin\n  user:\n    token: {{jwt:SEED}}\n",
];
