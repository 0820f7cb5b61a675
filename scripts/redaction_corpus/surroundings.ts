/**
 * Texts around the secrets of the corpus: what people paste into prompts and what tools give back. `¤` is the place.
 *
 * Shell, configuration and code snippets are cut out of larger files, as they are in prompts. Nothing here is a secret.
 *
 * @module
 */

/** Around whole snippets of any language. */
export const SURROUNDINGS: readonly string[] = [
  "¤",
  "Why does this fail with 401?\n\n```\n¤\n```\n\nIt worked yesterday on my machine.",
  "I get `Error: request failed with status code 403` when I run the deploy. Relevant part:\n\n¤\n\nWhat am I missing?",
  "$ history | tail -n 6\n  501  cd ~/code/api\n  502  git pull --rebase\n  503  ¤\n  504  npm run build\n  505  docker compose up -d\n  506  history | tail -n 6",
  '<file path="config/settings">\n# generated, do not edit\n¤\n# end of generated part\n</file>\n\nMove this into a secret store and show me the diff.',
  "diff --git a/deploy/settings b/deploy/settings\nindex 3f2a1bc..9d8e7f6 100644\n--- a/deploy/settings\n+++ b/deploy/settings\n@@ -12,6 +12,7 @@\n timeout = 30\n retries = 3\n+¤\n log_level = info\n",
  "[tool result]\nReading 14 lines.\n     9\tname: api\n    10\tregion: eu-central-1\n    11\t¤\n    12\treplicas: 2\n[end of tool result]",
  "Here is what I have so far.\n\n1. Install the CLI.\n2. Set up access:\n   ¤\n3. Run `make release`.\n\nCan you turn this into a script?",
  "ssh deploy@10.0.4.17 'cat /etc/app/env' prints:\n\nNODE_ENV=production\nPORT=8080\n¤\nLOG_LEVEL=debug\n\nIs anything here unsafe to log?",
  "2026-11-03T09:14:22.118Z INFO  boot version=4.18.2 pid=2211\n2026-11-03T09:14:22.431Z DEBUG config ¤\n2026-11-03T09:14:22.902Z INFO  listening on 0.0.0.0:8080",
  'Traceback (most recent call last):\n  File "/srv/app/main.py", line 41, in <module>\n    run(settings)\n  File "/srv/app/client.py", line 88, in run\n    raise AuthError(response.text)\nclient.AuthError: rejected; settings were\n¤\n',
  "Please review:\n\n¤\n\nKeep the answer under 200 words, and do not repeat credentials.",
  "-- notes from the handover call --\n* staging is on the old cluster\n* ¤\n* the certificate expires in March\n* ask Ops about the quota (120,000 tokens per minute)",
  "The container prints this and exits with code 137:\n\n+ set -euo pipefail\n+ echo starting\nstarting\n+ ¤\n+ exec node server.js\nKilled",
];

/** Text before and after a Base64 block that a tool returned. */
export const ENCODED_SURROUNDINGS: readonly string[] = [
  "The file came back encoded:\n\n¤\n\nDecode it and tell me what it configures.",
  "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app-env\n  namespace: prod\ntype: Opaque\ndata:\n  env: ¤\n",
  "$ base64 -w0 .env\n¤\n$ echo done\ndone",
  '<attachment name="env.txt" encoding="base64">¤</attachment>\nSummarise the attachment.',
];
